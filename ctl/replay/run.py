"""One replay: files in, a tally out."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from ctl import console
from ctl.events import files
from ctl.events.seen import once
from ctl.inputs import STDIN
from ctl.policy.deciding import load_scoring
from ctl.policy.source import DEFAULTS, Known, of_defaults
from ctl.progress import Progress
from ctl.replay.access_log import log_items
from ctl.replay.formats import Format, Source
from ctl.replay.har import har_items
from ctl.replay.item import Item, Read, Unread
from ctl.replay.outcome import AsMode, Outcome
from ctl.replay.recorded import is_scored, outcome
from ctl.replay.rescored import rescorer
from ctl.replay.tally import Tally
from kysira.types import Mode

_RECORDED = "as recorded"
Kinds = Mapping[str, Format]
"""File → what it is."""


@dataclass(slots=True)
class Run:
    """A policy, what it is compared with, and what became of every request so far."""

    after: Known
    before: Known | None
    as_mode: AsMode
    tally: Tally
    has_models: bool = field(default=True, kw_only=True)
    broken: list[str] = field(default_factory=list, init=False)
    """Files that could not be read to their end, and why."""
    silent: list[str] = field(default_factory=list, init=False)
    """Services that did not answer, and why."""
    speed: str = field(default="", init=False)

    def read(self, sources: Sequence[Source]) -> None:
        """Decide all requests of all files."""
        events = [each for each in sources if each.kind is Format.EVENTS]
        others = [each for each in sources if each.kind is not Format.EVENTS]
        outcomes = [self._of_events(events)] if events else []
        outcomes += [self._of_requests(others)] if others else []
        is_live = console.can_redraw(console.stderr())
        progress = Progress(sys.stderr, speed, is_live=is_live)
        try:
            for each in chain.from_iterable(outcomes):
                self.tally.add(each)
                progress.step()
        finally:
            progress.close()
        self.speed = progress.text

    def _of_events(self, sources: Sequence[Source]) -> Iterator[Outcome]:
        names = [each.name for each in sources if each.live is None]
        live = chain.from_iterable(each.live for each in sources if each.live is not None)
        given = {each.name: each.file for each in sources if each.file}
        unread = files.Unread()
        modes = self._modes(Mode.SHADOW if self.before is None else self.before.mode)
        baseline = None if self.before is None else self.before.policy
        for event in chain(once(files.read_files(names, unread, given)), live):
            if is_scored(event):
                yield outcome(event, self.after.policy, baseline, modes)
            else:
                self.tally.not_scored += 1
        self.broken += unread.broken
        self.tally.unread += Counter(
            {"is not an event": unread.foreign, "is torn off at a file's end": unread.torn}
        )

    def _of_requests(self, sources: Sequence[Source]) -> Iterator[Outcome]:
        known = self.before or of_defaults()
        scoring = load_scoring(has_models=self.has_models)
        decide = rescorer(scoring, self.after.policy, known.policy, self._modes(known.mode))
        items = chain.from_iterable(map(self._items, sources))
        return map(decide, items)

    def _items(self, source: Source) -> Iterator[Item]:
        name = source.name
        read: Callable[..., Iterable[Read]] = har_items if source.kind is Format.HAR else log_items
        shown = "standard input" if name == STDIN else Path(name).name
        for each in read(source.file, shown):
            if isinstance(each, Item):
                yield each
            elif isinstance(each, Unread):
                self.tally.add_unread(each)
            else:
                self.broken.append(f"{each.where}: {each.why}")

    def _modes(self, before: Mode) -> tuple[Mode, Mode]:
        if self.as_mode is AsMode.ACTIVE:
            return Mode.ACTIVE, Mode.ACTIVE
        return before, self.after.mode

    def names(self, kinds: Kinds) -> tuple[str, str]:
        """Return what decides before and after, for people."""
        after = f"by {self.after.name}, hash {self.after.policy.hash}"
        if self.before:
            return f"by {self.before.name}, hash {self.before.policy.hash}", after
        is_recorded = [kind is Format.EVENTS for kind in kinds.values()]
        told = [_RECORDED] if any(is_recorded) else []
        told += [f"by {DEFAULTS}"] if not all(is_recorded) else []
        return " or ".join(told), after

    def as_json(self, kinds: Kinds, limit: float | None) -> dict[str, Any]:
        """Return all of it for programs."""
        before = self.before
        return {
            "policy": {"file": self.after.name, "hash": self.after.policy.hash},
            "baseline": before and {"file": before.name, "hash": before.policy.hash},
            "as_mode": self.as_mode.value,
            "files": {name: kind.value for name, kind in kinds.items()},
            "max_block_rate": limit,
            "over_max_block_rate": limit is not None and self.tally.rate > limit,
            **self.tally.as_json(),
            "broken": self.broken,
            "silent": self.silent,
        }


def speed(count: int, seconds: float) -> str:
    """Return how many requests there were, and how many a second, for people."""
    seconds = max(seconds, 1e-9)
    return f"{count:,} requests in {seconds:.1f} s, {count / seconds:,.0f} a second"
