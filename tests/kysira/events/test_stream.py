"""The event stream, on real sockets, read by real clients."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import ClientSession, ClientTimeout, TCPConnector, web
from prometheus_client import CollectorRegistry

from kysira.events.log import REPLAYED, EventLog
from kysira.events.stream import EventStream
from kysira.management import Management, ManagementAccess, json_errors
from kysira.mode_store import ModeStore
from kysira.serving import HttpServer, start_http
from kysira.types import Mode
from tests.kysira.events.cases import PASSED, request

WAIT_S = 30.0
LONG = b"/a?q=" + b"x " * 1000
"""A target whose event takes about two kilobytes."""


@dataclass
class Service:
    """A service with an event stream."""

    server: HttpServer
    events: EventLog
    stream: EventStream

    @property
    def url(self) -> str:
        """Return where the stream is."""
        return f"{self.server.url}/api/events"

    def record(self, count: int, target: bytes = b"/") -> list[str]:
        """Record some events and return their ids."""
        return [self.events.record(request(target), PASSED, 0.001) for _ in range(count)]


@asynccontextmanager
async def serving(
    folder: Path, *, keepalive_s: float = 15.0, max_readers: int = 1000, token: str = ""
) -> AsyncIterator[Service]:
    events = EventLog("proxy", "p", interval_s=0.005)
    await events.start()
    access = ManagementAccess(token)
    stream = EventStream(events, access, keepalive_s=keepalive_s, max_readers=max_readers)
    modes = ModeStore(Mode.SHADOW, folder)
    management = Management(modes, access, CollectorRegistry(), dict, stream.answers())
    app = web.Application(middlewares=[json_errors])
    app.add_routes(management.routes())
    server = await start_http(app, "127.0.0.1", 0)
    try:
        yield Service(server, events, stream)
    finally:
        await stream.close()
        await server.close()
        await events.close()


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with serving(tmp_path) as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[ClientSession]:
    timeout = ClientTimeout(total=None, sock_read=WAIT_S)
    async with ClientSession(timeout=timeout, connector=TCPConnector(limit=0)) as session:
        yield session


async def until(is_true: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not is_true():
            await asyncio.sleep(0.005)


class Messages:
    """Reads a stream as a browser's EventSource does (WHATWG HTML §9.2.6)."""

    def __init__(self, readline: Callable[[], Awaitable[bytes]]) -> None:
        self._readline = readline

    async def next(self) -> tuple[str, dict[str, object]] | None:
        """Return the next message's id and data, None at the end."""
        event_id, data = "", ""
        while line := await self._readline():
            if line == b"\n":
                if data:
                    return event_id, json.loads(data)
                continue
            name, _, value = line.decode().rstrip("\n").partition(":")
            event_id = value.removeprefix(" ") if name == "id" else event_id
            data += value.removeprefix(" ") if name == "data" else ""
        return None

    async def ids(self, count: int) -> list[str]:
        """Return the ids of the next messages; each is its data's too."""
        found = []
        for _ in range(count):
            message = await self.next()
            assert message
            assert message[1]["id"] == message[0]
            found.append(message[0])
        return found


async def test_reader_gets_the_past_and_then_live(service: Service, client: ClientSession) -> None:
    """The last 200 in order, then each as it is recorded, with the reference's headers."""
    ids = service.record(REPLAYED + 40)
    await service.events.flush()
    async with client.get(service.url) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["X-Accel-Buffering"] == "no"
        messages = Messages(answer.content.readline)
        assert await messages.ids(REPLAYED) == ids[-REPLAYED:]
        for _ in range(3):
            assert service.record(2) == await messages.ids(2)
    await until(lambda: service.events.readers == 0)


async def test_head_comes_before_the_first_event(service: Service, client: ClientSession) -> None:
    """A reader knows that it is connected when nothing has happened yet."""
    async with asyncio.timeout(WAIT_S), client.get(service.url) as answer:
        assert answer.status == 200
        assert service.events.readers == 1
        assert service.record(1) == await Messages(answer.content.readline).ids(1)


@pytest.mark.parametrize("how", ["header", "query"])
async def test_reader_resumes(service: Service, client: ClientSession, how: str) -> None:
    """After the id it names, without a gap or a double; an unknown one replays the last 200."""
    ids = service.record(350)
    await service.events.flush()

    async def resumed(last: str, count: int) -> list[str]:
        headers = {"Last-Event-ID": last} if how == "header" else {}
        params = {"last_event_id": last} if how == "query" else {}
        async with client.get(service.url, headers=headers, params=params) as answer:
            return await Messages(answer.content.readline).ids(count)

    assert await resumed(ids[20], 329) == ids[21:]
    assert await resumed(ids[-2], 1) == ids[-1:]
    assert await resumed("unknown", REPLAYED) == ids[-REPLAYED:]


async def test_keepalive_comes_without_events(tmp_path: Path, client: ClientSession) -> None:
    """A comment now and then keeps the connection open; events go on between."""
    async with serving(tmp_path, keepalive_s=0.02) as service:
        async with client.get(service.url) as answer:
            for _ in range(2):
                assert await answer.content.readline() == b": keepalive\n"
                assert await answer.content.readline() == b"\n"
            messages = Messages(answer.content.readline)
            assert service.record(3) == await messages.ids(3)
            async with asyncio.timeout(WAIT_S):
                while await answer.content.readline() != b": keepalive\n":
                    pass


