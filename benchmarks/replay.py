"""Corpora through engines: what each says of every row, added up by source."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from benchmarks.corpora import Row
from inference.engine import Engine
from kysira.types import ScoreOptions, Verdict


@dataclass(slots=True)
class Tally:
    """The rows of one source and label, and what became of them in one column."""

    rows: int = 0
    flagged: float = 0.0
    """Each row counts as the share of its requests that were over the threshold."""
    causes: dict[str, float] = field(default_factory=dict)
    """What was found (a reason, or a slug) → rows, each as the share of its requests."""

    @property
    def rate(self) -> float:
        """Return the share of the requests that were flagged."""
        return self.flagged / self.rows if self.rows else 0.0


@dataclass(frozen=True, slots=True)
class Key:
    """What is counted together."""

    column: str
    source: str
    is_attack: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one column says of one row."""

    row: Row
    share: float
    """Of the row's requests that were over the threshold."""
    verdicts: tuple[Verdict, ...]


@dataclass(slots=True)
class Results:
    """Everything that the tables are made of."""

    by_source: dict[Key, Tally] = field(default_factory=dict)
    by_category: dict[Key, Tally] = field(default_factory=dict)
    scores: dict[tuple[str, str, bool], list[float]] = field(default_factory=dict)
    """(column, detector, is an attack of its kind) → the scores of rows, for the AUC."""


Watcher = Callable[[str, Outcome], None]


def replay(
    rows: Iterable[Row], engines: Mapping[str, Engine], options: ScoreOptions, watch: Watcher
) -> Results:
    """Score every row with every engine; ``watch`` sees each column's name and outcome."""
    results = Results()
    for row in rows:
        requests = row.requests
        for column, engine in engines.items():
            verdicts = tuple(engine.score(request, options) for request in requests)
            flags = [_is_flagged(verdict, options) for verdict in verdicts]
            outcome = Outcome(row, sum(flags) / len(flags), verdicts)
            _count(results, column, outcome, options)
            watch(column, outcome)
    return results


def _is_flagged(verdict: Verdict, options: ScoreOptions) -> bool:
    return any(f.score >= options.threshold_of(f.detector) for f in verdict.findings)


def _count(results: Results, column: str, outcome: Outcome, options: ScoreOptions) -> None:
    row = outcome.row
    tally = results.by_source.setdefault(Key(column, row.source, row.is_attack), Tally())
    _add(tally, outcome, options)
    if row.is_attack:
        category = row.category or "unnamed"
        _add(results.by_category.setdefault(Key(column, category, True), Tally()), outcome, options)
    for detector in outcome.verdicts[0].breakdown:
        if row.is_attack and detector != row.category:
            continue  # another attack may hold this one too
        score = max(verdict.breakdown[detector] for verdict in outcome.verdicts)
        results.scores.setdefault((column, detector, row.is_attack), []).append(score)


def _add(tally: Tally, outcome: Outcome, options: ScoreOptions) -> None:
    tally.rows += 1
    tally.flagged += outcome.share
    for verdict in outcome.verdicts:
        for finding in verdict.findings:
            if finding.score >= options.threshold_of(finding.detector):
                reason = finding.reason.removesuffix(" (decoded)")
                label = reason if reason.startswith(finding.detector) else finding.detector
                tally.causes[label] = tally.causes.get(label, 0.0) + 1 / len(outcome.verdicts)
