"""The adapter's port: nginx's checks, and the management paths, told apart by the first line."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from aiohttp import web

from adapter.nginx.connection import Checker, Connections
from adapter.nginx.subrequest import CHECK_PATHS
from kysira.serving import BACKLOG, DRAIN_S, Running, http_logger

MAX_LINE_BYTES = 65536
_FIRST_LINE_S = 30.0
_CANCEL_S = 0.5
NewProtocol = Callable[[], asyncio.BaseProtocol]


class Door(asyncio.Protocol):
    """Reads a connection's first line, and hands the connection to whoever serves its path."""

    def __init__(self, checks: NewProtocol, others: NewProtocol) -> None:
        self._checks, self._others = checks, others
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first line, though not for ever."""
        self._transport = cast(asyncio.Transport, transport)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_FIRST_LINE_S, self._transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Hand over once the first line is there."""
        self._data += data
        line, is_whole, _ = self._data.partition(b"\n")
        if is_whole or len(self._data) > MAX_LINE_BYTES:
            self._timer.cancel()
            self._hand_over(self._checks if _is_check(line) else self._others)

    def _hand_over(self, new_protocol: NewProtocol) -> None:
        protocol = cast(asyncio.Protocol, new_protocol())
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        protocol.data_received(self._data)


def _is_check(line: bytes) -> bool:
    words = line.split(b" ", 2)
    return len(words) > 1 and words[1].partition(b"?")[0] in CHECK_PATHS


class Listener:
    """Listens until ``close``."""

    def __init__(self, checker: Checker, app: web.Application) -> None:
        """``app`` answers every path that is no check's."""
        self._checks = Connections(checker)
        self._running = Running()
        app.middlewares.insert(0, self._running.count)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=http_logger(),
            shutdown_timeout=_CANCEL_S,
            auto_decompress=False,
        )
        self._server: asyncio.Server | None = None

    async def start(self, sock: socket.socket) -> None:
        """Return once connections are taken from the socket, which listens."""
        await self._runner.setup()
        others = cast(web.Server, self._runner.server)  # there since the set-up
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Door(self._checks.protocol, others), sock=sock, backlog=BACKLOG
        )

    async def close(self, drain_s: float = DRAIN_S) -> None:
        """Take no more, and give what is being answered ``drain_s`` seconds."""
        if self._server is not None:
            self._server.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(drain_s):
                await self._checks.finish()
                await self._running.finish()
        await self._runner.cleanup()
