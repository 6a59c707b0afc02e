"""What a sink is, and what it is given."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

LOG_EVERY_S = 60.0
"""Seconds between two log lines about the same lasting trouble."""


class Line(NamedTuple):
    """One event as it leaves: its id and its JSON object, without a line break."""

    id: str
    json: bytes


class Sink(Protocol):
    """A place where events go.

    One task at a time calls it, none of its methods raises, and each may take as long as it likes:
    a ``SinkQueue`` stands between it and everything else.
    """

    name: str

    @property
    def dropped(self) -> int:
        """Return how many events this sink was given and lost."""

    async def start(self) -> None:
        """Get ready for the first ``write``."""

    async def write(self, lines: Sequence[Line]) -> None:
        """Take these events, in order; what can't be kept is counted as dropped."""

    async def close(self) -> None:
        """Bring what was written to its place, and let go of everything held."""


@runtime_checkable
class Spooling(Protocol):
    """A sink that keeps events on disk for later."""

    @property
    def spool_bytes(self) -> int:
        """Return how many bytes of disk they take now."""


class Rarely:
    """Says when it is time to log again about something that happens often."""

    def __init__(
        self, period_s: float = LOG_EVERY_S, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._period_s = period_s
        self._clock = clock
        self._next = float("-inf")

    def is_due(self) -> bool:
        """Return True the first time, and then once a period."""
        if self._clock() < self._next:
            return False
        self._next = self._clock() + self._period_s
        return True
