"""Keeps some of the rows that one column gets wrong."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ctl.bench.replay import Reply

MAX_CHARACTERS = 1000
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Example:
    """An attack that was missed, or a benign row that was flagged, in part at least."""

    source: str
    is_attack: bool
    category: str
    share: float
    """Of its answered requests that were blocked."""
    found: str
    text: str

    @property
    def as_data(self) -> dict[str, Any]:
        """Return it as a flat object."""
        return {
            "source": self.source, "category": self.category, "share": self.share,
            "found": self.found, "text": self.text,
        }  # fmt: skip

    def __str__(self) -> str:
        kind = "missed" if self.is_attack else "flagged"
        head = f"--- {self.source} {kind} {self.share:.2g} [{self.category}] {self.found}"
        return printable(f"{head}\n{self.text}")


def printable(text: str) -> str:
    """Return the text without what would steer a terminal: payloads are hostile to it too."""
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text)


class Examples:
    """The first rows of each source that a column gets wrong, as many as were asked for."""

    def __init__(self, column: str, *, missed: int, flagged: int) -> None:
        self.kept: list[Example] = []
        self._column = column
        self._left = {True: missed, False: flagged}
        self._kept: Counter[tuple[str, bool]] = Counter()

    def watch(self, column: str, reply: Reply) -> None:
        """Keep the reply's row if it is one of them."""
        row, share = reply.row, reply.share
        key = (row.source, row.is_attack)
        if column != self._column or reply.is_right or share is None:
            return
        if self._kept[key] >= self._left[row.is_attack]:
            return
        self._kept[key] += 1
        said = max((a.found or a.said for a in reply.answers), key=len) or "nothing"
        text = row.text[:MAX_CHARACTERS]
        self.kept.append(Example(*key, row.category, share, said, text))


def told(examples: Iterable[Example]) -> str:
    """Return the examples for people."""
    return "\n".join(map(str, examples))
