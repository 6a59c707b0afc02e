"""The connections to the app that are kept for the next requests."""

import asyncio
import os
import socket
import ssl

from adapter.proxy.errors import UpstreamError
from adapter.proxy.limits import MAX_IDLE_CONNECTIONS, Limits
from adapter.proxy.probes import keep_probing
from adapter.proxy.target import Target
from adapter.proxy.upstream import UpstreamConnection

FRESH_S = 1.0
"""A request that can't be sent twice takes no connection that was unused for longer: the app may be
closing it at this moment."""


class Pool:
    """Hands out connections; those that come back are used again, the last one first."""

    def __init__(self, target: Target, limits: Limits) -> None:
        self.target = target
        self.write_s = limits.write_s
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._idle: list[UpstreamConnection] = []
        self._open: set[UpstreamConnection] = set()

    def idle(self, *, is_repeatable: bool) -> UpstreamConnection | None:
        """Return a kept connection, None when there is none that will do."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_reusable:
                age = self._loop.time() - connection.idle_since
                if is_repeatable or age < FRESH_S:
                    return connection
                self._idle.append(connection)
                return None
        return None

    async def new(self) -> UpstreamConnection:
        """Return a new connection; raises UpstreamError."""
        target = self.target
        try:
            async with asyncio.timeout(self._limits.connect_s):
                transport, connection = await self._loop.create_connection(
                    self._make, target.host, target.port, ssl=target.tls,
                    server_hostname=target.host if target.tls else None,
                )  # fmt: skip
        except TimeoutError:
            raise UpstreamError("the app could not be reached in time", 504) from None
        except ssl.SSLCertVerificationError as error:
            raise UpstreamError(
                "the app's certificate is not trusted", cause=error.verify_message
            ) from None
        except OSError as error:
            raise UpstreamError("the app could not be reached", cause=_why(error)) from None
        if not connection.is_lost:
            self._open.add(connection)
            keep_probing(transport.get_extra_info("socket"))
        return connection

    def put(self, connection: UpstreamConnection, *, is_shared: bool = True) -> None:
        """Take a connection back, to be used again if it can be, by anybody."""
        has_room = is_shared and len(self._idle) < MAX_IDLE_CONNECTIONS
        if not (connection.is_reusable and connection.keep_s > 0 and has_room):
            connection.transport.abort()
            return
        connection.idle_since = self._loop.time()
        connection.keep(self._limits.idle_s)
        self._idle.append(connection)

    def close(self) -> None:
        """End all connections."""
        for connection in list(self._open):
            connection.transport.abort()
        self._idle.clear()

    def _make(self) -> UpstreamConnection:
        return UpstreamConnection(self._forget, self._limits.answer_s)

    def _forget(self, connection: UpstreamConnection) -> None:
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)


def _why(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return "no such name"
    return os.strerror(error.errno).lower() if error.errno else str(error)


def is_repeatable(method: bytes) -> bool:
    """Return True for a method that may be sent again without asking (RFC 9110 §9.2.2)."""
    return method in _IDEMPOTENT


_IDEMPOTENT = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"PUT", b"DELETE"})
