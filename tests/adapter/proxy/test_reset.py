"""A reset comes after the last answer has arrived, or at once."""

import asyncio
import socket
import time
from typing import cast

import pytest

from adapter.proxy.reset import ARRIVAL_S, reset, reset_after_arrival, unacknowledged
from tests.adapter.raw import connected


class Waiting(asyncio.Protocol):
    """Does nothing."""

    def __init__(self) -> None:
        self.made: asyncio.Future[asyncio.Transport] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Tell who waits for it."""
        self.made.set_result(cast(asyncio.Transport, transport))


async def test_reset_follows_the_last_byte() -> None:
    """The client reads everything, then sees the reset."""
    waiting = Waiting()
    server = await asyncio.get_running_loop().create_server(lambda: waiting, "127.0.0.1", 0)
    async with connected(server.sockets[0].getsockname()[1]) as (reader, _):
        transport = await waiting.made
        transport.write(b"x" * 1000)
        await reset_after_arrival(transport)
        assert await reader.readexactly(1000) == b"x" * 1000
        with pytest.raises(ConnectionResetError):
            await reader.read()
    server.close()


async def test_reset_waits_for_no_one_for_long() -> None:
    """A client that takes nothing holds it up for 200 ms."""
    waiting = Waiting()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: waiting, "127.0.0.1", 0)
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        sock.setblocking(False)
        await loop.sock_connect(sock, server.sockets[0].getsockname())
        transport = await waiting.made
        transport.write(b"x" * 20_000_000)
        assert unacknowledged(transport)
        started = time.monotonic()
        await reset_after_arrival(transport)
        assert ARRIVAL_S * 0.9 < time.monotonic() - started < 10  # a loop's clock is coarse
    server.close()


async def test_reset_drops_what_waits() -> None:
    """Without a wait nothing more is sent."""
    waiting = Waiting()
    server = await asyncio.get_running_loop().create_server(lambda: waiting, "127.0.0.1", 0)
    async with connected(server.sockets[0].getsockname()[1]) as (reader, _):
        reset(await waiting.made)
        with pytest.raises(ConnectionResetError):
            await reader.read()
    server.close()
