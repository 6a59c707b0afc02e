"""Logging seldom about what happens often."""

import time
from collections.abc import Callable

LOG_EVERY_S = 60.0
"""Seconds between two log lines about the same lasting trouble."""


class Rarely:
    """Says when it is time to log again about something that happens often."""

    def __init__(
        self, period_s: float = LOG_EVERY_S, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.left_out = 0
        """How often it was not due between the last two times that it was."""
        self._period_s = period_s
        self._clock = clock
        self._next = float("-inf")
        self._since = 0

    def is_due(self) -> bool:
        """Return True the first time, and then once a period."""
        now = self._clock()
        if now < self._next:
            self._since += 1
            return False
        self.left_out, self._since = self._since, 0
        self._next = now + self._period_s
        return True
