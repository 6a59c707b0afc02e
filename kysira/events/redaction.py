"""Redaction: what of a request may be shown to whoever reads events."""

import enum
from functools import lru_cache
from typing import NamedTuple

from kysira.events.secret_signs import (
    LONGEST_NAME,
    SHORT,
    decoded,
    is_known_secret,
    is_random,
    is_secret_name,
    looks_secret,
)
from kysira.types import MAX_MATCHED, Finding, Place

MASK = "[masked]"
CUT = "…"
MAX_SHOWN = 2048
"""Characters of a path, and of a query, that are shown."""
_MAX_LOCATION = 128
_MARGIN = 1024
"""Bytes that are looked at beyond what can be shown, so that no part of a secret is."""
_READ = MAX_SHOWN + _MARGIN
_EDGE = 256
"""Bytes before a cut that are not shown: what is left of a secret may not look like one."""
_CACHED = 64
"""Bytes of the longest names whose sort is remembered."""
_mask = MASK.encode()
_OPEN_PLACES = frozenset({Place.PATH.value, Place.QUERY.value})
"""Where a value is shown unless it looks secret. Bodies, cookies and headers never are."""
_NAME_PUNCTUATION = frozenset("._-[]$@:/*#")


class Shown(NamedTuple):
    """What may be seen of a text."""

    text: str
    is_whole: bool
    """False when some value was masked for its looks, or was cut off and not looked at."""


def shown_path(path: bytes, *, is_cut: bool = False) -> Shown:
    """Return a path, as sent, printable and cut, without segments that look secret."""
    is_cut = is_cut or len(path) > _READ
    segments = path[:_READ].split(b"/")
    plain = None if is_cut or b"=" in path else _at_a_glance(path, segments, b"/=")
    if plain and not any(map(_looks_random, plain)):  # as of most
        return Shown(_printable(path), True)
    masked = [_mask if _looks_secret(segment) else segment for segment in segments]
    is_whole = not is_cut and masked == segments
    if is_cut and masked[-1] is segments[-1]:
        masked[-1] = masked[-1][:-_EDGE]
    return Shown(_printable(b"/".join(masked), is_cut=is_cut), is_whole)


def shown_query(query: bytes, *, is_cut: bool = False) -> Shown:
    """Return a query, as sent, printable and cut, without values that are or look secret."""
    pairs = query.split(b"&")
    last = pairs[-1] if is_cut else None
    plain = None if is_cut or len(query) > MAX_SHOWN else _at_a_glance(query, pairs, b"&=")
    may_be_secret = _is_long_or_odd if plain is None else _looks_random
    shown: list[bytes] = []
    size, is_whole = 0, not is_cut
    for pair, pair_read in zip(pairs, plain or pairs, strict=True):
        name, _, value = pair_read.partition(b"=")
        sort = _sort_of_name(name) if len(name) <= _CACHED else _read_name(name)
        text = pair
        if sort is not _Name.PLAIN or may_be_secret(value):
            text = _masked_pair(pair, sort)
            is_whole = is_whole and (text is pair or sort is _Name.SECRET)
        shown.append(text)
        size += len(text) + 1
        if size > MAX_SHOWN + 1:
            is_whole, is_cut = False, True
            break
    if shown[-1] is last:
        shown[-1] = shown[-1][:-_EDGE]
    return Shown(_printable(b"&".join(shown), is_cut=is_cut), is_whole)


def _at_a_glance(text: bytes, parts: list[bytes], separators: bytes) -> list[bytes] | None:
    """Return the parts decoded when all that can make one of them a secret is to look random.

    To tell so for all parts at once costs less than to look at each; None says: do that.
    """
    plain = decoded(text) if b"%" in text else text
    if b"%" in plain or b":" in plain:
        return None
    longest = max(map(len, parts))
    if longest > SHORT and is_known_secret(plain):
        return None
    if plain is text:
        return parts
    if longest > LONGEST_NAME:
        return None
    for code in separators:
        if plain.count(code) != text.count(code):
            return None
    return plain.split(separators[:1])


def _looks_random(text: bytes) -> bool:
    """Return False for a part, seen at a glance, that is no secret."""
    return b"=" in text or (len(text) > SHORT and is_random(text))


class _Name(enum.Enum):
    """What a name says of its value."""

    PLAIN = enum.auto()
    SECRET = enum.auto()
    """The value is one."""
    VALUE = enum.auto()
    """It looks like a secret itself."""


def _read_name(name: bytes) -> _Name:
    if _looks_secret(name):
        return _Name.VALUE
    return _Name.SECRET if is_secret_name(name) else _Name.PLAIN


_sort_of_name = lru_cache(4096)(_read_name)


def _masked_pair(pair: bytes, sort: _Name) -> bytes:
    """Return ``name=value`` as it may be seen: the same object when that is all of it."""
    name, equals, value = pair.partition(b"=")
    if sort is _Name.VALUE:
        name = _mask
    elif not value or (sort is _Name.PLAIN and not _looks_secret(value)):
        return pair
    return name + equals + (_mask if value else b"")


def _looks_secret(text: bytes) -> bool:
    return _is_long_or_odd(text) and looks_secret(text[:_READ])


def _is_long_or_odd(text: bytes) -> bool:
    """Return False for what is no secret, whatever it says."""
    return len(text) > SHORT or b"%" in text or b"=" in text or b":" in text


def shown_location(location: str) -> str:
    """Return where a finding was, without a name that is itself a value."""
    place, _, name = location.partition(":")
    if looks_secret(name.encode("utf-8", "replace")):
        return f"{place}:{MASK}"
    if place in _OPEN_PLACES or _is_name(name):
        return printable(location, _MAX_LOCATION)
    return f"{place}:{shape(name)}"


def _is_name(name: str) -> bool:
    return all(char.isalnum() or char in _NAME_PUNCTUATION for char in name)


def shown_match(finding: Finding, *, is_whole: bool) -> str:
    """Return what a finding is of, or its shape alone where the text may be a secret.

    ``is_whole`` is what was said of the path or query that the finding was in.
    """
    place, _, name = finding.location.partition(":")
    text = finding.matched[:MAX_MATCHED]
    is_open = (
        is_whole
        and place in _OPEN_PLACES
        and len(name) < MAX_MATCHED  # a longer name was cut, and with it what it says
        and not is_secret_name(name.encode("utf-8", "replace"))
        and not looks_secret(text.encode("utf-8", "replace"))
    )
    return printable(text, MAX_MATCHED) if is_open else shape(text)


def shape(text: str) -> str:
    """Return the text with x for every letter and 0 for every digit; punctuation stays."""
    return "".join(map(_shape_of, text[:MAX_MATCHED]))


def _shape_of(char: str) -> str:
    if char.isalpha():
        return "x"
    if char.isnumeric():
        return "0"
    return char if char.isascii() and char.isprintable() else " " if char.isspace() else "?"


def _printable(text: bytes, *, is_cut: bool = False) -> str:
    return printable(text.decode("utf-8", "replace"), MAX_SHOWN, is_cut=is_cut)


def printable(text: str, limit: int, *, is_cut: bool = False) -> str:
    """Return the text without controls, at most ``limit`` characters; a mark says it was cut."""
    if len(text) <= limit and not is_cut and text.isprintable():  # as most are
        return text
    if is_cut or len(text) > limit:
        text = text[: limit - 1] + CUT
    return "".join(char if char.isprintable() else "?" for char in text)
