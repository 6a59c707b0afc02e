"""Which exclusion holds for a finding: the same for the engine and for who reads events later."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from kysira.paths import Readings
from kysira.types import Exclusion, Place

_CHAT_PLACES = frozenset({Place.CHAT, Place.TOOL})


def excluded_by(
    detector: str, location: str, paths: Readings, exclusions: Iterable[Exclusion]
) -> Exclusion | None:
    """Return the first exclusion that says that the detector's findings there don't count."""
    for exclusion in exclusions:
        if (
            exclusion.detector in ("*", detector)
            and paths.are_under(exclusion.path_prefix)
            and covers(exclusion.location, location)
        ):
            return exclusion
    return None


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
