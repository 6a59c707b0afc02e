"""Choices read from bytes, so that both fuzzers build the same things, and build them fast."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
SIZE = 96
"""Bytes that an example is built of; few need as many."""


class Choices:
    """One choice after the other; when the bytes are used up, the first of each."""

    def __init__(self, data: bytes) -> None:
        """Take choices from the bytes, in order."""
        self._data = data
        self._next = 0

    def number(self, most: int) -> int:
        """Return a whole number from 0 to ``most``, which is below 65536."""
        byte = self._byte()
        if most > 255:
            byte = byte << 8 | self._byte()
        return byte % (most + 1)

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options."""
        return options[self.number(len(options) - 1)]

    def happens(self, one_in: int = 2) -> bool:
        """Return True once in so many times, and never without bytes."""
        return self.number(one_in - 1) == one_in - 1

    def picks(self, options: Sequence[T], most: int) -> list[T]:
        """Return up to ``most`` of the options, some perhaps more than once."""
        return [self.pick(options) for _ in range(self.number(most))]

    def take(self, most: int) -> bytes:
        """Return up to ``most`` of the bytes themselves."""
        size = self.number(most)
        self._next += size
        return self._data[self._next - size : self._next]

    def _byte(self) -> int:
        self._next += 1
        return self._data[self._next - 1] if self._next <= len(self._data) else 0


def built(build: Callable[[Choices], T]) -> st.SearchStrategy[T]:
    """Return the strategy that builds an example from choices."""
    data = st.binary(min_size=SIZE, max_size=SIZE)
    return data.map(lambda chosen: build(Choices(chosen)))
