"""The listener ends in an orderly way: running requests finish, nobody new is let in."""

import asyncio

import pytest

from adapter.proxy.limits import Limits
from tests.adapter.proxied import proxied
from tests.adapter.raw import OK, RawApp, connected, header, read_message

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


async def test_close_lets_requests_finish() -> None:
    """They are answered, and told that the connection ends; unused ones are closed."""
    release, came = asyncio.Event(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        came.set()
        await release.wait()
        writer.write(OK)

    async with RawApp(talk=talk).running() as app, proxied(app) as proxy:
        async with (
            connected(proxy.port) as (reader, writer),
            connected(proxy.port) as (unused, _),
        ):
            writer.write(GET)
            await came.wait()
            closing = asyncio.create_task(proxy.server.close())
            assert await unused.read() == b""
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", proxy.port)
            release.set()
            answer = await reader.read()
            assert answer.endswith(b"ok")
            assert header(answer, b"connection") == [b"close"]
            await closing


async def test_close_has_an_end() -> None:
    """A request that does not finish is ended."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    limits = Limits(drain_s=0.1)
    async with RawApp(talk=talk).running() as app, proxied(app, limits=limits) as proxy:
        async with connected(proxy.port) as (reader, writer):
            writer.write(GET)
            async with asyncio.timeout(10):
                while not app.connections:
                    await asyncio.sleep(0.01)
                await proxy.server.close()
            assert await reader.read() == b""
        assert proxy.server.open_connections == 0
