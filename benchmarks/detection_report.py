"""The detection benchmark's tables, as text and as JSON."""

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.goals import reached
from benchmarks.rates import auc, balanced_accuracy, wilson
from benchmarks.replay import Key, Results, Tally

_CAUSES = 4
"""Techniques named beside a source with false positives."""


def as_data(results: Results, columns: Sequence[str]) -> dict[str, Any]:
    """Return every table as lists of flat objects."""
    return {
        "sources": [_row(key, tally) for key, tally in results.by_source.items()],
        "categories": [_row(key, tally) for key, tally in results.by_category.items()],
        "goals": [
            {
                "goal": r.goal.name, "column": r.column, "rows": r.rows, "share": r.share,
                "low": r.interval[0], "high": r.interval[1], "limit": r.goal.limit,
                "is_met": r.is_met, "worst": r.worst,
            }
            for r in reached(results, columns)
        ],
        "balanced_accuracy": list(_balanced(results)),
        "auc": list(_areas(results)),
    }  # fmt: skip


def _row(key: Key, tally: Tally) -> dict[str, Any]:
    low, high = wilson(tally.flagged, tally.rows)
    return {
        "column": key.column, "source": key.source,
        "label": "attack" if key.is_attack else "benign",
        "rows": tally.rows, "share": tally.rate, "low": low, "high": high,
        "causes": _ranked(tally),
    }  # fmt: skip


def _ranked(tally: Tally) -> dict[str, float]:
    return dict(sorted(tally.causes.items(), key=lambda cause: -cause[1]))


def _balanced(results: Results) -> Iterator[dict[str, Any]]:
    """Yield sources that have attacks and benign rows."""
    for key, caught in results.by_source.items():
        disturbed = results.by_source.get(Key(key.column, key.source, False))
        if key.is_attack and disturbed is not None:
            middle, (low, high) = balanced_accuracy(
                (caught.flagged, caught.rows), (disturbed.flagged, disturbed.rows)
            )
            yield {
                "column": key.column, "source": key.source, "share": middle,
                "low": low, "high": high,
            }  # fmt: skip


def _areas(results: Results) -> Iterator[dict[str, Any]]:
    """Yield the AUC of each detector: attacks of its kind against all benign rows."""
    for (column, detector, is_attack), attacks in results.scores.items():
        if is_attack:
            benign = results.scores.get((column, detector, False), ())
            yield {
                "column": column, "detector": detector, "attacks": len(attacks),
                "benign": len(benign), "auc": auc(attacks, benign),
            }  # fmt: skip


def as_text(results: Results, columns: Sequence[str]) -> str:
    """Return the tables for people: rates in per cent, with 95 % intervals."""
    blocks = [
        _table("attacks caught, by source", results.by_source, columns, is_attack=True),
        _table("attacks caught, by category", results.by_category, columns, is_attack=True),
        _table("benign requests flagged, by source", results.by_source, columns, is_attack=False),
        _goals(results, columns),
        _scores(results),
    ]
    return "\n\n".join(block for block in blocks if block)


def _table(
    title: str, tallies: dict[Key, Tally], columns: Sequence[str], *, is_attack: bool
) -> str:
    sources = sorted({key.source for key in tallies if key.is_attack == is_attack})
    if not sources:
        return ""
    lines = [f"{title:42}{'rows':>8}" + "".join(f"{column + ' %':>24}" for column in columns)]
    for source in sources:
        found = [tallies[Key(column, source, is_attack)] for column in columns]
        cells = "".join(f"{_share(tally):>24}" for tally in found)
        causes = "" if is_attack else _causes(found[-1])
        lines.append(f"{source:42}{found[0].rows:8d}{cells}{causes}")
    return "\n".join(lines)


def _causes(tally: Tally) -> str:
    found = list(_ranked(tally).items())[:_CAUSES]
    return "  " + ", ".join(f"{name} {rows:.3g}" for name, rows in found) if found else ""


def _share(tally: Tally) -> str:
    return _interval(tally.rate, wilson(tally.flagged, tally.rows))


def _interval(share: float, interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{share * 100:.2f} [{low * 100:.2f}, {high * 100:.2f}]"


def _goals(results: Results, columns: Sequence[str]) -> str:
    lines = []
    for r in reached(results, columns):
        bound = f"{'≥' if r.goal.is_attack else '≤'} {r.goal.limit * 100:g}"
        lines.append(
            f"{r.goal.name:42}{r.column:>10}{r.rows:8d}{_interval(r.share, r.interval):>24}"
            f"{bound:>8}  {'met' if r.is_met else 'MISSED'}{f' ({r.worst})' if r.worst else ''}"
        )
    title = f"{'must reach':42}{'column':>10}{'rows':>8}{'%':>24}{'goal':>8}"
    return "\n".join((title, *lines)) if lines else ""


def _scores(results: Results) -> str:
    lines = [
        f"{'balanced accuracy':18}{row['source']:24}{row['column']:>10}"
        f"{_interval(row['share'], (row['low'], row['high'])):>24}"
        for row in _balanced(results)
    ]
    lines += [
        f"{'AUC':18}{row['detector']:24}{row['column']:>10}{row['auc']:>10.4f}"
        f"   {row['attacks']} attacks, {row['benign']} benign"
        for row in _areas(results)
        if row["auc"] is not None
    ]
    return "\n".join(lines)
