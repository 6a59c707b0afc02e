"""What a sink is, and what it is given."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable


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
