"""Scans of the values that came last, so that a browser's headers are scanned once."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inference.scanning import Scan


class ScanMemory:
    """Keeps the scans of about ``size`` values; safe to use from several threads.

    In two generations: when the younger is full the elder is dropped whole. It lets go of the same
    values as a list in order of use, and needs no bookkeeping for each value that is looked up. A
    generation is full once it holds half of ``size``, and more by what one call adds at most.

    Threads may overwrite each other's entries: all scans that are kept for a value must be equal.
    """

    def __init__(self, size: int) -> None:
        self._half = size // 2
        self._young: dict[bytes, Scan] = {}
        self._old: dict[bytes, Scan] = {}

    def recall(self, values: Sequence[bytes]) -> list["Scan | None"]:
        """Return the scan of each value, None where it is not known."""
        found: list[Scan | None] = list(map(self._young.get, values))
        old = self._old
        if old:
            for index, scan in enumerate(found):
                if scan is None and (scan := old.get(values[index])):
                    found[index] = self._young[values[index]] = scan
            self._rotate()
        return found

    def keep(self, scans: Mapping[bytes, "Scan"]) -> None:
        """Remember these."""
        self._young.update(scans)
        self._rotate()

    def _rotate(self) -> None:
        if len(self._young) >= self._half:
            self._old, self._young = self._young, {}
