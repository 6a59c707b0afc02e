"""Which events are meant: readers of what a user says, each of which makes a test of an event."""

import difflib
import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from urllib.parse import unquote

from ctl.events.record import Record
from kysira.paths import is_under
from kysira.types import Action

Test = Callable[[Record], bool]
ACTIONS: Mapping[str, frozenset[str]] = {
    "flagged": frozenset({Action.SHADOW_KILL, Action.ACTIVE_KILL}),
    "killed": frozenset({Action.ACTIVE_KILL}),
    "all": frozenset(action.value for action in Action),
    **{action.value: frozenset({action.value}) for action in Action},
}
"""What ``--action`` takes: the metrics' words and the events' own."""
_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Filter:
    """Lets an event through that every test lets through."""

    tests: tuple[Test, ...] = ()

    def __call__(self, event: Record) -> bool:
        """Return True for an event that is meant."""
        return all(test(event) for test in self.tests)


def read_actions(text: str) -> frozenset[str]:
    """Return the actions of ``killed`` or ``killed,error``."""
    found: set[str] = set()
    for word in text.lower().split(","):
        if word not in ACTIONS:
            close = difflib.get_close_matches(word, ACTIONS, n=1)
            hint = f"is it {close[0]}?" if close else f"there are {', '.join(ACTIONS)}"
            raise ValueError(f"no action is called {word!r}; {hint}")
        found |= ACTIONS[word]
    return frozenset(found)


def has_action(actions: frozenset[str]) -> Test:
    """Return the test for what became of the request."""
    return lambda event: event.row["action"] in actions


def has_detector(slugs: frozenset[str]) -> Test:
    """Return the test for a finding of one of the detectors, whether or not it decided."""

    def test(event: Record) -> bool:
        return event.text("detector") in slugs or any(
            found.get("detector") in slugs for found in event.findings
        )

    return test


def has_score(least: float, most: float) -> Test:
    """Return the test for a score between two, both included."""
    return lambda event: least <= event.number("score") <= most


def is_path(text: str) -> Test:
    """Return the test for a path under a prefix, or like a pattern when it is one.

    A prefix is one of whole segments, as in policies. The path is compared as it was sent, and
    with its escapes undone. Raises ValueError.
    """
    if not text.startswith(("/", "*")):
        raise ValueError(f"{text!r} must begin with a slash, or a * as in *.php")
    if _GLOB.search(text):
        is_like = re.compile(translate(text)).match
        return lambda event: any(is_like(path) for path in _paths(event))
    prefix = text.rstrip("/") or "/"
    return lambda event: any(is_under(path, prefix) for path in _paths(event))


def _paths(event: Record) -> tuple[str, ...]:
    path = event.text("path")
    return (path, unquote(path)) if "%" in path else (path,)


def is_host(text: str) -> Test:
    """Return the test for a host, with its port or without; ``*.shop.example`` is any below."""
    is_like = re.compile(translate(text.lower())).match

    def test(event: Record) -> bool:
        host = event.text("host").lower()
        return bool(is_like(host) or is_like(re.sub(r":\d*$", "", host)))

    return test


def is_from(text: str) -> Test:
    """Return the test for a client's address, or a network that holds it; raises ValueError."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is no address or network, such as 192.0.2.0/24") from None

    def test(event: Record) -> bool:
        address = _address(event.text("source_ip"))
        return address is not None and address.version == network.version and address in network

    return test


@lru_cache(4096)
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_text(key: str, texts: Iterable[str]) -> Test:
    """Return the test for a field that is one of the texts, in whatever case."""
    wanted = frozenset(text.lower() for text in texts)
    return lambda event: event.text(key).lower() in wanted


def has_reason(text: str) -> Test:
    """Return the test for a reason that holds a text: the event's, or one of its findings'."""
    part = text.lower()

    def test(event: Record) -> bool:
        return part in event.text("reason").lower() or any(
            part in str(found.get("reason", "")).lower() for found in event.findings
        )

    return test


def is_between(since: float | None, until: float | None) -> Test:
    """Return the test for a time: from the first on, and before the second."""
    first = float("-inf") if since is None else since
    last = float("inf") if until is None else until
    return lambda event: first <= event.at < last


def is_uninspected(event: Record) -> bool:
    """Return True for a request of which some part was not read."""
    return bool(event.texts("uninspected"))


def any_of(tests: Iterable[Test]) -> Test:
    """Return the test that one of the tests is enough for."""
    each = tuple(tests)
    return lambda event: any(test(event) for test in each)
