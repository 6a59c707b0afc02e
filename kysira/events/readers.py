"""What one reader of the event stream has yet to get: bounded, so that a slow one costs little."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from kysira.events.sinks.base import Line

LIMIT = 1000
"""Events that may wait for a reader."""


def messages(lines: Sequence[Line]) -> bytes:
    """Return events as messages of a stream (WHATWG HTML §9.2.5)."""
    return b"".join(b"id: %b\ndata: %b\n\n" % (line.id.encode(), line.json) for line in lines)


class Reader:
    """Takes pieces of the stream for one reader; never blocks who gives them."""

    def __init__(self, past: bytes = b"", *, limit: int = LIMIT) -> None:
        """``past`` comes first, and takes no room."""
        self._pieces: deque[bytes] = deque([past] if past else [])
        self._count = 0
        self._limit = limit
        self._has_news = asyncio.Event()
        self._is_ended = False
        self.drop: Callable[[], None] = self.end
        """What is done when it is too slow: its connection may have to be cut."""
        if past:
            self._has_news.set()

    @property
    def has_waiting(self) -> bool:
        """Return True when something waits to be taken."""
        return bool(self._pieces)

    def put(self, piece: bytes, count: int) -> int:
        """Add a piece of so many events; return how many are lost because it is too slow.

        It gets no more from then on. One piece is always taken, however many it holds.
        """
        if self._is_ended:
            return 0
        if self._count and self._count + count > self._limit:
            lost = self._count + count
            self._pieces.clear()
            self._count = 0
            self.end()
            self.drop()
            return lost
        self._pieces.append(piece)
        self._count += count
        self._has_news.set()
        return 0

    def end(self) -> None:
        """Let it have what waits, and no more."""
        self._is_ended = True
        self._has_news.set()

    async def next(self) -> bytes | None:
        """Return all that waits, at least something; None at the end."""
        await self._has_news.wait()
        if not self._pieces:  # only the end is news then
            return None
        taken = b"".join(self._pieces)
        self._pieces.clear()
        self._count = 0
        if not self._is_ended:
            self._has_news.clear()
        return taken
