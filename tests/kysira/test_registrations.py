"""Registrations on real sockets: kept for good, and bounded in everything."""

import asyncio
import json
import socket
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession, web

from kysira.registration_form import BODY_BYTES
from kysira.registrations import (
    REGISTER_PATH,
    REGISTRATIONS_FILE,
    RegistrationLimits,
    Registrations,
)
from kysira.serving import Running, listen, start_runner

FORM = {"name": "Ada", "email": "ada@example.com", "company": "Engines", "message": "Hello"}


@dataclass
class Service:
    """A service that takes registrations; ``now`` is its clock."""

    url: str
    folder: Path
    session: ClientSession
    now: list[float]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Return what was kept."""
        path = self.folder / REGISTRATIONS_FILE
        return [json.loads(row) for row in path.read_bytes().splitlines()] if path.exists() else []

    async def register(
        self, address: str = "192.0.2.1", form: object = FORM, **options: Any
    ) -> ClientResponse:
        """Send a form from an address."""
        body = {"data": options.pop("data")} if "data" in options else {"json": form}
        headers = {"X-Test-Address": address, **options.pop("headers", {})}
        async with self.session.post(self.url, headers=headers, **body, **options) as response:
            await response.read()
            return response


async def serve(folder: Path, limits: RegistrationLimits) -> AsyncIterator[Service]:
    now = [1000.0]
    registrations = Registrations(folder, address_of, limits, clock=lambda: now[0])
    # Without time for the rest of a body that was not read: tests would wait for it.
    runner = web.ServerRunner(web.Server(registrations.answer, lingering_time=0))
    server = await start_runner(runner, Running(), listen("127.0.0.1", 0))
    async with ClientSession() as session:
        yield Service(server.url + REGISTER_PATH, folder, session, now)
    await server.close()


def address_of(request: web.BaseRequest) -> str:
    """Return the address that a test says it has."""
    return request.headers.get("X-Test-Address", "192.0.2.9")


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async for each in serve(tmp_path / "state", RegistrationLimits()):
        yield each


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Service]:
    """Serve with a file of 1,000 bytes."""
    async for each in serve(tmp_path, RegistrationLimits(file_bytes=1000)):
        yield each


async def error_of(response: ClientResponse) -> str:
    return str((await response.json())["error"])


async def test_registration_is_kept(service: Service) -> None:
    """It is in the file when it is answered, with the time and the client's address."""
    response = await service.register()
    assert response.status == 201
    assert await response.json() == {"status": "registered"}
    (row,) = service.rows
    assert row.pop("timestamp").endswith("Z")
    assert row == {"source_ip": "192.0.2.1", **FORM}
    mode = (service.folder / REGISTRATIONS_FILE).stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


async def test_short_form_is_enough(service: Service) -> None:
    """Company and message may be left out, and are then empty."""
    form = {"name": "Ada", "email": "ada@example.com"}
    assert (await service.register(form=form)).status == 201
    assert service.rows[0]["company"] == service.rows[0]["message"] == ""


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        ({"data": b"{}", "headers": {"Content-Type": "text/plain"}}, 415, "Content-Type"),
        ({"data": b"name=Ada"}, 415, "Content-Type"),
        ({"form": {"name": "Ada"}}, 400, "email is missing"),
        ({"form": [1]}, 400, "must be JSON"),
        ({"form": {**FORM, "message": "x" * BODY_BYTES}}, 413, "over"),
    ],
)
async def test_odd_request_is_refused(
    service: Service, options: dict[str, Any], status: int, said: str
) -> None:
    """The status and a JSON error say what to do, and nothing is kept."""
    response = await service.register(**options)
    assert response.status == status
    assert said in await error_of(response)
    assert service.rows == []


async def test_compressed_body_is_refused(service: Service) -> None:
    """A small body must not become a large one."""
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    with socket.create_connection(service.url.split("/")[2].split(":")) as sock:  # type: ignore[arg-type]
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = f"POST {REGISTER_PATH} HTTP/1.1\r\nHost: x\r\n{head}Content-Length: 2\r\n\r\n{{}}"
        sock.sendall(request.encode())
        answer = await asyncio.to_thread(sock.recv, 65536)
    assert answer.startswith(b"HTTP/1.1 415 ")
    assert service.rows == []


