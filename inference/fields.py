"""Fields: every attacker-controlled value of a request, with the place it was taken from."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain
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

CHAT_PLACES = frozenset({Place.CHAT, Place.TOOL})
"""Of values that are made of a document's others, for the models: no rule reads them."""

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
    """Return True for a value too short and plain for any detector to match.

    Written out below where it is asked of every value of every request: a call costs more than it.
    """
    return len(value) < _SHORT and (not value or value.isalnum())


def head_fields(
    request: Request, headers: Sequence[tuple[str, bytes]] | None = None
) -> Iterator[Field]:
    """Return the fields of the request line and the headers, or of these of them."""
    path, _, query = request.target.partition(b"?")
    pairs = pair_fields(Place.QUERY, query) if query else ()
    headers = request.headers if headers is None else headers
    return chain(_path_fields(path), pairs, _header_fields(headers))


def _header_fields(headers: Sequence[tuple[str, bytes]]) -> list[Field]:
    found: list[Field] = []
    place = Place.HEADER
    for name, value in headers:
        if name in _UNREAD_HEADERS or (len(value) < _SHORT and (not value or value.isalnum())):
            continue
        if name == "cookie":
            found += _cookie_fields(value)
        elif name not in _DULL_HEADERS or _ODD.search(value):
            found.append(Field(place, name, value))
    return found


def _path_fields(path: bytes) -> list[Field]:
    if len(path) < 2:
        return []
    place = Place.PATH
    # A whole path never decodes as base64, one segment of it may.
    segments = enumerate(path.split(b"/"))
    return [
        Field(place, "", path),
        *[Field(place, str(n), text) for n, text in segments if len(text) >= _SHORT],
    ]


def pair_fields(place: Place, text: bytes) -> Iterator[Field]:
    """Yield the values, and the names that are not plain, of ``a=1&b=2`` (WHATWG URL §5.1)."""
    has_comment = False
    for pair in text.split(b"&"):
        name, _, value = pair.partition(b"=")
        if name and (len(name) >= _SHORT or not name.isalnum()):
            name = _unquote_plus(name)
            if _is_odd_name(name, value):
                yield Field(place, name.decode("utf-8", "replace"), name)
        if len(value) < _SHORT and (not value or value.isalnum()):
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


def _is_odd_name(name: bytes, value: bytes) -> bool:
    """Return True for a name that is to be read: no plain one, or one that may be the value."""
    if len(name) >= _SHORT and not value.strip(b"=\r\n"):  # as base64 ends
        return True
    return not is_plain(name) and not name.replace(b"_", b"").isalnum()


def _unquote_plus(text: bytes) -> bytes:
    if b"+" in text:
        text = text.replace(b"+", b" ")
    return unquote_to_bytes(text) if b"%" in text else text


def _cookie_fields(header: bytes) -> Iterator[Field]:
    place = Place.COOKIE
    for pair in header.split(b";"):
        name, _, value = pair.strip().partition(b"=")
        if (len(name) >= _SHORT or not name.isalnum()) and _is_odd_name(name, value):
            yield Field(place, name.decode("utf-8", "replace"), name)
        if len(value) >= _SHORT or (value and not value.isalnum()):
            yield Field(place, name.decode("utf-8", "replace"), value)
