"""After a switch of protocols bytes go both ways as they come, and the ends are passed on."""

import asyncio

import pytest

from kysira.types import Mode, Uninspected
from tests.adapter.proxied import proxied, until_idle
from tests.adapter.raw import OK, RawApp, ask, connected, get, header, read_message

UPGRADE = (
    b"GET /tunnel HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: %s\r\n"
    b"Sec-WebSocket-Key: x\r\n\r\n"
)
SWITCHING = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: %s\r\nX-Own: y\r\n\r\n"
)


def echo(name: bytes) -> RawApp:
    """Return an app that switches, then sends back what comes until its end, and its own end."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        app.requests.append(await read_message(reader))
        writer.write(SWITCHING % name + b"hello")
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
        writer.write(b"bye")

    app = RawApp(talk=talk)
    return app


@pytest.mark.parametrize("name", [b"websocket", b"tcp", b"Foo/2"])
async def test_switched_bytes_go_both_ways(name: bytes) -> None:
    """Early ones too; a half-closed side still hears the other out; the head was scored."""
    async with echo(name).running() as app, proxied(app, mode=Mode.ACTIVE) as proxy:
        async with connected(proxy.port) as (reader, writer):
            writer.write(UPGRADE % name + b"early")
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
            assert header(head, b"upgrade") == [name]
            assert header(head, b"connection") == [b"Upgrade"]
            assert header(head, b"x-own") == [b"y"]
            assert await reader.readexactly(10) == b"helloearly"
            for number in range(100):
                writer.write(b"%d\x00\xff\r\n" % number)
                assert await reader.readuntil(b"\r\n") == b"%d\x00\xff\r\n" % number
            writer.write_eof()
            assert await reader.read() == b"bye"
        await until_idle(proxy)
        assert header(app.requests[0], b"upgrade") == [name]
        assert header(app.requests[0], b"connection") == [b"Upgrade"]
        assert header(app.requests[0], b"x-kysira-score") == [b"0.0000"]
        assert proxy.events.told[0][1].verdict.uninspected == (Uninspected.UPGRADE,)


async def test_slow_side_holds_the_other_back() -> None:
    """What one side sends waits for the other side to take it, and all of it arrives."""
    size = 40_000_000
    sent = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        writer.write(SWITCHING % b"x")
        for _ in range(size // 100_000):
            writer.write(b"x" * 100_000)
            await writer.drain()
        sent.set()
        await reader.read()

    async with RawApp(talk=talk).running() as app, proxied(app) as proxy:
        async with connected(proxy.port) as (reader, writer):
            writer.write(UPGRADE % b"x")
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(0.3)
            assert not sent.is_set()
            left = size
            while left:
                left -= len(await reader.read(1 << 20))


@pytest.mark.parametrize("side", ["client", "app"])
async def test_lost_side_ends_the_other(side: str) -> None:
    """Nobody is left talking to nobody."""
    gone = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        writer.write(SWITCHING % b"x")
        if side == "app":
            writer.transport.abort()
            return
        await reader.read()
        gone.set()

    async with RawApp(talk=talk).running() as app, proxied(app) as proxy:
        async with connected(proxy.port) as (reader, writer):
            writer.write(UPGRADE % b"x")
            if side == "app":
                await reader.read()
                return
            await reader.readuntil(b"\r\n\r\n")
            writer.transport.abort()
            async with asyncio.timeout(10):
                await gone.wait()
        await until_idle(proxy)


async def test_refused_switch_is_an_ordinary_answer() -> None:
    """And the connection goes on as HTTP."""
    async with RawApp(OK).running() as app, proxied(app) as proxy:
        async with connected(proxy.port) as (reader, writer):
            writer.write(UPGRADE % b"websocket" + b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
            for _ in range(2):
                assert await read_message(reader) == OK
        assert b"/next" in app.requests[1]


@pytest.mark.parametrize("name", [b"h2c", b"H2C", b"HTTP/2.0", b"TLS/1.2", b"h2c, TLS/1.0"])
async def test_http_is_nothing_to_switch_to(name: bytes) -> None:
    """What came in such a connection would go past the firewall."""
    async with RawApp(OK).running() as app, proxied(app) as proxy:
        async with connected(proxy.port) as (reader, writer):
            writer.write(UPGRADE % name)
            assert await read_message(reader) == OK
        assert header(app.requests[0], b"upgrade") == []
        assert header(app.requests[0], b"connection") == []


async def test_upgrade_hides_no_body() -> None:
    """Of a request with a body, or without Connection: Upgrade, the header is dropped."""
    async with RawApp(OK).running() as app, proxied(app, mode=Mode.ACTIVE) as proxy:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\n"
        answer = await ask(proxy.port, head + b"Content-Length: 6\r\n\r\nattack")
        assert answer.startswith(b"HTTP/1.1 403 ")
        await ask(proxy.port, head + b"Content-Length: 3\r\n\r\nabc")
        await ask(proxy.port, get(b"/", b"Upgrade: websocket"))
        for request in app.requests:
            assert header(request, b"upgrade") == []


async def test_attack_never_switches() -> None:
    """The head of an upgrade is scored like any other."""
    async with echo(b"websocket").running() as app, proxied(app, mode=Mode.ACTIVE) as proxy:
        sent = (UPGRADE % b"websocket").replace(b"/tunnel", b"/attack")
        assert (await ask(proxy.port, sent)).startswith(b"HTTP/1.1 403 ")
        assert app.connections == 0
