"""What an exclusion would let through of the events that were recorded."""

from bisect import insort
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
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


_Rank = tuple[bool, bool, bool, int, bool, int]
"""False is odd, and comes first: detector, reason, shape, how often its like came, address, and
how many came before it."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One event that would pass."""

    event: Record
    matched: Sequence[str]
    """What the exclusion drops in it, as the event shows it: in clear, or as a shape."""


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
    odd_reasons: Counter[str] = field(default_factory=Counter)
    """What was found in them, and not in the one that is meant."""
    shapes: dict[str, str] = field(default_factory=dict)
    """Shape of what was matched → the first text of it, as its event shows it."""
    detectors: Counter[str] = field(default_factory=Counter)
    """Which have found something in them."""
    _ranked: list[tuple[_Rank, Sample]] = field(default_factory=list)

    @property
    def samples(self) -> list[Sample]:
        """Return the first of them, those least like the one that is meant before the others."""
        return [sample for _, sample in self._ranked]

    @property
    def own_reasons(self) -> frozenset[str]:
        """Return what was found in the one that is meant."""
        return frozenset(_reasons(self.event))

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
        matched = [found.matched for found, why in second.dropped if why and found.matched]
        for text in matched:
            if len(self.shapes) < _MOST:
                self.shapes.setdefault(shape(text), text)
        odd = _reasons(event) - self.own_reasons
        self._keep(Sample(event, matched), is_odd=bool(odd))
        _count(self.reasons, [event.text("reason")])
        _count(self.odd_reasons, odd)
        _count(self.detectors, _detectors(event))

    def _keep(self, sample: Sample, *, is_odd: bool) -> None:
        """Put a sample where it belongs among those that are kept."""
        event = sample.event
        rank = (
            _detectors(event) <= _detectors(self.event),
            not is_odd,
            {*map(shape, sample.matched)} <= self._own_shapes,
            self.reasons[event.text("reason")],
            event.text("source_ip") == self.event.text("source_ip"),
            self.others,
        )
        insort(self._ranked, (rank, sample), key=_rank_of)
        del self._ranked[_MOST_SAMPLES:]

    @property
    def _own_shapes(self) -> set[str]:
        return {shape(str(each.get("matched", ""))) for each in self.event.findings}

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
        if self.odd_reasons:
            yield f"they were found for other reasons too: {counted(self.odd_reasons, _FEW)}"
        own = self._own_shapes
        if odd := sorted(text for form, text in self.shapes.items() if form not in own):
            left = f", and {len(odd) - _FEW:,} more" if len(odd) > _FEW else ""
            yield f"what was matched looks otherwise: {', '.join(odd[:_FEW])}{left}"

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
            "other_reasons": dict(self.odd_reasons.most_common(_MOST_SAMPLES)),
            "samples": [sample.event.id for sample in self.samples],
        }


def counted(counter: Counter[str], most: int) -> str:
    """Return what is counted, the most frequent first: ``79 × a, 6 × b, 3 more``."""
    told = [f"{count:,} × {key or '-'}" for key, count in counter.most_common(most)]
    more = len(counter) - len(told)
    return ", ".join([*told, *([f"{more:,} more"] if more > 0 else [])])


def _rank_of(row: tuple[_Rank, Sample]) -> _Rank:
    return row[0]


def _reasons(event: Record) -> set[str]:
    """Return what was found in an event: ``sqli:union_select``, decoded or not."""
    found = (str(each.get("reason") or each.get("detector")) for each in event.findings)
    return {reason.partition(" ")[0] for reason in found}


def _detectors(event: Record) -> set[str]:
    return {str(each.get("detector")) for each in event.findings}


def _count(counter: Counter[str], keys: Iterable[str]) -> None:
    counter.update(key for key in keys if key in counter or len(counter) < _MOST)
