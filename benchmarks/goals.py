"""What detection must reach on the development sets, at the default threshold."""

from collections.abc import Sequence
from dataclasses import dataclass

from ctl.bench.rates import wilson
from ctl.bench.replay import Key, Results, Tally

_API = (
    "benign_easypost",
    "benign_contentful",
    "benign_openapi_examples",
    "benign_accesslog_semicomplete",
)


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound on the share of attacks caught, or of benign requests flagged."""

    name: str
    is_attack: bool
    limit: float
    """At least this of attacks; at most this of benign requests."""
    sources: tuple[str, ...]
    """Beginnings of the names of the sources that count."""
    without: tuple[str, ...] = ()
    is_each: bool = False
    """True when every source alone must keep the bound, not all of them together."""

    def holds(self, source: str) -> bool:
        """Return True when rows of the source count."""
        is_in = any(source == name or (name[-1] == "/" and name in source) for name in self.sources)
        return is_in and not any(name in source for name in self.without)


GOALS = (
    Goal("libinjection_data, attacks", True, 0.99, ("libinjection_data",)),
    Goal("libinjection_data, hard negatives", False, 0.03, ("libinjection_data",)),
    Goal("coreruleset_tests, attack subset", True, 0.90, ("coreruleset_tests",)),
    Goal("benign API traffic, pooled", False, 0.001, _API),
    Goal("commonmark", False, 0.01, ("benign_commonmark",)),
    Goal("naughty strings", False, 0.01, ("benign_naughty_strings",)),
    Goal("sql_questions, questions", False, 0.01, ("benign_sql_questions",)),
    Goal("csic2010, normal side", False, 0.001, ("csic2010_testpart",)),
    Goal("prompts, benign without SMS, pooled", False, 0.01, ("prompt/",), ("sms_spam",)),
    Goal("prompts, benign, worst source", False, 0.03, ("prompt/",), is_each=True),
    Goal("prompts, attacks", True, 0.88, ("prompt/",), ("tasktracker", "deepset")),
)


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a column is from a goal."""

    goal: Goal
    column: str
    rows: int
    share: float
    interval: tuple[float, float]
    worst: str = ""
    """The source that decides, where each counts alone."""

    @property
    def is_met(self) -> bool:
        """Return True when the bound is kept."""
        limit = self.goal.limit
        return self.share >= limit if self.goal.is_attack else self.share <= limit


def reached(results: Results, columns: Sequence[str]) -> list[Reached]:
    """Return every goal that the results have rows for, for each of the columns."""
    return [
        found
        for goal in GOALS
        for column in columns
        if (found := _reached(goal, column, results)) is not None
    ]


def _reached(goal: Goal, column: str, results: Results) -> Reached | None:
    counted = {
        key.source: tally for key, tally in results.by_source.items() if _counts(goal, column, key)
    }
    if not counted:
        return None
    if goal.is_each:
        worst = max(counted, key=lambda source: counted[source].rate)
        return _measured(goal, column, counted[worst], worst)
    pooled = Tally(
        sum(tally.rows for tally in counted.values()),
        sum(tally.flagged for tally in counted.values()),
    )
    return _measured(goal, column, pooled)


def _counts(goal: Goal, column: str, key: Key) -> bool:
    return key.column == column and key.is_attack == goal.is_attack and goal.holds(key.source)


def _measured(goal: Goal, column: str, tally: Tally, worst: str = "") -> Reached:
    interval = wilson(tally.flagged, tally.rows)
    return Reached(goal, column, tally.rows, tally.rate, interval, worst)
