"""Routes: which part of a policy a request falls under, by host, path and method."""

import re
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
ANY_HOST = "?"
"""Stands for a host that is none, which an app may read as any; no host is called so."""
_HOSTS = (":authority", "host")
_HOST = re.compile(r"(\.?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]|)\.?(?::[0-9]*)?", re.ASCII)
_MOST_HOSTS = 4
"""More than anything in earnest names; each is compared with every route."""
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
    """More than one when the request names several: apps don't agree which of them counts.

    ANY_HOST is among them where what is named is no host.
    """
    method: str
    paths: Readings


def head_of(request: Request) -> Head:
    """Return what routes look at in a request."""
    target = request.target
    hosts = [_host(value) for name, value in request.headers if name in _HOSTS]
    if not target.startswith(b"/") and origin_form(target) is not target:
        hosts.append(_host(target.partition(b"://")[2].partition(b"/")[0].partition(b"?")[0]))
    known = tuple(hosts) if len(hosts) == 1 else tuple(dict.fromkeys(hosts)) or ("",)
    if len(known) > _MOST_HOSTS:
        known = (ANY_HOST,)
    return Head(known, request.method.upper(), readings(target))


def _host(value: bytes) -> str:
    return _known_host(value) if len(value) <= _MAX_HOST else _read_host(value)


def _read_host(value: bytes) -> str:
    """Return the name without port and final dot (RFC 3986 §3.2, RFC 1034 §3.1), or ANY_HOST.

    Servers stop reading at the first colon, comma, slash or blank, or go on: ``admin.example:x``.
    """
    match = _HOST.fullmatch(value.decode("latin-1").strip().lower())
    return match[1] if match else ANY_HOST


_known_host = lru_cache(256)(_read_host)


def match(routes: Sequence[Route], head: Head) -> Match:
    """Return the first route that matches, and before it those that may."""
    if len(head.hosts) == 1 and head.paths.are_one and head.hosts[0] != ANY_HOST:
        return _first(routes, head.method, head.hosts[0], head.paths.paths[0])
    found: list[int] = []
    for number, route in enumerate(routes):
        if route.methods and head.method not in route.methods:
            continue
        if not (_may_be_host(head.hosts, route.host) and head.paths.may_be_under(route.path)):
            continue
        found.append(number)
        is_host = not route.host or all(_is_host(host, route.host) for host in head.hosts)
        if is_host and head.paths.are_under(route.path):
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


def _may_be_host(hosts: Sequence[str], pattern: str) -> bool:
    return not pattern or any(host == ANY_HOST or _is_host(host, pattern) for host in hosts)


def _is_host(host: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and len(host) >= len(pattern)
    return host == pattern
