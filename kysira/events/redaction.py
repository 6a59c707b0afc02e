"""Redaction: what of a request may be shown to whoever reads events."""

import enum
from functools import lru_cache
from typing import NamedTuple

from kysira.events.secret_signs import (
    LONGEST_NAME,
    SHORT,
    decoded,
    is_random,
    is_secret_name,
    looks_secret,
    may_hold_known_secret,
    random_runs,
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
_CACHED_QUERY = 512
"""Bytes of the longest queries whose names are remembered as a whole."""
_mask = MASK.encode()
_NO_MARKS = bytes(code for code in range(0x20, 0x7F) if code not in b"&=:")
"""What is shown as it is, and says nothing of where in a query a name or a value may begin."""
_PAIRS = b"=&" * MAX_SHOWN
"""What is left without it of a query of names and values, and of a longer one."""
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
    if not is_cut and _hides_nothing(path):  # as most
        return Shown(_printable(path), True)
    segments = path[:_READ].split(b"/")
    masked = [_mask if _looks_secret(segment) else segment for segment in segments]
    is_whole = not is_cut and masked == segments
    if is_cut and masked[-1] is segments[-1]:
        masked[-1] = masked[-1][:-_EDGE]
    return Shown(_printable(b"/".join(masked), is_cut=is_cut), is_whole)


def _hides_nothing(path: bytes) -> bool:
    """Return True when no segment of the path looks secret, False also when it takes a closer look.

    To tell so for all segments at once costs less than to look at each.
    """
    plain = path
    if b"%" in path:
        plain = decoded(path)
        if b"%" in plain or plain.count(b"/") != path.count(b"/"):
            return False
    if b"=" in plain or b":" in plain:  # may stand between a name and a secret
        return False
    if max(map(len, plain.split(b"/"))) <= SHORT:
        return True
    # A slash may be a part of what looks random, but not one between two segments.
    return not may_hold_known_secret(plain) and not random_runs(plain.replace(b"/", b"&"))


def shown_query(query: bytes, *, is_cut: bool = False) -> Shown:
    """Return a query, as sent, printable and cut, without values that are or look secret."""
    if not is_cut and len(query) <= MAX_SHOWN:
        shown = _at_a_glance(query)
        if shown is not None:  # as of most
            return shown
    return _pair_by_pair(query, is_cut=is_cut)


def _at_a_glance(query: bytes) -> Shown | None:
    """Return what ``_pair_by_pair`` does, for a third; None says that it takes a closer look.

    One look at the whole tells that no value in it is a secret, but for one of a secret's name
    and one that looks random.
    """
    marks = query.translate(None, _NO_MARKS)
    if not (_PAIRS.startswith(marks) and marks.endswith(b"=")):
        return None  # not just names and values
    plain = decoded(query) if b"%" in query else query
    fields = plain.replace(b"&", b"=").split(b"=")
    if len(fields) != len(marks) + 1:
        return None  # some more of them are encoded
    if plain is not query and (b"%" in plain or b":" in plain or _may_have_long_name(query)):
        return None
    if may_hold_known_secret(plain):
        return None
    names = tuple(fields[::2])
    hidden = _secret_names(names) if len(query) <= _CACHED_QUERY else _find_secret_names(names)
    if hidden is None:
        return None
    is_whole = True
    if runs := random_runs(plain):
        random = _with_random_value(fields, runs)
        is_whole = random <= hidden
        hidden |= random
    text = _masked_query(query, hidden) if hidden else query
    return Shown(text.decode("ascii"), is_whole) if len(text) <= MAX_SHOWN else None


def _may_have_long_name(query: bytes) -> bool:
    """Return True when a name may be called a secret unread, for its length as it was sent."""
    return len(query) > LONGEST_NAME and max(map(len, query.split(b"&"))) > LONGEST_NAME


def _with_random_value(fields: list[bytes], runs: list[bytes]) -> frozenset[int]:
    """Return which pairs have a value that looks random: only one that holds one of the runs."""
    values = enumerate(fields[1::2])
    held = {(at, value) for at, value in values for run in runs if run in value}
    return frozenset([at for at, value in held if is_random(value)])


def _masked_query(query: bytes, hidden: frozenset[int]) -> bytes:
    pairs = query.split(b"&")
    for at in hidden:
        name, _, value = pairs[at].partition(b"=")
        if value:
            pairs[at] = name + b"=" + _mask
    return b"&".join(pairs)


def _pair_by_pair(query: bytes, *, is_cut: bool) -> Shown:
    pairs = query.split(b"&")
    last = pairs[-1] if is_cut else None
    shown: list[bytes] = []
    size, is_whole = 0, not is_cut
    for pair in pairs:
        name, _, value = pair.partition(b"=")
        sort = _sort_of_name(name) if len(name) <= _CACHED else _read_name(name)
        text = pair
        if sort is not _Name.PLAIN or _is_long_or_odd(value):
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


def _find_secret_names(names: tuple[bytes, ...]) -> frozenset[int] | None:
    """Return which names say that their value is a secret; None when one looks like one itself."""
    sorts = [_sort_of_name(name) if len(name) <= _CACHED else _read_name(name) for name in names]
    if _Name.VALUE in sorts:
        return None
    return frozenset([at for at, sort in enumerate(sorts) if sort is _Name.SECRET])


_secret_names = lru_cache(1024)(_find_secret_names)


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
