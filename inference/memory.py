"""What was found out about the values that came last: a browser's headers are looked at once."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Known = TypeVar("Known")


class Memory(Generic[Key, Known]):
    """Keeps what is known of about ``size`` values; safe to use from several threads.

    In two generations: when the younger is full the elder is dropped whole. It lets go of the same
    values as a list in order of use, and needs no bookkeeping for each value that is looked up. A
    generation is full once it holds half of ``size``, and more by what one call adds at most.

    Threads may overwrite each other's entries: all that is kept for a value must be equally right.
    What is kept must be true as a condition.
    """

    def __init__(self, size: int) -> None:
        self._half = size // 2
        self._young: dict[Key, Known] = {}
        self._old: dict[Key, Known] = {}

    def recall(self, keys: Sequence[Key]) -> list[Known | None]:
        """Return what is known of each, None where nothing is."""
        found: list[Known | None] = list(map(self._young.get, keys))
        old = self._old
        if old and not all(found):
            for index, known in enumerate(found):
                if known is None and (known := old.get(keys[index])):
                    found[index] = self._young[keys[index]] = known
            self._rotate()
        return found

    def keep(self, known: Mapping[Key, Known]) -> None:
        """Remember these."""
        self._young.update(known)
        self._rotate()

    def _rotate(self) -> None:
        if len(self._young) >= self._half:
            self._old, self._young = self._young, {}
