"""Reads what a service counts of itself, in Prometheus's text format."""

import re
import urllib.request
from dataclasses import dataclass

from benchmarks.processes import BenchmarkError

_TIMEOUT_S = 30
_SCORED = ("passed", "shadow_kill", "active_kill")


@dataclass(frozen=True, slots=True)
class Counts:
    """What a front-end has done with requests since it started."""

    scored: int
    unread: dict[str, int]
    """Why requests were not scored, or not in full → how many."""
    dropped: dict[str, int]
    """Where events were lost → how many."""

    @property
    def lost(self) -> int:
        """Return how many events were lost for all, not only to readers that were too slow."""
        return sum(count for place, count in self.dropped.items() if place != "reader")


def read(url: str) -> str:
    """Return the answer's text; raises OSError."""
    with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:
        return str(answer.read().decode())


def counts(text: str, prefix: str) -> Counts:
    """Return the counts of a front-end whose metrics begin with the prefix.

    Raises BenchmarkError when one is missing: none would look like nothing to complain of.
    """
    requests = by_label(text, f"{prefix}_requests_total")
    unread = by_label(text, f"{prefix}_uninspected_total")
    dropped = by_label(text, f"{prefix}_events_dropped_total")
    return Counts(sum(requests.get(action, 0) for action in _SCORED), unread, dropped)


def total(text: str, name: str) -> int:
    """Return the number of a metric, over all its labels; raises BenchmarkError."""
    return sum(by_label(text, name).values())


def by_label(text: str, name: str) -> dict[str, int]:
    """Return the numbers of one metric by the value of its label, "" where it has none.

    Raises BenchmarkError when there are none.
    """
    line = re.compile(rf'^{re.escape(name)}(?:{{\w+="([^"]*)"}})? (\S+)$', re.MULTILINE)
    found = {match[1] or "": int(float(match[2])) for match in line.finditer(text)}
    if not found:
        raise BenchmarkError(f"the service has no metric {name}: is it the right one?")
    return found
