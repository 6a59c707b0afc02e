"""Counts what another policy changes, with samples of it."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ctl.bench.rates import wilson
from ctl.replay.item import Unread
from ctl.replay.outcome import Change, Doubt, Outcome

NO_ROUTE = "-"
_MOST_PLACES = 5
"""Places of unread parts that are named."""
_MOST_KEYS = 10_000
"""Routes and detectors of events, which may say anything."""


@dataclass(slots=True)
class Counts:
    """Requests that have something in common."""

    requests: int = 0
    before: int = 0
    """Blocked before."""
    after: int = 0
    newly: int = 0
    no_longer: int = 0

    def as_json(self) -> dict[str, int]:
        """Return it for programs."""
        return {
            "requests": self.requests,
            "blocked_before": self.before,
            "blocked_after": self.after,
            "newly_blocked": self.newly,
            "no_longer_blocked": self.no_longer,
        }

    def add(self, outcome: Outcome, *, before: bool = True, after: bool = True) -> None:
        """Count a request; ``before`` and ``after`` say which of its sides are meant."""
        self.requests += 1
        self.before += before and outcome.before.is_blocked
        self.after += after and outcome.after.is_blocked
        self.newly += after and outcome.change is Change.NEWLY_BLOCKED
        self.no_longer += before and outcome.change is Change.NO_LONGER_BLOCKED


@dataclass(slots=True)
class Tally:
    """Everything that a replay tells."""

    most_samples: int = 10
    all: Counts = field(default_factory=Counts)
    routes: dict[str, Counts] = field(default_factory=dict)
    detectors: dict[str, Counts] = field(default_factory=dict)
    """Of requests that were or are blocked, by what decides."""
    samples: dict[Change, list[Outcome]] = field(default_factory=dict)
    doubts: Counter[Doubt] = field(default_factory=Counter)
    not_scored: int = 0
    """Events that say nothing of what the request holds."""
    unread: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=dict)
    """Why → the first places."""

    def add(self, outcome: Outcome) -> None:
        """Count a request."""
        self.all.add(outcome)
        self._of(self.routes, outcome.after.route or NO_ROUTE).add(outcome)
        before, after = outcome.before, outcome.after
        if before.is_blocked and after.is_blocked and before.detector == after.detector:
            self._of(self.detectors, after.detector).add(outcome)
        else:
            if before.is_blocked:
                self._of(self.detectors, before.detector).add(outcome, after=False)
            if after.is_blocked:
                self._of(self.detectors, after.detector).add(outcome, before=False)
        self.doubts.update(outcome.doubts)
        if outcome.change:
            kept = self.samples.setdefault(outcome.change, [])
            if len(kept) < self.most_samples:
                kept.append(outcome)

    def add_unread(self, unread: Unread) -> None:
        """Count what no request could be made of."""
        self.unread[unread.why] += 1
        places = self.places.setdefault(unread.why, [])
        if len(places) < _MOST_PLACES:
            places.append(unread.where)

    def _of(self, known: dict[str, Counts], key: str) -> Counts:
        if key not in known and len(known) >= _MOST_KEYS:
            key = "…"
        return known.setdefault(key, Counts())

    @property
    def rate(self) -> float:
        """Return the share of the requests that are blocked."""
        return self.all.after / self.all.requests if self.all.requests else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Return its 95 % confidence interval."""
        return wilson(self.all.after, self.all.requests)

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        low, high = self.interval
        return {
            **self.all.as_json(),
            "block_rate": self.rate,
            "block_rate_95": [low, high],
            "routes": {name: counts.as_json() for name, counts in self.routes.items()},
            "detectors": {name: counts.as_json() for name, counts in self.detectors.items()},
            "samples": [
                {"change": change.value, **each.as_json()}
                for change, kept in self.samples.items()
                for each in kept
            ],
            "doubts": {doubt.value: count for doubt, count in sorted(self.doubts.items())},
            "not_scored": self.not_scored,
            "unread": [
                {"why": why, "count": count, "first": self.places.get(why, [])}
                for why, count in self.unread.items()
            ],
        }
