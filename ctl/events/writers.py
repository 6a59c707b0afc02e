"""How events are written: a table to read, JSON lines for programs, CSV for spreadsheets."""

import csv
import sys
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from rich.text import Text

from ctl import console
from ctl.events.layout import Layout, layout
from ctl.events.record import Record
from ctl.events.times import is_today
from kysira.types import Action

Writer = Callable[[Record], None]


class EventFormat(StrEnum):
    """How events are written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def writer(form: EventFormat, *, has_sources: bool = False) -> Writer:
    """Return what writes one event to stdout; ``has_sources`` shows which service each is of."""
    if form is EventFormat.JSON:
        return write_json
    return CsvWriter() if form is EventFormat.CSV else TableWriter(has_sources=has_sources)


def write_json(event: Record) -> None:
    """Write the event as it is, as a line of JSON; what a terminal would obey is escaped."""
    print(console.json_text(event.row))


COLUMNS = (
    "timestamp", "id", "service", "front_end", "mode", "action", "score", "threshold", "detector",
    "reason", "location", "steps", "matched", "method", "host", "path", "query", "source_ip",
    "route", "policy", "latency_ms", "uninspected", "excluded",
)  # fmt: skip
"""Of CSV. New ones come at the end."""
_NUMBERS = frozenset({"score", "threshold", "latency_ms"})
_LISTS = frozenset({"uninspected", "excluded"})
_FORMULA = tuple("=+-@\t\r＝＋－＠")
"""What a spreadsheet takes for a formula: https://owasp.org/www-community/attacks/CSV_Injection."""


class CsvWriter:
    """Writes rows of COLUMNS (RFC 4180), the names first; texts are quoted, numbers are not."""

    def __init__(self) -> None:
        self._has_header = False

    def __call__(self, event: Record) -> None:
        """Write one event."""
        rows = csv.writer(sys.stdout, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        if not self._has_header:
            self._has_header = True
            rows.writerow(COLUMNS)
        rows.writerow([_cell(event, column) for column in COLUMNS])


def _cell(event: Record, column: str) -> str | float:
    if column in _NUMBERS:
        return event.number(column)
    if column in _LISTS:
        return defused(" ".join(event.texts(column)))
    if column == "service":
        return defused(event.source)
    if column in ("location", "steps", "matched"):
        finding = next(iter(event.findings), {})
        found = finding.get(column, "")
        return defused(" ".join(map(str, found)) if isinstance(found, list) else str(found))
    return defused(event.text(column))


def defused(text: str) -> str:
    """Return a cell that no spreadsheet runs: with ' before what it would take for a formula."""
    shown = console.printable(text)
    return f"'{shown}" if text.startswith(_FORMULA) or shown.startswith(_FORMULA) else shown


_STYLES = {
    Action.ACTIVE_KILL: "bold red", Action.SHADOW_KILL: "yellow", Action.ERROR: "magenta",
}  # fmt: skip
_WIDTHS = {
    "time": 24, "action": 11, "score": 6, "detector": 17, "source ip": 15, "request": 40,
    "reason": 40, "id": 36,
}  # fmt: skip
"""At least; events are shown as they come, so that no column knows its longest cell."""
_SERVICE_WIDTH = 16
_GAP = "   "


class TableWriter:
    """Writes a line for each event, the column names first.

    On a terminal it is in colour and fits, where it can: of the request both ends are left, and
    columns that tell least are left out. Nothing is of the id, nor of anything in a pipe.
    """

    def __init__(self, *, has_sources: bool = False) -> None:
        self._columns = dict(_WIDTHS)
        if has_sources:
            self._columns = {"service": _SERVICE_WIDTH, **_WIDTHS}
        self._console = console.stdout()
        self._has_header = False
        self._layout: Layout | None = None

    def __call__(self, event: Record) -> None:
        """Write one event."""
        if not self._has_header:
            self._has_header = True
            if self._console.is_terminal:
                # They come by time: all are of today where the first is.
                self._layout = layout(self._columns, self._console.width, is_today(event.at))
            self._line({name: name.upper() for name in self._columns}, "bold")
        self._line(_cells(event), _STYLES.get(event.row["action"], ""))

    def _line(self, cells: dict[str, str], style: str) -> None:
        shown = {name: console.printable(text) for name, text in cells.items()}
        if self._layout:
            for line in self._layout.lines(shown):
                self._console.print(Text(line, style), soft_wrap=True)
        else:  # a million lines for a program need none of what rich can do
            print(_GAP.join(shown[each].ljust(w) for each, w in self._columns.items()).rstrip())


def _cells(event: Record) -> dict[str, str]:
    query = event.text("query")
    target = event.text("path") + (f"?{query}" if query else "")
    return {
        "time": event.text("timestamp"),
        "service": event.source,
        "action": event.text("action"),
        "score": f"{event.number('score'):.4f}",
        "detector": event.text("detector") or "-",
        "source ip": event.text("source_ip") or "-",
        "request": f"{event.text('method')} {event.text('host')}{target}",
        "target": f"{event.text('method')} {target}",
        "reason": _reason(event) or "-",
        "id": event.id,
    }


def _reason(event: Record) -> str:
    unread: Any = [why for why in event.texts("uninspected") if why not in event.text("reason")]
    told = [f"unread: {', '.join(unread)}"] if unread else []
    return "; ".join(filter(None, [event.text("reason"), *told]))
