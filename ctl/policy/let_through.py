"""What an exclusion would let through of the events that were recorded."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ctl.events.record import Record
from ctl.replay.recorded import KILLS, Redecided, is_scored, redecided
from kysira.events.redaction import shape
from kysira.policy import Policy
from kysira.types import Mode

_MOST = 1000
"""Addresses, paths and the like that are kept."""
_MOST_SAMPLES = 10
_FEW = 3


@dataclass(slots=True)
class LetThrough:
    """The events that are over the threshold now and would not be, beside the one meant."""

    event: Record
    events: int = 0
    """All that were looked at."""
    over: int = 0
    """Those over the threshold as it is."""
    others: int = 0
    """Those that would pass."""
    is_itself: bool = False
    """True when the one that is meant would pass."""
    sources: Counter[str] = field(default_factory=Counter)
    paths: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    shapes: Counter[str] = field(default_factory=Counter)
    detectors: Counter[str] = field(default_factory=Counter)
    """Which have found something in them."""
    samples: list[Record] = field(default_factory=list)

    def look(self, events: Iterable[Record], before: Policy, after: Policy) -> None:
        """Decide all events by both policies."""
        for event in filter(is_scored, events):
            self.events += 1
            first = redecided(event, before, Mode.ACTIVE)
            if first.decision.action not in KILLS:
                continue
            self.over += 1
            second = redecided(event, after, Mode.ACTIVE)
            if second.decision.action not in KILLS:
                self._add(event, second)

    def _add(self, event: Record, second: Redecided) -> None:
        if event.id == self.event.id:
            self.is_itself = True
            return
        self.others += 1
        _count(self.sources, [event.text("source_ip")])
        _count(self.paths, [f"{event.text('method')} {event.text('path')}"])
        _count(self.reasons, [event.text("reason")])
        _count(self.shapes, {shape(found.matched) for found, why in second.dropped if why})
        _count(self.detectors, _detectors(event))
        if len(self.samples) < _MOST_SAMPLES:
            self.samples.append(event)

    @property
    def signs(self) -> list[str]:
        """Return what makes the others look like attacks; nothing when they look like the one."""
        return list(self._signs())

    def _signs(self) -> Iterator[str]:
        if not self.others:
            return
        sources = {*self.sources, self.event.text("source_ip")}
        if len(sources) > 1:
            yield f"they come from {len(sources)} addresses"
        if more := {*self.detectors} - _detectors(self.event):
            yield f"other detectors found something in them too: {', '.join(sorted(more))}"
        own = {shape(str(each.get("matched", ""))) for each in self.event.findings}
        if odd := sorted({*self.shapes} - own):
            yield f"what was matched looks otherwise: {', '.join(odd[:_FEW])}"

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "events": self.events,
            "over_threshold": self.over,
            "others_let_through": self.others,
            "event_passes": self.is_itself,
            "signs_of_attacks": self.signs,
            "source_ips": dict(self.sources.most_common(_MOST_SAMPLES)),
            "paths": dict(self.paths.most_common(_MOST_SAMPLES)),
            "reasons": dict(self.reasons.most_common(_MOST_SAMPLES)),
            "samples": [event.id for event in self.samples],
        }


def _detectors(event: Record) -> set[str]:
    return {str(each.get("detector")) for each in event.findings}


def _count(counter: Counter[str], keys: Iterable[str]) -> None:
    counter.update(key for key in keys if key in counter or len(counter) < _MOST)