async def test_recent_is_an_array_oldest_first(service: Service, client: ClientSession) -> None:
    """The last 500, in the order of the stream; an empty array before the first."""
    async with client.get(f"{service.url}/recent") as answer:
        assert (answer.content_type, await answer.json()) == ("application/json", [])
    ids = service.record(520)
    await service.events.flush()
    async with client.get(f"{service.url}/recent") as answer:
        assert [row["id"] for row in await answer.json()] == ids[-500:]


@pytest.mark.parametrize("path", ["/api/events", "/api/events/recent"])
@pytest.mark.parametrize("method", ["HEAD", "POST", "DELETE"])
async def test_other_methods_are_refused(
    service: Service, client: ClientSession, path: str, method: str
) -> None:
    """Only GET reads events."""
    async with client.request(method, service.server.url + path) as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "GET")
    assert service.events.readers == 0


@pytest.mark.parametrize("path", ["/api/events", "/api/events/recent"])
async def test_reading_needs_the_token(tmp_path: Path, client: ClientSession, path: str) -> None:
    """With a token set nobody reads without it."""
    async with serving(tmp_path, token="right") as service:
        service.record(1)
        await service.events.flush()
        url = service.server.url + path
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            async with client.get(url, headers=headers) as answer:
                assert answer.status == 401
                assert "error" in await answer.json()
        async with client.get(url, headers={"Authorization": "Bearer right"}) as answer:
            assert answer.status == 200
            assert b'"path":"/"' in await answer.content.readuntil(b"}")


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.test"}, {"Origin": "https://evil.test"}, {"X-Forwarded-For": "192.0.2.1"}],
)
async def test_other_sites_read_nothing(
    service: Service, client: ClientSession, headers: dict[str, str]
) -> None:
    """Without a token a web page and who comes through a proxy get no events."""
    async with client.get(service.url, headers=headers) as answer:
        assert answer.status == 403


async def stalled(service: Service) -> socket.socket:
    """Return the socket of a reader that asks and then reads nothing."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(sock, (service.server.host, service.server.port))
    await loop.sock_sendall(sock, b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return sock


async def test_reader_that_stops_reading_is_dropped(
    service: Service, client: ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    """It is cut off and counted; the others get every event, and recording never waited."""
    sock = await stalled(service)
    await until(lambda: service.events.readers == 1)
    async with client.get(service.url) as answer:
        messages = Messages(answer.content.readline)
        rounds = 0
        while service.events.readers_dropped == 0:
            assert service.record(100, LONG) == await messages.ids(100)
            rounds += 1
            assert rounds < 100
        assert service.events.readers == 1
        assert service.events.dropped["reader"] > 0
        assert service.record(5) == await messages.ids(5)
    # Cut off means a reset: what it reads now ends in one, or in nothing more.
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(WAIT_S):
        try:
            while await loop.sock_recv(sock, 1 << 16):
                pass
        except ConnectionResetError:
            pass
    sock.close()
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR]


async def test_reader_that_hangs_up_is_forgotten(service: Service) -> None:
    """Without waiting for the next event: readers come and go."""
    for _ in range(3):
        reader, writer = await asyncio.open_connection(service.server.host, service.server.port)
        writer.write(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        assert service.events.readers == 1
        writer.close()
        await until(lambda: service.events.readers == 0)
    assert service.events.readers_dropped == 0


async def test_hundred_readers_get_every_event(service: Service, client: ClientSession) -> None:
    """Each of them all, in order, while others come and go."""
    before = service.record(10)
    await service.events.flush()
    started = asyncio.Barrier(101)

    async def read() -> list[str]:
        async with client.get(service.url) as answer:
            await started.wait()
            return await Messages(answer.content.readline).ids(310)

    reading = [asyncio.ensure_future(read()) for _ in range(100)]
    await started.wait()
    assert service.events.readers == 100
    ids = list(before)
    for _ in range(6):
        ids += service.record(50)
        await service.events.flush()
    async with asyncio.timeout(WAIT_S):
        assert all(got == ids for got in await asyncio.gather(*reading))
    await until(lambda: service.events.readers == 0)
    assert service.events.readers_dropped == 0


async def test_too_many_readers_are_turned_away(tmp_path: Path, client: ClientSession) -> None:
    """The next gets 503 as JSON; the place of one that has gone is free at once."""
    async with serving(tmp_path, max_readers=2) as service:
        async with client.get(service.url):
            second = await client.get(service.url)
            async with client.get(service.url) as answer:
                assert answer.status == 503
                assert "later" in (await answer.json())["error"]
            second.close()
            async with asyncio.timeout(WAIT_S):
                status = 503
                while status == 503:
                    async with client.get(service.url) as answer:
                        status = answer.status
            assert status == 200


async def test_close_ends_the_streams(service: Service, client: ClientSession) -> None:
    """Each after its last event, cleanly, also one that reads nothing; new ones are refused."""
    sock = await stalled(service)
    await until(lambda: service.events.readers == 1)
    service.record(400, LONG)
    await service.events.flush()
    async with client.get(service.url) as answer:
        messages = Messages(answer.content.readline)
        await messages.ids(REPLAYED)
        ids = service.record(3)
        await service.events.flush()
        async with asyncio.timeout(WAIT_S):
            await service.stream.close()
        assert await messages.ids(3) == ids
        assert await messages.next() is None
    async with client.get(service.url) as answer:
        assert answer.status == 503
    await until(lambda: service.events.readers == 0)
    sock.close()
