"""Fields: every attacker-controlled value of a request, with the place it was taken from."""

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from kysira.types import Place, Request

# What the data path has parsed and rebuilt, or what is the request line's.
_UNREAD_HEADERS = frozenset(
    {":method", ":path", ":scheme", ":protocol", "content-length", "transfer-encoding"}
)
_DULL_HEADERS = frozenset({":authority", "host", "connection", "te", "upgrade", "date"})
"""Headers whose ordinary values are not worth a scan."""
_ODD = re.compile(rb"[^\w .,:\[\]-]")

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
        elif is_plain(value) or name in _UNREAD_HEADERS:
            continue
        elif name not in _DULL_HEADERS or _ODD.search(value):
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
    has_comment = False
    for pair in text.split(b"&"):
        if is_plain(pair):
            continue
        name, _, value = pair.partition(b"=")
        if not name.isalnum():
            name = _unquote_plus(name)
            if not _is_plain_name(name):
                yield Field(place, name.decode("utf-8", "replace"), name)
        if is_plain(value):
            continue
        value = _unquote_plus(value)
        has_comment = has_comment or b"*/" in value
        yield Field(place, name.decode("utf-8", "replace"), value)
    if has_comment:
        yield from _joined_fields(place, text)


def _joined_fields(place: Place, text: bytes) -> Iterator[Field]:
    """Yield the values of equal names as one: ASP.NET and others join them by commas.

    An attack split over them needs comments to hide the commas (OWASP HTTP parameter pollution).
    """
    values: dict[bytes, list[bytes]] = {}
    for pair in text.split(b"&"):
        name, _, value = pair.partition(b"=")
        values.setdefault(_unquote_plus(name), []).append(_unquote_plus(value))
    for name, parts in values.items():
        if len(parts) > 1:
            yield Field(place, name.decode("utf-8", "replace"), b",".join(parts))


def _is_plain_name(name: bytes) -> bool:
    return is_plain(name) or name.replace(b"_", b"").isalnum()


def _unquote_plus(text: bytes) -> bytes:
    if b"+" in text:
        text = text.replace(b"+", b" ")
    return unquote_to_bytes(text) if b"%" in text else text


def _cookie_fields(header: bytes) -> Iterator[Field]:
    for pair in header.split(b";"):
        name, _, value = pair.strip().partition(b"=")
        label = name.decode("utf-8", "replace")
        if not _is_plain_name(name):
            yield Field(Place.COOKIE, label, name)
        if not is_plain(value):
            yield Field(Place.COOKIE, label, value)
