"""Where the cells of an event go on a terminal: which columns there is room for, and how much."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from rich.cells import cell_len

from ctl.fitting import middle, padded

_ID = "id"
_REQUEST = "request"
_REASON = "reason"
_TARGET = "target"
"""The request without its host."""
_HOST_FROM = 40
"""Cells that the request needs: with fewer its path tells more than its host."""
_LEAST = 18
"""Cells that the request has, and the reason, where anything else can be left out instead."""
_MOST_REASON = 32
_FEWEST = 8
_GAP = 2
_TIME_OF_DAY = 9
_UTC = re.compile(r"[\d-]{10}T(\d\d:\d\d:\d\d)(?:\.\d+)?Z")
_LEFT_OUT = ("detector", "score", "source ip")
"""What goes first where there is no room: the reason begins with the detector."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a row."""

    widths: Mapping[str, int]
    is_short: bool
    """True for times without their date."""
    has_own_line: bool
    """True where the id has a line of its own."""

    def lines(self, cells: Mapping[str, str]) -> list[str]:
        """Return the line, or two, of a row; a cell that is too wide takes from the request."""
        row, over = "", 0
        for name, width in self.widths.items():
            room = max(_FEWEST, width - over) if name == _REQUEST else width
            cell = cells[name]
            if name == _REQUEST and room < _HOST_FROM and cell_len(cell) > room:
                cell = cells.get(_TARGET, cell)
            text = self._cell(name, cell, room)
            row += padded(text, room) + " " * _GAP
            over += max(cell_len(text), room) - width
        lines = [row.rstrip()]
        return [*lines, f"{' ' * _GAP}{cells[_ID]}"] if self.has_own_line else lines

    def _cell(self, name: str, text: str, room: int) -> str:
        if name in (_REQUEST, _REASON):
            return middle(text, room)
        if name == "time" and self.is_short and (match := _UTC.fullmatch(text)):
            return f"{match[1]}Z"
        return text


def layout(widths: Mapping[str, int], width: int, is_today: bool) -> Layout:
    """Return the layout for a terminal of that width that shows most.

    ``widths`` has the columns of a wide one, in their order.
    """
    known = {**widths, "time": _TIME_OF_DAY} if is_today else dict(widths)
    for has_own_line in (False, True):
        most = _LEFT_OUT if has_own_line else _LEFT_OUT[:-1]
        for count in range(len(most) + 1):
            kept = {name: each for name, each in known.items() if name not in most[:count]}
            if has_own_line:
                kept.pop(_ID)
            if _room(kept, width) >= 2 * _LEAST:
                return _filled(kept, width, is_today, has_own_line)
    return _filled(kept, width, is_today, has_own_line)


def _room(widths: Mapping[str, int], width: int) -> int:
    """Return what is left for the request and the reason."""
    others = sum(each for name, each in widths.items() if name not in (_REQUEST, _REASON))
    return width - others - _GAP * (len(widths) - 1)


def _filled(widths: Mapping[str, int], width: int, is_today: bool, has_own_line: bool) -> Layout:
    room = max(2 * _FEWEST, _room(widths, width))
    reason = min(_MOST_REASON, room // 2)
    found = {**widths, _REQUEST: room - reason, _REASON: reason}
    return Layout(found, is_today, has_own_line)
