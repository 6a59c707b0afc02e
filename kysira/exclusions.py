"""Which exclusion holds for a finding: the same for the engine and for who reads events later."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from fnmatch import fnmatchcase, translate
from functools import lru_cache
from typing import NamedTuple

from kysira.paths import Readings, readings
from kysira.types import Exclusion, Place

_CHAT_PLACES = frozenset({Place.CHAT, Place.TOOL})
_SPECIAL = re.compile(r"[*?\[]")
_MOST_PATTERNS = 4096
"""More than a policy holds twice: the old one's are in use while a new one comes."""


def excluded_by(
    detector: str, location: str, paths: Readings, exclusions: Iterable[Exclusion]
) -> Exclusion | None:
    """Return the first exclusion that says that the detector's findings there don't count."""
    return ExclusionIndex(exclusions, paths).of(detector, location)


def covers(pattern: str, location: str) -> bool:
    """Return True when an exclusion's pattern holds a location.

    What is made of values of a JSON document is left out where they are.
    """
    if fnmatchcase(location, pattern):
        return True
    place, _, name = location.partition(":")
    if place not in _CHAT_PLACES:
        return False
    return fnmatchcase(f"{Place.JSON}:{name}", pattern) or pattern.startswith(
        f"{Place.JSON}:{name}."
    )


def held_at(exclusions: Iterable[Exclusion], target: bytes) -> tuple[Exclusion, ...]:
    """Return the exclusions whose path holds a request to ``target``."""
    paths = readings(target)
    return tuple([each for each in exclusions if paths.are_under(each.path_prefix)])


def for_piece(exclusions: Iterable[Exclusion], target: bytes) -> tuple[Exclusion, ...]:
    """Return the exclusions of a request to ``target``, for a piece of it that has no target."""
    return tuple([replace(each, path_prefix="/") for each in held_at(exclusions, target)])


class _Row(NamedTuple):
    number: int
    """Its place in the policy: the first that holds counts."""
    exclusion: Exclusion
    beginning: str
    """Of its location, up to the first character that stands for others."""
    matches: Callable[[str], object] | None
    """None where there is no such character."""


class ExclusionIndex:
    """The exclusions that hold for one request's path, ready to be asked of each of its values.

    A client chooses how many values there are, and all of them times all exclusions of a long
    policy would outlast every deadline. So those are looked up whose pattern begins like the
    location, up to its first star, and few are compared.
    """

    def __init__(self, exclusions: Iterable[Exclusion], paths: Readings) -> None:
        self._rows: list[_Row] = []
        self._exact: dict[str, list[_Row]] = {}
        self._beginnings: dict[str, list[_Row]] = {}
        self._lengths: set[int] = set()
        are_under: dict[str, bool] = {}
        for number, each in enumerate(exclusions):
            holds = are_under.get(each.path_prefix)
            if holds is None:
                holds = are_under[each.path_prefix] = paths.are_under(each.path_prefix)
            if holds:
                self._add(_Row(number, each, *_pattern(each.location)))

    def _add(self, row: _Row) -> None:
        self._rows.append(row)
        if row.matches is None:
            self._exact.setdefault(row.beginning, []).append(row)
        else:
            self._beginnings.setdefault(row.beginning, []).append(row)
            self._lengths.add(len(row.beginning))

    def of(self, detector: str, location: str) -> Exclusion | None:
        """Return the first exclusion that says that the detector's findings there don't count."""
        known = ("*", detector)
        if location.partition(":")[0] in _CHAT_PLACES:
            for row in self._rows:
                if row.exclusion.detector in known and covers(row.exclusion.location, location):
                    return row.exclusion
            return None
        best: _Row | None = None
        for row in self._likely(location):
            if best is not None and best.number < row.number:
                continue
            if row.exclusion.detector in known and (not row.matches or row.matches(location)):
                best = row
        return None if best is None else best.exclusion

    def _likely(self, location: str) -> Iterator[_Row]:
        yield from self._exact.get(location, ())
        for length in self._lengths:
            if length <= len(location):
                yield from self._beginnings.get(location[:length], ())


@lru_cache(_MOST_PATTERNS)
def _pattern(pattern: str) -> tuple[str, Callable[[str], object] | None]:
    """Return how a pattern begins, and what compares the whole; None where that is all of it."""
    beginning = _SPECIAL.split(pattern, maxsplit=1)[0]
    return beginning, None if beginning == pattern else re.compile(translate(pattern)).match
