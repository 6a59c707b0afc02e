"""The event stream over HTTP: server-sent events, and the last events as one array."""

import asyncio
import socket
from collections.abc import Mapping
from contextlib import suppress

from aiohttp import ClientError, web

from kysira.events.log import EventLog
from kysira.events.readers import Reader
from kysira.management import Answer, ManagementAccess, json_error

KEEPALIVE_S = 15.0
KEEPALIVE = b": keepalive\n\n"
MAX_READERS = 1000
_TICK_S = 1.0
_TOLD_AT_ONCE = 32
"""Readers that get a keepalive at once: each is a write, and scoring shares the thread."""
_SOON_S = 0.002
_CLOSE_S = 1.0
_SEND_BUFFER = 1 << 17
"""Bytes that the kernel may hold of a reader that does not read; left alone it takes megabytes."""
_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",  # nginx passes on each event at once
    "X-Content-Type-Options": "nosniff",
}


class EventStream:
    """Answers ``/api/events`` and ``/api/events/recent`` to who may read them.

    A reader that is too slow is cut off: nothing waits for one.
    """

    def __init__(
        self,
        events: EventLog,
        access: ManagementAccess,
        *,
        keepalive_s: float = KEEPALIVE_S,
        max_readers: int = MAX_READERS,
    ) -> None:
        self._events = events
        self._access = access
        self._keepalive_s = keepalive_s
        self._max_readers = max_readers
        self._open: dict[Reader, _Connection] = {}
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self._is_closed = False
        self._timer: asyncio.TimerHandle | None = None

    def answers(self) -> Mapping[str, Mapping[str, Answer]]:
        """Return the answers by path and method."""
        return {"/api/events": {"GET": self.stream}, "/api/events/recent": {"GET": self.recent}}

    async def recent(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer with the last events, oldest first."""
        if refusal := self._access.refusal(request, is_write=False):
            return json_error(refusal.status, refusal.error)
        return web.Response(
            body=b"[" + b",".join(self._events.recent()) + b"]",
            content_type="application/json",
            headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
        )

    async def stream(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer with the events before, from ``Last-Event-ID`` on if it is known, and all to come.

        ``?last_event_id=`` says the same for who can't send a header.
        """
        if refusal := self._access.refusal(request, is_write=False):
            return json_error(refusal.status, refusal.error)
        if self._is_closed or self._is_full():
            why = "shutting down" if self._is_closed else "too many read the stream; try later"
            return json_error(503, why)
        last = request.headers.get("Last-Event-ID") or request.query.get("last_event_id")
        reader = self._events.subscribe(last)
        self._add(reader, request)
        response = web.StreamResponse(headers=_HEADERS)
        try:
            await response.prepare(request)
            while (piece := await reader.next()) is not None:
                await response.write(piece)
        except (ConnectionError, ClientError):
            response.force_close()  # the reader is gone, or was cut off
        finally:
            self._events.unsubscribe(reader)
            self._remove(reader)
        return response

    async def close(self) -> None:
        """End all streams, each after what waits for it; one that does not read is cut off."""
        self._is_closed = True
        for reader in self._open:
            reader.end()
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await self._is_idle.wait()
        for connection in list(self._open.values()):
            connection.cut()

    def _add(self, reader: Reader, request: web.BaseRequest) -> None:
        connection = _Connection(request.transport, self._next_keepalive())
        reader.drop = connection.cut
        self._open[reader] = connection
        self._is_idle.clear()
        if self._timer is None:
            self._tick()

    def _remove(self, reader: Reader) -> None:
        del self._open[reader]
        if not self._open:
            self._is_idle.set()

    def _is_full(self) -> bool:
        if len(self._open) < self._max_readers:
            return False
        present = sum(not connection.is_gone for connection in self._open.values())
        return present >= self._max_readers

    def _next_keepalive(self) -> float:
        return asyncio.get_running_loop().time() + self._keepalive_s

    def _tick(self) -> None:
        """Do for all readers what each would need a timer of its own for."""
        self._timer = None
        if not self._open:
            return
        loop = asyncio.get_running_loop()
        now, told, delay_s = loop.time(), 0, min(_TICK_S, self._keepalive_s / 2)
        for reader, connection in self._open.items():
            if connection.is_gone:  # aiohttp tells only who writes to it
                reader.end()
            elif connection.keepalive_at <= now and not reader.has_waiting:
                if told == _TOLD_AT_ONCE:
                    delay_s = _SOON_S
                    break
                connection.keepalive_at = self._next_keepalive()
                reader.put(KEEPALIVE, 0)
                told += 1
        self._timer = loop.call_later(delay_s, self._tick)


class _Connection:
    """The connection of one reader."""

    def __init__(self, transport: asyncio.Transport | None, keepalive_at: float) -> None:
        self._transport = transport
        self.keepalive_at = keepalive_at
        sock = transport.get_extra_info("socket") if transport else None
        if sock is not None:
            with suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)

    @property
    def is_gone(self) -> bool:
        return self._transport is None or self._transport.is_closing()

    def cut(self) -> None:
        """Close it, whatever has not been sent yet."""
        if self._transport:
            self._transport.abort()
