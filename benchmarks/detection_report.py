"""What the detection benchmark tells beyond any replay: whether the goals are met."""

from collections.abc import Sequence
from typing import Any

from benchmarks.goals import Goal, Reached, reached
from ctl.bench.replay import Results
from ctl.bench.report import answers_text, as_data, interval_text, rates_text, scores_text

_NAME = 36
_SHARE = 24
_MARK = 7


def with_goals(results: Results, columns: Sequence[str]) -> dict[str, Any]:
    """Return every table as lists of flat objects."""
    goals = [
        {
            "goal": r.goal.name, "column": r.column, "rows": r.rows, "share": r.share,
            "low": r.interval[0], "high": r.interval[1], "limit": r.goal.limit,
            "is_met": r.is_met, "worst": r.worst,
        }
        for r in reached(results, columns)
    ]  # fmt: skip
    return {**as_data(results), "goals": goals}


def as_text(results: Results, columns: Sequence[str]) -> str:
    """Return the tables for people: rates in per cent, with 95 % intervals."""
    blocks = (
        rates_text(results, columns),
        goals_text(reached(results, columns), columns),
        scores_text(results),
        answers_text(results),
    )
    return "\n\n".join(block for block in blocks if block)


def goals_text(found: Sequence[Reached], columns: Sequence[str]) -> str:
    """Return a line for each goal that there are rows for, the columns side by side."""
    by_goal: dict[Goal, dict[str, Reached]] = {}
    for each in found:
        by_goal.setdefault(each.goal, {})[each.column] = each
    width = _SHARE + _MARK
    names = "".join(f"{column + ' %':>{_SHARE}}{'':{_MARK}}" for column in columns)
    lines = [f"{'must reach':{_NAME}}{'rows':>7}{'goal':>7}{names}".rstrip()]
    for goal, cells in by_goal.items():
        bound = f"{'≥' if goal.is_attack else '≤'} {goal.limit * 100:g}"
        rows = max(each.rows for each in cells.values())
        shown = "".join(_cell(cells.get(column)).ljust(width) for column in columns)
        worst = [f"{each.column}: {each.worst}" for each in cells.values() if each.share]
        line = f"{goal.name:{_NAME}}{rows:7d}{bound:>7}{shown.rstrip()}"
        lines.append(f"{line}  ({', '.join(worst)})" if goal.is_each and worst else line)
    return "\n".join(lines) if by_goal else ""


def _cell(found: Reached | None) -> str:
    if found is None:
        return f"{'-':>{_SHARE}}"
    share = interval_text(found.share, found.interval)
    return f"{share:>{_SHARE}} {'met' if found.is_met else 'MISSED'}"
