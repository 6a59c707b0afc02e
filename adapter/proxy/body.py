"""A body on its way: what came, and what waits for more of it."""

import asyncio
from typing import Protocol

from adapter.proxy.limits import HIGH_WATER_BYTES


class Source(Protocol):
    """Where a body comes from."""

    def pause_reading(self) -> None:
        """Let the sender wait."""

    def resume_reading(self) -> None:
        """Let the sender go on."""


class Body:
    """Bytes that arrive: its source is held back while too many wait to be taken.

    One task at a time may wait.
    """

    __slots__ = ("_error", "_is_ended", "_is_held", "_pieces", "_size", "_source", "_waiter")

    def __init__(self, source: Source) -> None:
        self._source = source
        self._pieces: list[bytes] = []
        self._size = 0
        self._is_ended = self._is_held = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def is_over(self) -> bool:
        """Return True when all was taken, and no more will come."""
        return self._is_ended and not self._pieces

    @property
    def is_complete(self) -> bool:
        """Return True when all has come, taken or not."""
        return self._is_ended

    @property
    def has_news(self) -> bool:
        """Return True when ``take`` has something to say."""
        return bool(self._pieces) or self._is_ended or self._error is not None

    def feed(self, data: bytes) -> None:
        """Add what came."""
        self._pieces.append(data)
        self._size += len(data)
        if self._size > HIGH_WATER_BYTES and not self._is_held:
            self._is_held = True
            self._source.pause_reading()
        self.nudge()

    def end(self) -> None:
        """Say that this was all, unless it has failed before."""
        if self._error is None:
            self._is_ended = True
            self.nudge()

    def fail(self, error: Exception) -> None:
        """Say that no more will come, and why; what came before can still be taken."""
        if not self._is_ended and self._error is None:
            self._error = error
            self.nudge()

    def nudge(self) -> None:
        """Wake who waits, whether there is news or not."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def wait(self) -> None:
        """Return when there is news, or after a nudge."""
        if self.has_news:
            return
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def take(self) -> bytes:
        """Return all that waits, ``b""`` when there is nothing; raises what it failed with."""
        if self._pieces:
            pieces, self._pieces, self._size = self._pieces, [], 0
            if self._is_held:
                self._is_held = False
                self._source.resume_reading()
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)
        if self._error is not None:
            raise self._error
        return b""

    async def read(self) -> bytes:
        """Return what comes next, ``b""`` at the end; raises what it failed with."""
        while not self.has_news:
            await self.wait()
        return self.take()
