"""The narrowest exclusion that lets a finding of an event pass."""

import glob
import re
from collections.abc import Collection
from dataclasses import dataclass

from ctl.replay.shown import is_location_whole, is_path_whole, known_path
from kysira.paths import read_prefix, readings
from kysira.types import Exclusion, Finding

_INDEX = re.compile(r"\[\[\]\d+\]")
_ANY_INDEX = "[[]*]"
_ODD = re.compile(r"[^a-z0-9]+")
_MOST_NAME = 63
_MOST_STEM = 48


class NotNarrowError(ValueError):
    """An event does not say enough for a narrow exclusion; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class NarrowPath:
    """The prefix of an exclusion."""

    prefix: str
    note: str = ""
    """Why it is more than the event's own path, "" when it is not."""


def narrow_path(path: str) -> NarrowPath:
    """Return the longest prefix that is sure to hold an event's request; raises NotNarrowError."""
    known = known_path(path)
    note = "" if is_path_whole(path) else f"its path is hidden in part: {path}"
    prefix, is_whole = _longest(known)
    if not note and not is_whole:
        note = f"its path can be read in more than one way, and only {prefix} is sure: {path}"
    if prefix == "/" and note:
        raise NotNarrowError(f"{note}; say --path, else it would hold for all paths")
    return NarrowPath(prefix, note)


def _longest(path: str) -> tuple[str, bool]:
    """Return the longest prefix, by segments, under which every app reads a path.

    The second value is True when that is all of it.
    """
    told = readings(path.encode())
    is_whole = True
    while path.strip("/"):
        try:
            prefix = read_prefix(path)
        except ValueError:
            prefix = ""
        if prefix and told.are_under(prefix):
            return prefix, is_whole
        path, is_whole = path.rstrip("/").rpartition("/")[0], False
    return "/", is_whole


def narrow_location(location: str, *, any_index: bool) -> str:
    """Return the pattern of one location; raises NotNarrowError for one that is not known.

    ``any_index`` makes ``form:items[3][name]`` hold for every number there.
    """
    if not location:
        raise NotNarrowError("the event does not say where it was found; say --location")
    if not is_location_whole(location):
        raise NotNarrowError(
            f"where it was found is hidden, as its name may be a value itself: {location}; "
            "say --location"
        )
    pattern = glob.escape(location)
    return _INDEX.sub(_ANY_INDEX, pattern) if any_index else pattern


def has_index(pattern: str) -> bool:
    """Return True for a pattern of one location with a number in brackets."""
    return bool(_INDEX.search(pattern))


def narrow_name(prefix: str, finding: Finding, taken: Collection[str]) -> str:
    """Return a name that tells what an exclusion is for, and that no other has."""
    last = prefix.rpartition("/")[2]
    words = _ODD.sub("-", f"{last} {finding.location}".lower()).strip("-")
    stem = f"{words[:_MOST_STEM].strip('-')}-{finding.detector}".strip("-")[:_MOST_NAME]
    name, number = stem, 1
    while name in taken:
        number += 1
        name = f"{stem[: _MOST_NAME - 5].strip('-')}-{number}"
    return name


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user says of an exclusion."""

    path: str = ""
    """In place of the event's; "" is that."""
    location: str = ""
    any_index: bool = False
    expires: float | None = None
    reason: str = ""


def narrowest(path: str, finding: Finding, wish: Wish, taken: Collection[str]) -> Exclusion:
    """Return the exclusion of one finding on a path; raises NotNarrowError."""
    prefix = wish.path or narrow_path(path).prefix
    location = wish.location or narrow_location(finding.location, any_index=wish.any_index)
    return Exclusion(
        prefix, location, finding.detector, narrow_name(prefix, finding, taken), wish.expires,
        wish.reason,
    )  # fmt: skip
