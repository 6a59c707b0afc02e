"""Routes: which part of a policy a request falls under, by host, path and method."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from kysira.paths import Readings, is_under, readings
from kysira.request_target import origin_form
from kysira.settings import OnFailure
from kysira.types import Mode, Request

AMBIGUOUS = "?"
"""The name that is told where several routes may be meant; no route has it."""
_HOSTS = (":authority", "host")
_MAX_HOST = 255
"""A longer one is nobody's name, and not remembered."""


@dataclass(frozen=True, slots=True)
class Route:
    """What differs for the requests that match; None is what holds for all."""

    name: str
    host: str = ""
    """Lower case, without a port; ``*.shop.example`` is any name below; "" is every host."""
    path: str = "/"
    """A prefix by whole segments, as ``read_prefix`` returns it."""
    methods: frozenset[str] = field(default_factory=frozenset)
    """Upper case; none is every method."""
    mode: Mode | None = None
    threshold: float | None = None
    inspect_body: bool | None = None
    on_failure: OnFailure | None = None


class Match(NamedTuple):
    """The routes that a request may fall under, by their places in the list."""

    routes: tuple[int, ...]
    is_open: bool
    """True when it may fall under none of them, too."""


class Head(NamedTuple):
    """What routes look at."""

    hosts: tuple[str, ...]
    """More than one when the request names several: apps don't agree which of them counts."""
    method: str
    paths: Readings


def head_of(request: Request) -> Head:
    """Return what routes look at in a request."""
    target = request.target
    hosts = [_host(value) for name, value in request.headers if name in _HOSTS]
    if not target.startswith(b"/") and origin_form(target) is not target:
        hosts.append(_host(target.partition(b"://")[2].partition(b"/")[0].partition(b"?")[0]))
    known = tuple(hosts) if len(hosts) == 1 else tuple(dict.fromkeys(hosts)) or ("",)
    return Head(known, request.method.upper(), readings(target))


def _host(value: bytes) -> str:
    return _known_host(value) if len(value) <= _MAX_HOST else _read_host(value)


def _read_host(value: bytes) -> str:
    """Return the name without user, port and final dot (RFC 3986 §3.2, RFC 1034 §3.1)."""
    text = value.decode("latin-1").strip().lower().rpartition("@")[2]
    name, colon, port = text.rpartition(":")
    if colon and (port.isdigit() or not port):
        text = name
    return text.removesuffix(".")


_known_host = lru_cache(256)(_read_host)


def match(routes: Sequence[Route], head: Head) -> Match:
    """Return the first route that matches, and before it those that may."""
    if len(head.hosts) == 1 and head.paths.are_one:
        return _first(routes, head.method, head.hosts[0], head.paths.paths[0])
    found: list[int] = []
    for number, route in enumerate(routes):
        if route.methods and head.method not in route.methods:
            continue
        hosts = [_is_host(host, route.host) for host in head.hosts] if route.host else [True]
        if not any(hosts) or not head.paths.may_be_under(route.path):
            continue
        found.append(number)
        if all(hosts) and head.paths.are_under(route.path):
            return Match(tuple(found), is_open=False)
    return Match(tuple(found), is_open=True)


def _first(routes: Sequence[Route], method: str, host: str, path: str) -> Match:
    """Do the same for an ordinary request, in a tenth of a microsecond for each route."""
    for number, route in enumerate(routes):
        if route.methods and method not in route.methods:
            continue
        if route.host and not _is_host(host, route.host):
            continue
        if route.path == "/" or (path.startswith(route.path) and is_under(path, route.path)):
            return Match((number,), is_open=False)
    return _NONE


_NONE = Match((), is_open=True)


def _is_host(host: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and len(host) >= len(pattern)
    return host == pattern
