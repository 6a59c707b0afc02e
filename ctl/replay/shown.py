"""What an event does not show: masked, cut, or given as a shape alone."""

from kysira.events.redaction import CUT, MASK, shown_location
from kysira.types import Place

_HIDDEN = (MASK, CUT, "?")
"""What stands in a path for what is not shown; a "?" of its own would end it."""
BODY_PLACES = frozenset(
    {
        Place.FORM, Place.JSON, Place.XML, Place.MULTIPART, Place.BODY, Place.CHAT, Place.TOOL,
    }
)  # fmt: skip
"""Places of a request's body."""


def known_path(path: str) -> str:
    """Return the path up to what an event hides, without a slash at its end; "" is the top."""
    segments = path.split("/")
    for number, segment in enumerate(segments):
        if any(sign in segment for sign in _HIDDEN):
            return "/".join(segments[:number])
    return path


def is_path_whole(path: str) -> bool:
    """Return True when an event's path is the request's."""
    return known_path(path) == path


def is_location_whole(location: str) -> bool:
    """Return True when an event's location is the finding's own.

    What is shown of a name that may itself be a value is a shape; a shape's is the shape again.
    """
    place, _, name = location.partition(":")
    if MASK in name or name.endswith(CUT):
        return False
    if place in (Place.PATH.value, Place.QUERY.value):
        return True
    return shown_location(f"{place}:a{name}") == f"{place}:a{name}"
