"""The tables of a replay, as text and as JSON."""

from collections.abc import Iterator, Sequence
from typing import Any

from ctl.bench.columns import Outcome
from ctl.bench.examples import printable
from ctl.bench.rates import auc, balanced_accuracy, wilson
from ctl.bench.replay import Key, Results, Tally

ALL = "all rows"
_CAUSES = 4
"""Techniques named beside a source with false positives."""
_ANSWERED = (Outcome.PASSED, Outcome.BLOCKED)
_NAME = 42
_CELL = 24


def as_data(results: Results) -> dict[str, Any]:
    """Return every table as lists of flat objects."""
    return {
        "sources": [_row(key, tally) for key, tally in results.by_source.items()],
        "categories": [_row(key, tally) for key, tally in results.by_category.items()],
        "balanced_accuracy": list(_balanced(results)),
        "auc": list(_areas(results)),
        "answers": list(_said(results)),
    }


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


def pooled(results: Results, column: str, *, is_attack: bool) -> Tally:
    """Return all rows of a column with one label as one tally."""
    found = [
        tally
        for key, tally in results.by_source.items()
        if key.column == column and key.is_attack == is_attack
    ]
    return Tally(sum(tally.rows for tally in found), sum(tally.flagged for tally in found))


def _balanced(results: Results) -> Iterator[dict[str, Any]]:
    """Yield sources that have attacks and benign rows, and everything together."""
    for key, caught in results.by_source.items():
        disturbed = results.by_source.get(Key(key.column, key.source, False))
        if key.is_attack and disturbed is not None:
            yield _accuracy(key.column, key.source, caught, disturbed)
    for column in dict.fromkeys(key.column for key in results.by_source):
        both = [pooled(results, column, is_attack=label) for label in (True, False)]
        if all(tally.rows for tally in both):
            yield _accuracy(column, ALL, *both)


def _accuracy(column: str, source: str, caught: Tally, disturbed: Tally) -> dict[str, Any]:
    middle, (low, high) = balanced_accuracy(
        (caught.flagged, caught.rows), (disturbed.flagged, disturbed.rows)
    )
    return {"column": column, "source": source, "share": middle, "low": low, "high": high}


def _areas(results: Results) -> Iterator[dict[str, Any]]:
    """Yield the AUC of each detector: attacks of its kind against all benign rows."""
    for (column, detector, is_attack), attacks in results.scores.items():
        if is_attack:
            benign = results.scores.get((column, detector, False), ())
            yield {
                "column": column, "detector": detector, "attacks": len(attacks),
                "benign": len(benign), "auc": auc(attacks, benign),
            }  # fmt: skip


def _said(results: Results) -> Iterator[dict[str, Any]]:
    for column, said in results.said.items():
        for (outcome, text), requests in said.most_common():
            yield {
                "column": column, "outcome": outcome.value, "answer": text, "requests": requests,
                "is_counted": outcome in _ANSWERED,
            }  # fmt: skip


def unanswered(results: Results) -> int:
    """Return how many requests got no answer."""
    counts = (said.items() for said in results.said.values())
    return sum(n for each in counts for (outcome, _), n in each if outcome is Outcome.UNANSWERED)


def rates_text(results: Results, columns: Sequence[str]) -> str:
    """Return the rates for people: per cent, with 95 % intervals."""
    blocks = [
        _table("attacks caught, by source", results.by_source, columns, is_attack=True),
        _table("attacks caught, by category", results.by_category, columns, is_attack=True),
        _table("benign requests flagged, by source", results.by_source, columns, is_attack=False),
    ]
    return "\n\n".join(block for block in blocks if block)


def _table(
    title: str, tallies: dict[Key, Tally], columns: Sequence[str], *, is_attack: bool
) -> str:
    sources = sorted({key.source for key in tallies if key.is_attack == is_attack})
    if not sources:
        return ""
    names = "".join(f"{column + ' %':>{_CELL}}" for column in columns)
    lines = [f"{title:{_NAME}}{'rows':>8}{names}"]
    for source in sources:
        found = [tallies.get(Key(column, source, is_attack), Tally()) for column in columns]
        cells = "".join(f"{share_text(tally):>{_CELL}}" for tally in found)
        rows = max(tally.rows for tally in found)
        causes = "" if is_attack else _causes(found)
        lines.append(f"{printable(source):{_NAME}}{rows:8d}{cells}{causes}")
    return "\n".join(lines)


def _causes(found: Sequence[Tally]) -> str:
    """Name what the last column found that says what it finds."""
    last = next((tally for tally in reversed(found) if tally.causes), Tally())
    ranked = list(_ranked(last).items())[:_CAUSES]
    return "  " + ", ".join(f"{name} {rows:.3g}" for name, rows in ranked) if ranked else ""


def share_text(tally: Tally) -> str:
    """Return a rate with its interval, in per cent; "-" of no rows."""
    return interval_text(tally.rate, wilson(tally.flagged, tally.rows)) if tally.rows else "-"


def interval_text(share: float, interval: tuple[float, float]) -> str:
    """Return a share with its interval, in per cent."""
    low, high = interval
    return f"{share * 100:.2f} [{low * 100:.2f}, {high * 100:.2f}]"


def scores_text(results: Results) -> str:
    """Return balanced accuracy and areas under the curve for people."""
    lines = [
        f"{'balanced accuracy':18}{printable(row['source']):24}{row['column']:>14}"
        f"{interval_text(row['share'], (row['low'], row['high'])):>{_CELL}}"
        for row in _balanced(results)
    ]
    lines += [
        f"{'AUC':18}{row['detector']:24}{row['column']:>14}{row['auc']:>10.4f}"
        f"   {row['attacks']} attacks, {row['benign']} benign"
        for row in _areas(results)
        if row["auc"] is not None
    ]
    return "\n".join(lines)


def answers_text(results: Results) -> str:
    """Return what each URL answered, and which requests no rate counts."""
    lines: dict[tuple[str, str], list[str]] = {}
    for row in _said(results):
        what = "answered" if row["is_counted"] else f"{row['outcome']}, in no rate"
        told = f"{row['answer']} × {row['requests']}"
        lines.setdefault((row["column"], what), []).append(told)
    return "\n".join(
        f"{column} {what}: {', '.join(counts)}" for (column, what), counts in lines.items()
    )