async def test_slow_body_is_given_up(tmp_path: Path) -> None:
    """A body that does not come is not waited for: 408."""
    async for service in serve(tmp_path, RegistrationLimits(body_s=0.1)):
        async with asyncio.timeout(60):
            reader, writer = await asyncio.open_connection(*service.url.split("/")[2].split(":"))
            writer.write(
                b"POST /_kysira/register HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n"
                b"Content-Type: application/json\r\n\r\n{"
            )
            assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")
            writer.close()


async def test_client_is_limited(service: Service) -> None:
    """Five an hour, then 429 with the time to wait; others, and an hour later it too, may go on."""
    for _ in range(5):
        assert (await service.register()).status == 201
        service.now[0] += 60
    refused = await service.register()
    assert refused.status == 429
    assert refused.headers["Retry-After"] == "3300"
    assert "try again later" in await error_of(refused)
    assert (await service.register("192.0.2.2")).status == 201
    service.now[0] += 3300
    assert (await service.register()).status == 201
    assert (await service.register()).status == 429
    assert len(service.rows) == 7


async def test_ipv6_network_is_one_client(service: Service) -> None:
    """Who has a network of 64 bits has no more tries than who has an address."""
    for number in range(5):
        assert (await service.register(f"2001:db8::{number}")).status == 201
    assert (await service.register("2001:db8::ffff:1")).status == 429
    assert (await service.register("2001:db8:0:1::1")).status == 201
    for address in ["192.0.2.1", "::ffff:192.0.2.1"] * 2 + ["192.0.2.1"]:
        assert (await service.register(address)).status == 201
    assert (await service.register("::ffff:192.0.2.1")).status == 429
    assert (await service.register("no address")).status == 201


async def test_everybody_is_limited(service: Service) -> None:
    """A hundred an hour over all, however many addresses there are."""
    statuses = [(await service.register(f"198.51.100.{n}")).status for n in range(103)]
    assert statuses == [201] * 100 + [429] * 3
    service.now[0] += 3600
    assert (await service.register()).status == 201


async def test_refused_form_does_not_count(service: Service) -> None:
    """A person who mistypes may correct it."""
    for _ in range(10):
        assert (await service.register(form={**FORM, "email": "ada"})).status == 400
    assert (await service.register()).status == 201


async def test_other_origin_reads_nothing(service: Service) -> None:
    """No answer lets a page of another origin read it."""
    for form in (FORM, {}):
        response = await service.register(form=form, headers={"Origin": "https://evil.example"})
        assert not any(name.lower().startswith("access-control") for name in response.headers)
        assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert response.headers["Cache-Control"] == "no-store"


async def test_torn_line_is_recovered(service: Service) -> None:
    """What a crash left of a line is cut, and the whole ones stay."""
    await service.register()
    with (service.folder / REGISTRATIONS_FILE).open("ab") as file:
        file.write(b'{"timestamp": "20')
    assert (await service.register()).status == 201
    assert len(service.rows) == 2


async def test_full_file_is_unavailable(small: Service, caplog: pytest.LogCaptureFixture) -> None:
    """At its bound the file grows no more: 503 and one line in the log; moved away, it goes on."""
    statuses = [(await small.register(f"192.0.2.{n}")).status for n in range(12)]
    kept = statuses.count(201)
    assert statuses == [201] * kept + [503] * (12 - kept)
    assert 0 < kept == len(small.rows)
    assert (small.folder / REGISTRATIONS_FILE).stat().st_size <= 1000
    assert caplog.text.count("registration_not_saved") == 1
    assert "Ada" not in caplog.text
    (small.folder / REGISTRATIONS_FILE).rename(small.folder / "old")
    assert (await small.register()).status == 201


async def test_unwritable_folder_is_unavailable(service: Service) -> None:
    """A file in the folder's place: 503 as often as it is tried, and it works once it is gone."""
    service.folder.write_text("in the way")
    for _ in range(7):
        response = await service.register()
        assert response.status == 503
        assert "try again later" in await error_of(response)
    service.folder.unlink()
    assert (await service.register()).status == 201, "what came to nothing does not count"


async def test_many_at_once_are_whole_lines(service: Service) -> None:
    """Registrations at the same time do not mix, nor pass the limits together."""
    responses = await asyncio.gather(*(service.register(f"192.0.2.{n % 10}") for n in range(100)))
    assert [response.status for response in responses].count(201) == 50
    assert len(service.rows) == 50
