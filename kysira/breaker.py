"""A circuit breaker: nobody waits for something that has just let everybody down.

https://learn.microsoft.com/en-us/azure/architecture/patterns/circuit-breaker
"""

import time
from collections.abc import Callable

MISSES = 5
"""Calls in a row that hung before no more are made."""
PAUSE_S = 1.0


class Breaker:
    """Opens after some calls in a row that hung; then lets one through each pause, to see."""

    def __init__(
        self,
        *,
        misses: int = MISSES,
        pause_s: float = PAUSE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = misses
        self._pause_s = pause_s
        self._clock = clock
        self._misses = 0
        self._next_try = 0.0

    def allows(self) -> bool:
        """Return whether a call may be made now; a call that may tells how it went."""
        if self._misses < self._limit:
            return True
        if self._clock() < self._next_try:
            return False
        self._next_try = self._clock() + self._pause_s  # this one is the try
        return True

    def missed(self) -> None:
        """Take note of a call that hung."""
        self._misses += 1
        self._next_try = self._clock() + self._pause_s

    def answered(self) -> None:
        """Take note of an answer, whatever it said."""
        self._misses = 0
