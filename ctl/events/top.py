"""kysiractl events top: what is most common among events, to see what to look at first."""

import csv
import dataclasses
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import typer

from ctl import console
from ctl.events.options import FilterOptions, From
from ctl.events.record import Record
from ctl.events.source import Events
from ctl.events.times import short_time
from ctl.events.writers import EventFormat, defused
from ctl.fitting import middle, say_fitting
from ctl.fleet.options import FleetOptions
from ctl.option_groups import grouped

DEFAULT_ROWS = 10
_FLAGGED = "flagged"
_NONE = "-"
_GAP = 3
_LEAST_VALUE = 24
"""Cells that a value is shown in at least: with fewer a row takes several lines."""


class By(StrEnum):
    """What events are counted by."""

    PATH = "path"
    DETECTOR = "detector"
    REASON = "reason"
    SOURCE_IP = "source-ip"
    HOST = "host"
    ROUTE = "route"
    LOCATION = "location"


def _location(event: Record) -> str:
    return str(next(iter(event.findings), {}).get("location", ""))


_OF: Mapping[By, Callable[[Record], str]] = {
    By.PATH: lambda event: event.text("path"),
    By.DETECTOR: lambda event: event.text("detector"),
    By.REASON: lambda event: event.text("reason"),
    By.SOURCE_IP: lambda event: event.text("source_ip"),
    By.HOST: lambda event: event.text("host").lower(),
    By.ROUTE: lambda event: event.text("route"),
    By.LOCATION: _location,
}


@dataclass(frozen=True, slots=True)
class Row:
    """A value, and the events that have it."""

    value: str
    """"" for events that have none."""
    count: int
    share: float
    """Of all events that were counted."""
    last_seen: str
    sample_id: str
    """The id of the newest."""
    at: float = 0.0
    """When that was, in Unix seconds."""


@dataclass(frozen=True, slots=True)
class Top:
    """The most common values of events."""

    events: int
    values: int
    """How many different ones there are."""
    rows: Sequence[Row]


@grouped
def top(
    filters: FilterOptions,
    services: FleetOptions,
    by: Annotated[
        By, typer.Option(help="What to count by; location is where the finding was that decided.")
    ] = By.PATH,
    from_: From = None,
    limit: Annotated[
        int, typer.Option(min=0, metavar="N", help="So many rows; 0 is all.")
    ] = DEFAULT_ROWS,
    output: Annotated[
        EventFormat, typer.Option("--output", "-o", help="table, json or csv.", show_default=True)
    ] = EventFormat.TABLE,
) -> None:  # fmt: skip
    """Count the events that match by path, detector or the like, the most common first.

    Without --action those that were flagged; --action all counts every
    request. SAMPLE ID is the newest event of a row, for `events search
    --id` and `exclude`. What is counted is what `events search` would
    show: a service remembers 500, --from reads files.
    """
    if not filters.action:
        filters = dataclasses.replace(filters, action=[_FLAGGED])
    wanted, events = filters.filter(), Events(from_, services, filters)
    found = counted(filter(wanted, events.read()), by, limit)
    _WRITERS[output](found, by)
    if not found.events:
        console.note("no event matches")
    events.close(found.events)


def counted(events: Iterable[Record], by: By, limit: int = 0) -> Top:
    """Return the most common values of events, which come by time; 0 is no limit."""
    of = _OF[by]
    counts: dict[str, int] = {}
    newest: dict[str, tuple[str, str, float]] = {}
    for event in events:
        value = of(event)
        counts[value] = counts.get(value, 0) + 1
        newest[value] = event.text("timestamp"), event.id, event.at
    total = sum(counts.values())
    order = sorted(counts, key=lambda value: (-counts[value], value))[: limit or None]
    rows = [Row(value, counts[value], counts[value] / total, *newest[value]) for value in order]
    return Top(total, len(counts), rows)


def _as_json(found: Top, by: By) -> dict[str, Any]:
    rows = [
        {
            "value": row.value, "count": row.count, "share": round(row.share, 4),
            "last_seen": row.last_seen, "sample_id": row.sample_id,
        }
        for row in found.rows
    ]  # fmt: skip
    return {"by": by, "events": found.events, "values": found.values, "rows": rows}


def _say_json(found: Top, by: By) -> None:
    console.say_json(_as_json(found, by))


def _say_csv(found: Top, by: By) -> None:
    rows = csv.writer(sys.stdout, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    rows.writerow([by.replace("-", "_"), "count", "share", "last_seen", "sample_id"])
    for row in found.rows:
        texts = (defused(row.last_seen), defused(row.sample_id))
        rows.writerow([defused(row.value), row.count, round(row.share, 4), *texts])


def _say_table(found: Top, by: By) -> None:
    if not found.rows:
        return
    columns = (by.replace("-", " "), "count", "share", "last seen", "sample id")
    out = console.stdout()
    rows = [_cells(row, is_short=out.is_terminal) for row in found.rows]
    if out.is_terminal:
        others = sum(max(map(len, cells)) for cells in zip(columns, *rows, strict=True))
        others -= max(len(cells[0]) for cells in (columns, *rows))
        room = out.width - others - _GAP * (len(columns) - 1)
        room = room if room >= _LEAST_VALUE else out.width
        rows = [(middle(console.printable(value), room), *rest) for value, *rest in rows]
    say_fitting(columns, rows)
    left = found.values - len(found.rows)
    if left:
        console.note(f"{left:,} more; --limit 0 shows all")


def _cells(row: Row, *, is_short: bool) -> tuple[str, ...]:
    seen = short_time(row.at) if is_short else row.last_seen
    return (
        row.value or _NONE, f"{row.count:,}", f"{100 * row.share:.1f} %", seen,
        row.sample_id or _NONE,
    )  # fmt: skip


_WRITERS: Mapping[EventFormat, Callable[[Top, By], None]] = {
    EventFormat.TABLE: _say_table,
    EventFormat.JSON: _say_json,
    EventFormat.CSV: _say_csv,
}
