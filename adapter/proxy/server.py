"""The listener: connections in, and out in an orderly way."""

import asyncio
import socket
import ssl
from contextlib import suppress

from adapter.proxy.client import ClientConnection, Handler
from adapter.proxy.limits import Limits
from adapter.proxy.probes import keep_probing
from kysira.serving import BACKLOG


class ProxyServer:
    """Has a handler answer every request that comes to a socket."""

    def __init__(self, handler: Handler, limits: Limits, tls: ssl.SSLContext | None = None) -> None:
        self._handler = handler
        self._limits = limits
        self._tls = tls
        self._stop = asyncio.Event()
        self._connections: set[ClientConnection] = set()
        self._server: asyncio.Server | None = None

    async def start(self, sock: socket.socket) -> None:
        """Accept connections from now on."""
        # Those accepted inherit it: a client that is gone without a word is found out in a tunnel,
        # or behind an app that says nothing.
        keep_probing(sock)
        self._server = await asyncio.get_running_loop().create_server(
            self._connection, sock=sock, backlog=BACKLOG, ssl=self._tls,
            ssl_handshake_timeout=self._limits.handshake_s if self._tls else None,
        )  # fmt: skip

    async def close(self) -> None:
        """Accept nobody new, let running requests finish, then end what is left."""
        self._stop.set()
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.close_if_idle()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.drain_s):
                while self._connections:
                    await asyncio.sleep(0.02)
        for connection in list(self._connections):
            connection.abort()
        await asyncio.sleep(0)

    @property
    def open_connections(self) -> int:
        """Return how many clients are connected."""
        return len(self._connections)

    def _connection(self) -> ClientConnection:
        return ClientConnection(
            self._handler, self._limits, stop=self._stop, connections=self._connections,
            is_secure=self._tls is not None,
        )  # fmt: skip
