"""Who is asked about each request, and what became of it: one column of the tables each."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from kysira.types import Request, ScoreOptions, Verdict


class Outcome(StrEnum):
    """What became of a request; only the first two count in a rate."""

    PASSED = "passed"
    BLOCKED = "blocked"
    UNSENT = "not sent"
    """It can't be written as HTTP/1.1."""
    UNANSWERED = "unanswered"


def _nothing() -> Mapping[str, float]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a column says of one request."""

    outcome: Outcome
    said: str = ""
    """A status, or why there is none: ``403``, ``reset``, ``timeout``; counted under the table."""
    causes: tuple[str, ...] = ()
    """What was found and blocked for: ``sqli:union_select``."""
    scores: Mapping[str, float] = field(default_factory=_nothing)
    """Detector slug → score, of all that were run."""
    found: str = ""
    """All that was found, with score and place, for people."""


@dataclass(frozen=True, slots=True)
class Column:
    """A name, and who is asked."""

    name: str
    ask: Callable[[Request], Answer]
    """Never raises on what a row holds; of a remote column, safe to call from several threads."""
    is_remote: bool = False
    """True for one that mostly waits: it is asked about several requests at once."""


def scored(
    name: str,
    score: Callable[[Request, ScoreOptions], Verdict],
    options: ScoreOptions,
    max_body_bytes: int | None = None,
) -> Column:
    """Return the column of an engine, which is shown of a body what a front-end would show it."""

    def ask(request: Request) -> Answer:
        if max_body_bytes is not None and len(request.body) > max_body_bytes:
            shown = request.body[:max_body_bytes]
            request = dataclasses.replace(request, body=shown, body_truncated=True)
        return answer_of(score(request, options), options)

    return Column(name, ask)


def answer_of(verdict: Verdict, options: ScoreOptions) -> Answer:
    """Return what a verdict means to the benchmark: one finding over its threshold blocks."""
    over = [f for f in verdict.findings if f.score >= options.threshold_of(f.detector)]
    return Answer(
        Outcome.BLOCKED if over else Outcome.PASSED,
        causes=tuple(_cause(f.detector, f.reason) for f in over),
        scores=verdict.breakdown,
        found=", ".join(f"{f.reason} {f.score:g} at {f.location}" for f in verdict.findings),
    )


def _cause(detector: str, reason: str) -> str:
    reason = reason.removesuffix(" (decoded)")
    return reason if reason.startswith(detector) else detector
