"""One port for checks and management: told apart by the first line, however it comes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from adapter.nginx.listener import MAX_LINE_BYTES, Listener
from kysira.serving import listen
from tests.adapter.nginx.test_connection import OK, FakeChecker

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _hello(_: web.Request) -> web.Response:
    return web.Response(text="hello")


@asynccontextmanager
async def listening(checker: FakeChecker) -> AsyncIterator[tuple[Listener, Streams]]:
    """Run a listener whose application answers /hello, and connect to it."""
    app = web.Application()
    app.add_routes([web.get("/hello", _hello)])
    listener = Listener(checker, app)
    sock = listen("127.0.0.1", 0)
    host, port = sock.getsockname()
    await listener.start(sock)
    reader, writer = await asyncio.open_connection(host, port)
    yield listener, (reader, writer)
    writer.close()
    await listener.close(drain_s=5)


async def test_check_comes_in_pieces() -> None:
    """A line that comes byte by byte is still read as one."""
    checker = FakeChecker()
    async with listening(checker) as (_, (reader, writer)):
        for byte in b"FOO /check?x HTTP/1.1\r\nX-Original-URI: /\r\n\r\n":
            writer.write(bytes([byte]))
            await writer.drain()
        assert await reader.readuntil(b"\r\n\r\n") == OK
    assert len(checker.seen) == 1


@pytest.mark.parametrize("line", [b"GET /hello HTTP/1.1", b"GET /hello?/check HTTP/1.1"])
async def test_other_paths_are_the_application_s(line: bytes) -> None:
    """Whatever is not /check is not checked, and one connection may ask several times."""
    checker = FakeChecker()
    async with listening(checker) as (_, (reader, writer)):
        for _ in range(2):
            writer.write(line + b"\r\nHost: h\r\n\r\n")
            assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
    assert checker.seen == []


@pytest.mark.parametrize("raw", [b"\r\n\r\n", b"x\r\n\r\n", b"a" * (MAX_LINE_BYTES + 1)])
async def test_garbage_is_a_bad_request(raw: bytes) -> None:
    """What is no request is aiohttp's to refuse."""
    async with listening(FakeChecker()) as (_, (reader, writer)):
        writer.write(raw + b"GET / HTTP/9\r\n\r\n")
        assert b" 400 " in await reader.readline()


async def test_silent_connection_is_no_trouble() -> None:
    """One that says nothing is closed with the service, and one that leaves is forgotten."""
    async with listening(FakeChecker()) as (_, (reader, writer)):
        writer.write_eof()
        assert await reader.read() == b""


async def test_close_takes_no_more() -> None:
    """After the end nobody can connect."""
    async with listening(FakeChecker()) as (listener, (reader, writer)):
        host, port = writer.get_extra_info("peername")
        writer.write(b"GET /check HTTP/1.1\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        await listener.close(drain_s=5)
        assert await reader.read() == b""
        with pytest.raises(ConnectionError):
            await asyncio.open_connection(host, port)
