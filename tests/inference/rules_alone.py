"""Scores values with some rules alone, so that no other rule can hide what they miss."""

from collections.abc import Sequence
from functools import cache

from inference.detector import Detector, Rule
from inference.engine import Engine
from kysira.types import DEFAULT_THRESHOLD, Place, ScoreOptions
from tests.placement import request_with


@cache
def _engine(rules: tuple[Rule, ...]) -> Engine:
    return Engine((Detector("alone", rules),))


def flags(
    rules: Sequence[Rule], text: str, place: Place = Place.QUERY, name: str = "q"
) -> set[str]:
    """Return the techniques of the findings that reach the default threshold."""
    verdict = _engine(tuple(rules)).score(request_with(place, name, text), ScoreOptions())
    return {
        finding.reason.removesuffix(" (decoded)").partition(":")[2]
        for finding in verdict.findings
        if finding.score >= DEFAULT_THRESHOLD
    }
