"""A timer that is cheap to move, as one that nearly never fires must be."""

import asyncio
import math
from collections.abc import Callable


class Deadline:
    """Calls ``expired`` when the time set last has passed, unless it was cleared.

    Moving it costs an assignment: the loop's timer is left where it is, and looks again when it
    fires too early.
    """

    __slots__ = ("_at", "_expired", "_loop", "_timer", "_timer_at")

    def __init__(self, loop: asyncio.AbstractEventLoop, expired: Callable[[], None]) -> None:
        self._loop = loop
        self._expired = expired
        self._at = self._timer_at = math.inf
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """Expire this many seconds from now, and not before."""
        at = self._at = self._loop.time() + seconds
        if at < self._timer_at:
            self._schedule(at)

    def clear(self) -> None:
        """Don't expire."""
        self._at = math.inf

    def close(self) -> None:
        """Leave nothing behind in the loop."""
        self._at = self._timer_at = math.inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        self._timer = self._loop.call_at(at, self._fire)

    def _fire(self) -> None:
        self._timer, self._timer_at = None, math.inf
        if self._at == math.inf:
            return
        if self._loop.time() < self._at - 1e-3:  # the loop's clock is coarse
            self._schedule(self._at)
            return
        self._at = math.inf
        self._expired()
