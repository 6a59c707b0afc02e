"""Medians, ratios and the table."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.load import Run


@dataclass(frozen=True, slots=True)
class State:
    """What a target's server was like at the end."""

    target: str
    rss_mb: float
    cache_hits: float | None
    unread: int
    """Requests that were not scored, or not in full."""
    unscored: int = 0
    """Requests that were answered, and that the server has not counted as scored."""
    lost: int = 0
    """Events of requests that were dropped: work that was not done, and is in no number."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table."""

    key: str
    title: str
    form: str
    """How a value is formatted."""


def columns(edge: str, hidden: Collection[str] = ()) -> tuple[Column, ...]:
    """Return the columns but the hidden ones; ``edge`` is what is in front of Python, as Envoy."""
    return tuple(
        Column(key, title, form)
        for key, title, form in (
            ("connections", "conn", "d"),
            ("target", "", ""),
            ("server_us", "Python µs", ".0f"),
            ("edge_us", f"{edge} µs", ".0f"),
            ("per_second", "req/s", ".0f"),
            ("p50_ms", "p50 ms", ".2f"),
            ("p99_ms", "p99 ms", ".2f"),
            ("rss_mb", "RSS MB", ".0f"),
            ("cache_hits", "cache hits", ".1%"),
            ("requests", "requests", "d"),
            ("failed", "not 2xx", "d"),
            ("unread", "unread", "d"),
            ("lost", "events lost", "d"),
            ("noise", "noise", ".0%"),
        )
        if key not in hidden
    )


_MEDIANS = ("server_us", "edge_us", "per_second", "p50_ms", "p99_ms", "noise")
_STATE = ("rss_mb", "cache_hits", "unread", "lost")
_OPTIONAL = ("server_us", "edge_us", "rss_mb", "cache_hits")


def summary(runs: Sequence[Run], states: Iterable[State]) -> list[dict[str, Any]]:
    """Return one row for each target at each number of connections: medians, and sums of counts."""
    known = {state.target: state for state in states}
    rows = []
    for connections, target in dict.fromkeys((run.connections, run.target) for run in runs):
        own = [r for r in runs if (r.connections, r.target) == (connections, target)]
        row: dict[str, Any] = {"connections": connections, "target": target}
        row |= {key: median(getattr(run, key) for run in own) for key in _MEDIANS}
        row |= {key: sum(getattr(run, key) for run in own) for key in ("requests", "failed")}
        state = known[target]
        row |= {key: getattr(state, key) for key in _STATE}
        rows.append(row)
    return rows


def line(run: Run, edge: str) -> str:
    """Return one run as a line."""
    return (
        f"{run.connections:2} connections: {run.target:9}{run.server_us:6.0f} µs Python,"
        f"{run.edge_us:5.0f} µs {edge}, noise {run.noise:.0%}"
    )


def table(rows: Iterable[dict[str, Any]], shown: Sequence[Column]) -> str:
    """Return the rows as aligned text."""
    cells = [[column.title for column in shown], *(_cells(row, shown) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(map(str.rjust, row, widths)) for row in cells)
    return "\n".join(lines)


def _cells(row: dict[str, Any], shown: Sequence[Column]) -> list[str]:
    return [
        "-"
        if column.key in _OPTIONAL and not row[column.key]
        else f"{row[column.key]:{column.form}}"
        for column in shown
    ]


def python_us(run: Run) -> float:
    """Return the CPU time of the Python process per request."""
    return run.server_us


def total_us(run: Run) -> float:
    """Return the CPU time per request of everything in front of the app."""
    return run.total_us


@dataclass(frozen=True, slots=True)
class Compared:
    """Two targets whose cost is compared."""

    above: str
    below: str
    limit: float | None = None
    """What the ratio should be at most."""
    is_added: bool = False
    """Whether only what the upper one takes more than the lower one counts."""
    what: str = "Python CPU"
    cost: Callable[[Run], float] = python_us


def ratios(runs: Iterable[Run], compared: Compared, connections: int) -> list[float]:
    """Return the ratio of two targets' cost per request in each round."""
    cost = {(r.round, r.target): compared.cost(r) for r in runs if r.connections == connections}
    rounds = sorted({round_ for round_, _ in cost})
    base = 1.0 if compared.is_added else 0.0
    return [cost[round_, compared.above] / cost[round_, compared.below] - base for round_ in rounds]


def comparisons(runs: Sequence[Run], compared: Sequence[Compared]) -> list[str]:
    """Return a line for each pair at each number of connections."""
    return [
        _comparison(runs, pair, connections)
        for connections in dict.fromkeys(run.connections for run in runs)
        for pair in compared
    ]


def _comparison(runs: Sequence[Run], pair: Compared, connections: int) -> str:
    found = ratios(runs, pair, connections)
    above = f"({pair.above} - {pair.below})" if pair.is_added else pair.above
    text = (
        f"{pair.what}, {above} / {pair.below}, {connections} connections: {median(found):.2f}"
        f" (rounds {', '.join(f'{ratio:.2f}' for ratio in found)})"
    )
    return text if pair.limit is None else text + goal(median(found), pair.limit)


def goal(value: float, limit: float, unit: str = "") -> str:
    """Return what the value should be at most, and whether it is; to go behind the value."""
    return f"; goal: at most {limit:g}{unit}, {'met' if value <= limit else 'missed'}"
