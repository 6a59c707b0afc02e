"""The path of a request as different apps may read it, and whether it is under a prefix.

A client chooses how it writes a path: ``/%61dmin``, ``//admin``, ``/x/..;/admin``. Whoever decides
by paths has to take all of these for what some app behind takes them for.
"""

import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from kysira.request_target import origin_form

_PLAIN = re.compile(rb"(?:/(?!\.{1,2}(?:/|$))[\w.~!$&'()*+,=:@-]++)*+/?+", re.ASCII)
"""A path that is read one way alone; no client needs another for letters and digits."""
_NEEDED = re.compile(
    rb"%(?![46][1-9A-Fa-f]|[57][0-9Aa]|3[0-9]|2[Dd]|2[Ee]|5[Ff]"  # letters, digits, - . _
    rb"|2[35Ff]|3[BbFf]|5[Cc])[0-9A-Fa-f]{2}"  # and # % / ; ? \\
)
"""An escape that a client has reason to write, of a character that has no meaning in a path."""
_ODD_DOTS = re.compile(
    rb"[\xc0\xc1]|\xe0[\x80-\x9f]|\xf0[\x80-\x8f]|\xef\xbc[\x8e\x8f\xbc]|%[uU][0-9A-Fa-f]{4}"
)
"""Overlong UTF-8 (RFC 3629 §10), full-width dots and slashes and ``%u002e``: some servers fold
them."""
_CLIMB = re.compile(rb"(?:^|[/\\])[ \t\r\n\0]*+\.{1,2}[ \t\r\n\0]*(?:[/\\;#?\0\r\n]|\Z)")
"""A name of dots, whatever ends it; some servers drop blanks around them."""
_SIGNS = re.compile(rb"(;)|(\\)|(#)|(%(?:2[35Ff]|3[BbFf]|5[Cc]))")
"""What some servers give a meaning in a path; the last of them in an escape."""
_ENDS = re.compile(rb"[#?\0\r\n]")
"""What ends a path: a fragment, a query that was encoded, and in C and its like a zero byte."""
_BLANKS = b" \t\r\n\0"
_NO_PATH = re.compile(rb"\*|[\w.~-]+:[0-9]+|\[[0-9A-Fa-f:.]+\]:[0-9]+", re.ASCII)
"""The target of OPTIONS and of CONNECT (RFC 9112 §3.2.3)."""
_ABSOLUTE = re.compile(rb"https?://[\w.~:@\[\]-]+(?=[/?]|\Z)", re.ASCII | re.IGNORECASE)
_ODD_HOST = re.compile(rb"[/\\]{2}.*\\|/?\\", re.DOTALL)
"""What begins like a host, with a backslash: where that ends is anybody's guess."""
_LONGEST = 2048
"""Bytes of an odd path that are looked at: a longer one is nobody's in earnest."""
_DECODINGS = 3
"""A path that the last of as many still changes is nobody's in earnest either."""


class Readings(NamedTuple):
    """The paths that a request's may be, to one app or another."""

    paths: tuple[str, ...]
    is_anywhere: bool = False
    """True for a path that climbs: it may lead to any."""

    @property
    def are_one(self) -> bool:
        """Return True for a path that every app reads alike."""
        return len(self.paths) == 1 and not self.is_anywhere

    def are_under(self, prefix: str) -> bool:
        """Return True when every app reads a path under the prefix."""
        if self.is_anywhere:
            return prefix == "/"
        if len(self.paths) == 1:  # as of most requests
            return is_under(self.paths[0], prefix)
        return all(is_under(path, prefix) for path in self.paths)

    def may_be_under(self, prefix: str) -> bool:
        """Return True when some app may read a path under the prefix."""
        return self.is_anywhere or any(is_under(path, prefix) for path in self.paths)


def is_under(path: str, prefix: str) -> bool:
    """Return True for the prefix itself and what is below it, by whole segments.

    ``/api`` and ``/api/`` hold ``/api`` and ``/api/x``, never ``/apis``
    (https://gateway-api.sigs.k8s.io/reference/spec/#httppathmatch). "/" holds every request.
    """
    if prefix.endswith("/"):
        prefix = prefix[:-1]
        if not prefix:
            return True
    return path.startswith(prefix) and (len(path) == len(prefix) or path[len(prefix)] == "/")


