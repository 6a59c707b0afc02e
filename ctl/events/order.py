"""Puts events of several services in the order of time, as far as they come in time."""

import heapq
import time
from collections.abc import Callable, Iterator

from ctl.events.record import Record


class TimeOrder:
    """Holds each event for a moment: an earlier one of another service may still come."""

    def __init__(self, hold_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._hold_s = hold_s
        self._clock = clock
        self._held: list[tuple[float, int, float, Record]] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._held)

    def put(self, event: Record) -> None:
        """Take an event."""
        self._count += 1
        heapq.heappush(self._held, (event.at, self._count, self._clock(), event))

    def due(self) -> Iterator[Record]:
        """Yield the earliest events, up to one that was not held long enough."""
        until = self._clock() - self._hold_s
        while self._held and self._held[0][2] <= until:
            yield heapq.heappop(self._held)[3]

    def rest(self) -> Iterator[Record]:
        """Yield all that are left."""
        while self._held:
            yield heapq.heappop(self._held)[3]
