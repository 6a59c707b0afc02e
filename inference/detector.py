"""What a detector is: a slug, rules, and how the scores of its rules join."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import re2

from inference.fields import Field
from inference.matcher import re2_expression, re2_options
from kysira.types import Place

Check = Callable[[Field, bytes], bool]
"""Confirms a match: takes the field and the text of the matching variant. Linear in the text."""

Gate = Callable[[Field, bytes], bool]
"""Says whether a value could matter to the detector's model."""

DECISIVE = 0.99
"""The score of a rule that no ordinary request matches."""

_CEILING = 0.9999
_SEARCHER_BYTES = 8 << 20
"""For what one pattern has compiled so far, which hostile texts make grow."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One technique: a pattern, what it is worth, and where it counts.

    ``pattern`` is in the common subset of PCRE and RE2, is searched for in every variant of a
    value, ignores case, and its "." matches newlines.
    """

    technique: str
    pattern: str
    score: float = DECISIVE
    """Probability in [0, 1] that a value with this match is an attack, all else unknown."""
    reason: str = ""
    """For people; ``slug:technique`` when empty."""
    places: frozenset[Place] | None = None
    """Only values from these places count; None is all."""
    check: Check | None = None
    is_case_sensitive: bool = False


def noisy_or(scores: Iterable[float]) -> float:
    """Return the probability that at least one of independent signs is right."""
    miss = 1.0
    for score in scores:
        miss *= 1.0 - score
    return min(_CEILING, 1.0 - miss)


def confirmed_by(pattern: str, *, after: Check | None = None) -> Check:
    """Return a check for another pattern, which would make the common automaton too large.

    ``Rule.pattern`` is then a cheap sign that few values have, and lets through all that
    ``pattern`` matches. ``after`` is asked first.
    """

    def check(field: Field, text: bytes) -> bool:
        if after is not None and not after(field, text):
            return False
        return _searcher(pattern).search(text) is not None

    return check


@cache
def _searcher(pattern: str) -> Any:
    options = re2_options()
    options.never_capture = True  # without groups a DFA does
    options.max_mem = _SEARCHER_BYTES
    return re2.compile(re2_expression(pattern).encode(), options=options)


@dataclass(frozen=True, slots=True)
class Detector:
    """A detector: one attack class, found by rules and perhaps by a model."""

    slug: str
    rules: tuple[Rule, ...]
    combine: Callable[[Iterable[float]], float] = noisy_or
    """Joins the scores of the different techniques found in one value."""
    model_gate: Gate | None = None
    """For detectors that a model may back: which values the model is asked about."""
    model_guess: Callable[[str], float] | None = None
    """Ranks texts when not all can be shown to the model; None is the model's own guess."""

    def reason(self, rule: Rule) -> str:
        """Return what to tell people of a match of the rule."""
        return rule.reason or f"{self.slug}:{rule.technique}"
