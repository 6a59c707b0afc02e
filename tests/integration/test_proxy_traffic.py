"""Ordinary and awkward traffic through the real proxy, with the real detectors, in both modes."""

import asyncio
import gzip
import shutil
import socket
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import aiohttp
import psutil
import pytest
import pytest_asyncio

from tests.adapter.raw import connected
from tests.integration.proxy import ProxyStack, running_proxy
from tests.needs import need

pytestmark = pytest.mark.asyncio(loop_scope="module")
DEADLINE = aiohttp.ClientTimeout(total=60)
SQLI = "' UNION SELECT password FROM users--"


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["shadow", "active"])
async def stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ProxyStack]:
    """Return a running proxy."""
    folder = tmp_path_factory.mktemp(request.param)
    async with running_proxy(folder, KYSIRA_MODE=request.param) as found:
        yield found


async def upload(stack: ProxyStack, data: object, **headers: str) -> int:
    """POST the data and return how many bytes the app got."""
    async with stack.client.post(
        f"{stack.url}/upload", data=data, headers=headers, timeout=DEADLINE
    ) as answer:
        assert answer.status == 200, await answer.text()
        return int((await answer.json())["bytes"])


async def test_benign_request_passes_with_headers(stack: ProxyStack) -> None:
    """The API reference's headers, and none that says it would have been killed."""
    async with stack.client.get(f"{stack.url}/shop?q=garden+chair&page=2") as answer:
        assert answer.status == 200
    seen = stack.app.received[-1]
    assert seen.target == "/shop?q=garden+chair&page=2"
    assert seen.headers["x-kysira-score"] == "0.0000"
    assert seen.headers["x-kysira-mode"] in ("shadow", "active")
    assert len(seen.headers["x-kysira-event-id"]) == 36
    assert "x-kysira-would-have-killed" not in seen.headers


@pytest.mark.parametrize("place", ["query", "form", "json"])
async def test_attack_is_told_of_or_killed(stack: ProxyStack, place: str) -> None:
    """Shadow forwards and says so; active answers 403, resets, and forwards nothing."""
    before = len(stack.app.received)
    mode = (await (await stack.client.get(f"{stack.url}/api/mode")).json())["mode"]
    sent = {"query": {"params": {"q": SQLI}}, "form": {"data": {"q": SQLI}}}
    more = sent.get(place, {"json": {"q": SQLI}})
    async with stack.client.post(f"{stack.url}/search", timeout=DEADLINE, **more) as answer:  # type: ignore[arg-type]
        if mode == "active":
            assert answer.status == 403
            assert answer.headers["X-Kysira-Killed"] == "true"
            assert float(answer.headers["X-Kysira-Score"]) >= 0.95
            assert (await answer.json())["error"] == "forbidden"
            assert len(stack.app.received) == before
            return
        assert answer.status == 200
    assert stack.app.received[-1].headers["x-kysira-would-have-killed"] == "true"
    assert stack.app.received[-1].headers["x-kysira-reason"].startswith("sqli")


async def test_websocket_echoes(stack: ProxyStack) -> None:
    """Messages of all sizes, and a proper end."""
    async with asyncio.timeout(60), stack.client.ws_connect(f"{stack.url}/ws") as socket_:
        for size in (1, 1000, 200_000):
            await socket_.send_str("m" * size)
            assert (await socket_.receive()).data == "echo " + "m" * size
        await socket_.close()
        assert socket_.close_code == 1000


async def test_server_sent_events_arrive_one_by_one(stack: ProxyStack) -> None:
    """The first event comes before the last is written."""
    async with stack.client.get(f"{stack.url}/sse", timeout=DEADLINE) as answer:
        assert await answer.content.readline() == b"data: 0\n"
        stack.app.release.set()
        assert b"data: last" in await answer.content.read()


@pytest.mark.parametrize("size", [200_000, 6_000_000])
async def test_large_upload_arrives_whole(stack: ProxyStack, size: int) -> None:
    """A body over the limit is scored on its first part and forwarded whole."""
    before = await stack.metrics()
    assert await upload(stack, b"x" * size, **{"Content-Type": "text/plain"}) == size
    name = 'kysira_uninspected_total{reason="oversize"}'
    assert (await stack.metrics())[name] == before[name] + 1


async def test_large_upload_leaves_memory_flat(stack: ProxyStack) -> None:
    """What does not fit the limit is never gathered."""
    process = psutil.Process(stack.program.pid)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(2000):
            yield b"y" * 100_000

    await upload(stack, b"x" * 1_000_000)
    before = process.memory_info().rss
    assert await upload(stack, pieces()) == 200_000_000
    assert process.memory_info().rss - before < 20_000_000


async def test_curl_waits_for_its_100(stack: ProxyStack) -> None:
    """A real client with Expect: 100-continue, and one of HTTP/1.0."""
    need(shutil.which("curl"), "install curl")
    for option in ("--http1.1", "--http1.0"):
        curl = await asyncio.create_subprocess_exec(
            "curl", "-sS", option, "-m", "30", "-H", "Expect: 100-continue", "--data-binary",
            "z" * 5000, f"{stack.url}/e", stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        told, _ = await curl.communicate()
        assert told == b'{"bytes": 5000}'


async def test_client_that_leaves_harms_nobody(stack: ProxyStack) -> None:
    """A connection dropped half-way through its body ends, and only that."""
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", stack.port)) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999\r\n\r\nabc")
    assert await upload(stack, b"still here") == 10


async def test_compressed_attack_behind_a_silence(stack: ProxyStack) -> None:
    """A stream that pauses is not read by halves: what follows is scored as what it is."""
    before = await stack.metrics()
    received = len(stack.app.received)
    body = gzip.compress(urlencode({"q": SQLI}).encode())
    async with connected(stack.port) as (reader, writer):
        writer.write(
            b"POST /silent HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Encoding: gzip\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n"
            b"\r\n1\r\n" + body[:1] + b"\r\n"
        )
        await asyncio.sleep(1.5)  # over the silence that a proxy waits for
        writer.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body) - 1, body[1:]))
        status = (await reader.readline()).split(b" ")[1]
    mode = (await (await stack.client.get(f"{stack.url}/api/mode")).json())["mode"]
    action = f'kysira_requests_total{{action="{mode}_kill"}}'
    assert (await stack.metrics())[action] == before[action] + 1
    is_killed = mode == "active"
    assert status == (b"403" if is_killed else b"200")
    assert len(stack.app.received) == received + (not is_killed)
