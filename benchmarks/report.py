"""Medians, ratios and the table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.load import Run

MAX_RATIO = 2.0
"""Python CPU of full scoring over that of a server that does not look."""
MAX_RSS_MB = 150
_COMPARED = (("shadow", "tuned"), ("shadow", "no-op"), ("active", "no-op"), ("no-cache", "no-op"))
"""Like with like first: the goal is about what scoring adds to the same server."""


@dataclass(frozen=True, slots=True)
class State:
    """What a target's server was like at the end."""

    target: str
    rss_mb: float
    cache_hits: float | None
    unread: int
    """Requests that were not scored, or not in full."""


_COLUMNS = (
    ("connections", "conn", "d"),
    ("target", "", ""),
    ("server_us", "Python µs", ".0f"),
    ("envoy_us", "Envoy µs", ".0f"),
    ("per_second", "req/s", ".0f"),
    ("p50_ms", "p50 ms", ".2f"),
    ("p99_ms", "p99 ms", ".2f"),
    ("rss_mb", "RSS MB", ".0f"),
    ("cache_hits", "cache hits", ".1%"),
    ("requests", "requests", "d"),
    ("failed", "not 2xx", "d"),
    ("unread", "unread", "d"),
    ("noise", "noise", ".0%"),
)
_MEDIANS = ("server_us", "envoy_us", "per_second", "p50_ms", "p99_ms", "noise")


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
        row |= {"rss_mb": state.rss_mb, "cache_hits": state.cache_hits, "unread": state.unread}
        rows.append(row)
    return rows


def line(run: Run) -> str:
    """Return one run as a line."""
    return (
        f"{run.connections:2} connections: {run.target:9}{run.server_us:6.0f} µs Python,"
        f"{run.envoy_us:5.0f} µs Envoy, noise {run.noise:.0%}"
    )


def table(rows: Iterable[dict[str, Any]]) -> str:
    """Return the rows as aligned text."""
    cells = [[title for _, title, _ in _COLUMNS], *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(map(str.rjust, row, widths)) for row in cells)
    return "\n".join(lines)


def _cells(row: dict[str, Any]) -> list[str]:
    return [
        "-" if key in _OPTIONAL and not row[key] else f"{row[key]:{form}}"
        for key, _, form in _COLUMNS
    ]


_OPTIONAL = ("server_us", "rss_mb", "cache_hits")


def ratios(runs: Iterable[Run], above: str, below: str, connections: int) -> list[float]:
    """Return the ratio of two targets' Python CPU per request in each round."""
    cost = {(r.round, r.target): r.server_us for r in runs if r.connections == connections}
    rounds = sorted({round_ for round_, _ in cost})
    return [cost[round_, above] / cost[round_, below] for round_ in rounds]


def goals(runs: Sequence[Run], states: Iterable[State]) -> str:
    """Return what the numbers should be, and what they are."""
    lines = []
    for connections in dict.fromkeys(run.connections for run in runs):
        for target, base in _COMPARED:
            found = ratios(runs, target, base, connections)
            is_goal = (target, base) == _COMPARED[0]
            lines.append(
                f"Python CPU, {target} / {base}, {connections} connections: {median(found):.2f}"
                f" (rounds {', '.join(f'{ratio:.2f}' for ratio in found)})"
                + (_goal(median(found), MAX_RATIO, "") if is_goal else "")
            )
    lines += [
        f"memory, {state.target}: {state.rss_mb:.0f} MB" + _goal(state.rss_mb, MAX_RSS_MB, " MB")
        for state in states
        if state.target == "shadow"
    ]
    return "\n".join(lines)


def _goal(value: float, limit: float, unit: str) -> str:
    return f"; goal: at most {limit:g}{unit}, {'met' if value <= limit else 'missed'}"
