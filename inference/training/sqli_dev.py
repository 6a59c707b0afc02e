"""What the sqli model is judged by: the dev sources, none of which it has learned from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inference.training.data import Row, web_rows
from inference.training.evaluate import (
    OperatingPoint,
    Rate,
    Scores,
    auc,
    gain,
    recall_at_fpr,
    table,
)
from inference.training.options import TrainOptions
from inference.training.sqli_regex import Rules
from inference.training.sqli_rows import placements, request_fields, texts
from kysira.types import DEFAULT_THRESHOLD

Flags = npt.NDArray[np.bool_]
_FLOOR = -30.0
"""The margin of a request that no text of is shown to the model."""
_NAMES = {"benign_sql_questions": "sql_questions", "libinjection_data": "libinjection"}


@dataclass(frozen=True, slots=True)
class Case:
    """One request of a dev source; a bare payload stands in a query."""

    set: str
    is_attack: bool
    texts: tuple[int, ...]
    """Positions in the list of distinct texts."""
    rules: float
    """The rules' score."""


@dataclass(frozen=True, slots=True)
class Dev:
    """Every case, and the distinct texts that models are shown."""

    cases: tuple[Case, ...]
    texts: tuple[str, ...]

    def request_margins(self, margins: Scores) -> Scores:
        """Return the highest margin of each case's texts."""
        return np.array(
            [max((margins[n] for n in case.texts), default=_FLOOR) for case in self.cases]
        )

    def of(self, name: str) -> tuple[Flags, Flags]:
        """Return which cases are attacks and which are benign ones of a set."""
        sets = np.array([case.set == name for case in self.cases])
        attacks = np.array([case.is_attack for case in self.cases])
        return sets & attacks, sets & ~attacks


def read_dev(options: TrainOptions, rules: Rules) -> Dev:
    """Return the dev sources, judged by the rules already."""
    numbers: dict[str, int] = {}
    cases = []
    for row in web_rows(options.data, "dev", limit=options.limit):
        name = _set_of(row)
        if not name:
            continue
        request = next(placements(row))
        shown = texts(request_fields(request))
        positions = tuple(numbers.setdefault(text, len(numbers)) for text in shown)
        cases.append(Case(name, row.is_attack, positions, rules.score(request)))
    return Dev(tuple(cases), tuple(numbers))


def _set_of(row: Row) -> str:
    """Return the name of the set that a row is judged in; nothing for attacks of other classes."""
    if row.is_attack and row.category != "sqli":
        return ""
    name = _NAMES.get(row.source, row.source.removeprefix("benign_"))
    if row.source == "benign_sql_questions":
        is_sql = (row.meta or {}).get("policy") == "sql-text"
        return f"{name} (SQL)" if is_sql else f"{name} (questions)"
    return name


def dev_table(dev: Dev, columns: Mapping[str, Scores]) -> str:
    """Return the share of each set's requests that the columns flag at the default threshold.

    ``columns`` are probabilities of requests. The rules are the first column; each other stands
    alone and joined with them.
    """
    rules = np.array([case.rules for case in dev.cases]) >= DEFAULT_THRESHOLD
    flags: dict[str, Flags] = {"rules": rules}
    for name, scores in columns.items():
        flags[name] = scores >= DEFAULT_THRESHOLD
        flags[f"rules or {name}"] = rules | flags[name]
    rows: dict[str, Sequence[object]] = {}
    for name in sorted({case.set for case in dev.cases}):
        for kind, wanted in zip(("attacks", "benign"), dev.of(name), strict=True):
            if wanted.any():
                shares = [
                    Rate(int(flag[wanted].sum()), int(wanted.sum())) for flag in flags.values()
                ]
                rows[f"{name}, {kind} ({int(wanted.sum())})"] = shares
    return table(("set", *flags), rows)


def gains_table(dev: Dev, columns: Mapping[str, Scores]) -> str:
    """Return what each column catches of the attacks that the rules miss, by set."""
    rules = np.array([case.rules for case in dev.cases]) >= DEFAULT_THRESHOLD
    rows: dict[str, Sequence[object]] = {}
    for name in sorted({case.set for case in dev.cases}):
        attacks, _ = dev.of(name)
        if attacks.any():
            rows[name] = (
                Rate(int(rules[attacks].sum()), int(attacks.sum())),
                *(
                    gain(rules[attacks], scores[attacks] >= DEFAULT_THRESHOLD)
                    for scores in columns.values()
                ),
            )
    return table(("attacks of", "rules", *(f"{name} adds" for name in columns)), rows)


def ranking_table(dev: Dev, margins: Mapping[str, Scores]) -> str:
    """Return how well columns rank libinjection's attacks, against all benign and its own."""
    attacks, hard = dev.of("libinjection")
    questions = np.array([case.set.endswith("(SQL)") for case in dev.cases])
    benign = np.array([not case.is_attack for case in dev.cases]) & ~questions
    rows: dict[str, Sequence[object]] = {}
    for name, scores in margins.items():
        wide = recall_at_fpr(scores[attacks], scores[benign], 0.001)
        own = recall_at_fpr(scores[attacks], scores[hard], 0.01)
        area = auc(scores[attacks], scores[hard])
        rows[name] = (wide.recall, own.recall, f"{area:.4f}")
    heads = (
        "column", "recall at 0.1 % of all benign requests", "recall at 1 % of its hard negatives",
        "AUC against them",
    )  # fmt: skip
    return table(heads, rows)


def field_point(dev: Dev, margins: Scores) -> OperatingPoint:
    """Return the operating point by text shown, not by request: libinjection at 0.1 %."""
    is_attack = np.zeros(len(dev.texts), dtype=bool)
    is_benign = np.zeros(len(dev.texts), dtype=bool)
    for case in dev.cases:
        if case.is_attack and case.set == "libinjection":
            is_attack[list(case.texts)] = True
        elif not case.is_attack and not case.set.endswith("(SQL)"):
            is_benign[list(case.texts)] = True
    return recall_at_fpr(margins[is_attack & ~is_benign], margins[is_benign], 0.001)