def readings(target: bytes) -> Readings:
    """Return what the path of a request target may be read as."""
    if not target.startswith((b"/", b"?")) and _is_strange(target):
        return _ANYWHERE
    path = origin_form(target).partition(b"?")[0]
    if _PLAIN.fullmatch(path):
        return Readings((path.decode("ascii"),))
    return _odd_readings(path)


_ANYWHERE = Readings(("/",), is_anywhere=True)


def _is_strange(target: bytes) -> bool:
    """Return True for what is no target: an app that takes it may read any path in it."""
    return bool(target) and not _ABSOLUTE.match(target) and not _NO_PATH.fullmatch(target)


def _odd_readings(path: bytes) -> Readings:
    if len(path) > _LONGEST:
        return _ANYWHERE
    forms = [path]
    while len(forms) <= _DECODINGS and b"%" in forms[-1]:
        forms.append(unquote_to_bytes(forms[-1]))
    known = [_NEEDED.sub(_unquoted, path)]
    for form in dict.fromkeys(forms[1:] or forms):
        known += _read(form)
    for rest in dict.fromkeys(map(_behind_host, forms)):
        known += [] if rest is None else _read(unquote_to_bytes(rest)) + _read(rest)
    paths = dict.fromkeys([each.decode("utf-8", "replace") for each in known])
    last = forms[-1]
    is_anywhere = (
        (len(forms) > _DECODINGS and forms[-1] != forms[-2])
        or _CLIMB.search(last) is not None
        or _ODD_DOTS.search(last) is not None
        or _ODD_HOST.match(last) is not None
        or _is_tangled(path)
    )
    return Readings(tuple(paths), is_anywhere)


def _is_tangled(path: bytes) -> bool:
    """Return True for a path with several kinds of signs: what it is depends on the order.

    A server that cuts parameters before it decodes reads ``/;%2fx/y`` as ``/y``, one that does so
    after as ``/x/y``.
    """
    return len({match.lastindex for match in _SIGNS.finditer(path)}) > 1


def _unquoted(match: re.Match[bytes]) -> bytes:
    return unquote_to_bytes(match[0])


def _read(path: bytes) -> list[bytes]:
    """Return what a decoded path is to several kinds of servers."""
    bold = _bold(path)
    return [path, _merged(path), bold, _cut(bold), _bold(_cut(path))]


def _bold(path: bytes) -> bytes:
    """Return the path of a server to which backslashes are slashes, and names have parameters.

    Those (``/a;x=1/b``) are none of the name, and neither are blanks around it.
    """
    names = path.replace(b"\\", b"/").split(b"/")
    return _merged(b"/".join([name.partition(b";")[0].strip(_BLANKS) for name in names]))


def _cut(path: bytes) -> bytes:
    return _ENDS.split(path, maxsplit=1)[0]


def _behind_host(path: bytes) -> bytes | None:
    """Return the path to those that take ``//x/admin`` for ``/admin`` of the host x, if it is so.

    RFC 3986 §4.2 says so of a reference, and urlsplit() and ``new URL()`` are given targets.
    """
    return b"/" + path.lstrip(b"/").partition(b"/")[2] if path.startswith(b"//") else None


def _merged(path: bytes) -> bytes:
    return re.sub(rb"//+", b"/", path)


def read_prefix(text: str) -> str:
    """Return a prefix as it is compared, without its last slash; raises ValueError saying why not.

    It may be written as a person reads it or as a browser sends it: ``/café`` or ``/caf%C3%A9``.
    """
    if not text.startswith("/"):
        raise ValueError(f"{text!r} must begin with a slash")
    path = text.rstrip("/").encode("utf-8", "surrogateescape")
    known = _odd_readings(path)
    prefix = unquote_to_bytes(path).decode("utf-8", "replace")
    if known.is_anywhere or set(known.paths) != {prefix}:
        raise ValueError(f"{text!r} can be read in more than one way: write it plainly")
    return prefix or "/"
