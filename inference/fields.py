"""Fields: every attacker-controlled value of a request, with the place it was taken from."""

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from kysira.types import Place, Request

_UNREAD_HEADERS = frozenset(
    {
        # Framing and negotiation that the data path itself has already parsed and rebuilt.
        ":method", ":path", ":scheme", ":authority", ":protocol", "host", "content-length",
        "transfer-encoding", "connection", "te", "upgrade", "date",
    }
)  # fmt: skip

_SHORT = 16
"""No detector can match fewer than this many letters and digits alone."""


class Field(NamedTuple):
    """One value; ``value`` has lost the encoding of its container (percent, JSON escapes)."""

    place: Place
    name: str
    value: bytes

    @property
    def location(self) -> str:
        """Return the field's address, e.g. ``query:q``; a long or binary name is shortened."""
        name = "".join(char if char.isprintable() else "?" for char in self.name[:64])
        return f"{self.place.value}:{name}" if name else self.place.value


def is_plain(value: bytes) -> bool:
    """Return True for a value too short and plain for any detector to match."""
    return len(value) < _SHORT and (not value or value.isalnum())


def head_fields(request: Request) -> Iterator[Field]:
    """Yield the fields of the request line and the headers."""
    path, _, query = request.target.partition(b"?")
    yield from _path_fields(path)
    if query:
        yield from pair_fields(Place.QUERY, query)
    for name, value in request.headers:
        if name == "cookie":
            yield from _cookie_fields(value)
        elif name not in _UNREAD_HEADERS and not is_plain(value):
            yield Field(Place.HEADER, name, value)


def _path_fields(path: bytes) -> Iterator[Field]:
    if len(path) < 2:
        return
    yield Field(Place.PATH, "", path)
    # A whole path never decodes as base64, one segment of it may.
    for number, segment in enumerate(path.split(b"/")):
        if len(segment) >= _SHORT:
            yield Field(Place.PATH, str(number), segment)


def pair_fields(place: Place, text: bytes) -> Iterator[Field]:
    """Yield the values, and the names that are not plain, of ``a=1&b=2`` (WHATWG URL §5.1)."""
    for pair in text.split(b"&"):
        raw_name, _, raw_value = pair.partition(b"=")
        name = _unquote_plus(raw_name)
        value = _unquote_plus(raw_value)
        label = name.decode("utf-8", "replace")
        if not is_plain(name) and not name.replace(b"_", b"").isalnum():
            yield Field(place, label, name)
        if not is_plain(value):
            yield Field(place, label, value)


def _unquote_plus(text: bytes) -> bytes:
    if b"+" in text:
        text = text.replace(b"+", b" ")
    return unquote_to_bytes(text) if b"%" in text else text


def _cookie_fields(header: bytes) -> Iterator[Field]:
    for pair in header.split(b";"):
        name, _, value = pair.strip().partition(b"=")
        label = name.decode("utf-8", "replace")
        if not is_plain(name) and not name.replace(b"_", b"").isalnum():
            yield Field(Place.COOKIE, label, name)
        if not is_plain(value):
            yield Field(Place.COOKIE, label, value)
