"""What is odd about a policy that is valid: it may not do what its author thinks."""

import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ctl.policy.source import Known
from kysira.paths import is_under
from kysira.policy_text import timestamp
from kysira.routes import Route
from kysira.types import Exclusion, Mode, Place

SOON_S = 7 * 24 * 3600.0
_EXAMPLES = ("", ":q", ":user.name", ":Äb_1[0]", ":0", ":x-y z")
"""Names of all kinds: what holds each of them holds any."""
_NAMELESS = (Place.PATH, Place.BODY, Place.XML)
"""Places that are a value themselves."""
_INDEX = re.compile(r"\w\[(?!\[\])[^\]]*\]")
_MOST_LABEL = 63


@dataclass(frozen=True, slots=True)
class Warn:
    """One thing that is odd, and where it is said."""

    part: str
    """``exclusions`` or ``routes``."""
    place: int
    """In that list."""
    text: str
    line: int = 0
    """0 where there is no file."""

    def told(self, name: str) -> str:
        """Return it for people: ``kysira.yaml:12: exclusions[0]: …``."""
        where = f"{name}:{self.line}" if self.line else name
        return f"{where}: {self.part}[{self.place}]: {self.text}"


def warnings_of(known: Known, now: float) -> list[Warn]:
    """Return what is odd, in the order of the file."""
    policy = known.policy
    odd = [("routes", n, text) for n, text in _of_routes(policy.routes, policy.mode)]
    for n, each in enumerate(policy.exclusions):
        found = _of_exclusion(each, policy.options.disabled, now)
        odd += [("exclusions", n, text) for text in found]
    told = [Warn(part, n, text, known.lines.get((part, n), 0)) for part, n, text in odd]
    return sorted(told, key=lambda each: each.line)


def _of_exclusion(each: Exclusion, disabled: frozenset[str], now: float) -> Iterator[str]:
    name = each.name
    if each.has_expired(now):
        yield f"{name} expired at {timestamp(each.expires or 0)}: it has no effect"
    elif each.has_expired(now + SOON_S):
        yield f"{name} expires soon, at {timestamp(each.expires or 0)}"
    places = [place for place in Place if _holds_all(each.location, place)]
    where = "everywhere" if each.path_prefix == "/" else f"under {each.path_prefix}"
    what = "every detector is" if each.detector == "*" else f"{each.detector} is"
    if len(places) == len(Place):
        if each.path_prefix == "/" or each.detector == "*":
            yield f"{name} is broad: {what} switched off {where}"
    elif places and each.path_prefix == "/":
        yield f"{name} is broad: {what} switched off in every {', '.join(places)}, on all paths"
    if not any(_may_hold(each.location, place) for place in Place):
        yield f"{name} never counts: no location begins like {each.location!r}; {_places()}"
    elif _INDEX.search(each.location) and not fnmatchcase(each.location, each.location):
        yield (
            f"{name}: brackets in {each.location!r} are a shell's, for one of several characters; "
            f"write [[] for a bracket: {each.location.replace('[', '[[]')!r}"
        )
    if each.detector in disabled:
        yield f"{name} never counts: {each.detector} is switched off"


def _holds_all(pattern: str, place: Place) -> bool:
    names = _EXAMPLES if place in _NAMELESS else _EXAMPLES[1:]
    return all(fnmatchcase(place.value + name, pattern) for name in names)


def _may_hold(pattern: str, place: Place) -> bool:
    """Return True when some location in the place may fit: what is before ":" decides."""
    head = pattern.partition(":")[0]
    is_whole = ":" in pattern or not any(sign in head for sign in "*?[")
    return fnmatchcase(place.value, head) if is_whole else _begins(head, place.value)


def _begins(pattern: str, word: str) -> bool:
    fixed = pattern[: min(at for at in map(pattern.find, "*?[") if at >= 0)]
    return word.startswith(fixed) or fixed.startswith(f"{word}:")


def _places() -> str:
    return f"there are {', '.join(place.value for place in Place)}"


def _of_routes(routes: Sequence[Route], mode: Mode) -> Iterator[tuple[int, str]]:
    for n, route in enumerate(routes):
        if earlier := _taken_by(route, routes[:n]):
            yield n, f"{route.name} never matches: all that it would is for {earlier}"
        if route.mode is Mode.ACTIVE and mode is Mode.SHADOW:
            yield n, f"{route.name} is not active: mode is shadow, which beats a route's active"
        if problem := _host_problem(route.host):
            yield n, f"{route.name} never matches: {problem}"


def _taken_by(route: Route, earlier: Sequence[Route]) -> str:
    """Return the names of the earlier routes that leave nothing to this one, "" for none."""
    around = [
        each
        for each in earlier
        if is_under(route.path, each.path) and _is_host_within(route.host, each.host)
    ]
    for each in around:
        if not each.methods or (route.methods and route.methods <= each.methods):
            return each.name
    together = frozenset().union(*(each.methods for each in around))
    if route.methods and route.methods <= together:
        return " and ".join(each.name for each in around if each.methods & route.methods)
    return ""


def _is_host_within(host: str, outer: str) -> bool:
    if not outer or host == outer:
        return True
    if not host or not outer.startswith("*."):
        return False
    return host.removeprefix("*").endswith(outer[1:]) and len(host) > len(outer[1:])


def _host_problem(host: str) -> str:
    """Return why no client can name such a host, "" when one can (RFC 1123 §2.1)."""
    name = host.removeprefix("*.")
    if not name:
        return ""
    if name.startswith("["):
        is_known = not host.startswith("*.") and _is(ipaddress.IPv6Address, name.strip("[]"))
        return "" if is_known else f"{host!r} is no IPv6 address"
    if any(len(label) > _MOST_LABEL for label in name.split(".")):
        return f"a part of {host!r} is longer than {_MOST_LABEL} characters"
    if not name.rpartition(".")[2].isdigit():
        return ""
    is_address = not host.startswith("*.") and _is(ipaddress.IPv4Address, name)
    return "" if is_address else f"{host!r} ends like an IP address and is none"


def _is(kind: Callable[[str], object], text: str) -> bool:
    try:
        kind(text)
    except ValueError:
        return False
    return True
