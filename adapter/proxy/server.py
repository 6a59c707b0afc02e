"""The listener: connections in, and out in an orderly way."""

import asyncio
import resource
import socket
import ssl
from contextlib import suppress
from typing import cast

from adapter.proxy.client import ClientConnection, Handler
from adapter.proxy.faults import Faults
from adapter.proxy.limits import Limits
from adapter.proxy.probes import keep_probing
from kysira.serving import BACKLOG

_OTHER_FILES = 64
"""Files that are neither a client's connection nor one to the app."""


class ProxyServer:
    """Has a handler answer every request that comes to a socket."""

    def __init__(
        self,
        handler: Handler,
        limits: Limits,
        tls: ssl.SSLContext | None = None,
        *,
        faults: Faults | None = None,
        most: int | None = None,
    ) -> None:
        """``most`` is how many clients may be connected: as many as there are files for, if None.

        The app's connections need as many again.
        """
        self._faults = faults or Faults("")
        self._faults.connections = lambda: self.open_connections
        self._most = (_open_files() - _OTHER_FILES) // 2 if most is None else most
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

    def _connection(self) -> asyncio.Protocol:
        if len(self._connections) >= self._most:
            self._faults.refuse_connection()
            return _Refusal()
        return ClientConnection(
            self._handler, self._limits, stop=self._stop, connections=self._connections,
            is_secure=self._tls is not None, note=self._faults.note,
        )  # fmt: skip


class _Refusal(asyncio.Protocol):
    """Ends a connection at once: with no file left nobody would be served."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).abort()


def _open_files() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
