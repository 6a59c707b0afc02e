"""The last events of every service, by time."""

import asyncio
import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ctl.events.record import Record, mended, record
from ctl.fleet.client import Reply
from ctl.fleet.open import fleet
from ctl.fleet.options import Which
from kysira.errors import StartError
from kysira.events.log import REMEMBERED

RECENT = "/api/events/recent"
NO_EVENTS = "answered something that is no list of events"


@dataclass(frozen=True, slots=True)
class Full:
    """A service that told as many events as it remembers: it may have seen more."""

    name: str
    count: int
    at: float
    """When the oldest was that it told, in Unix seconds."""


@dataclass(frozen=True, slots=True)
class Recent:
    """What services remember, and which did not say."""

    events: Sequence[Record]
    """Oldest first."""
    services: int
    silent: Sequence[Reply]
    full: Sequence[Full] = ()

    @property
    def is_silent(self) -> bool:
        """Return True when no service answered."""
        return len(self.silent) == self.services

    @property
    def reasons(self) -> list[str]:
        """Return why there are no events of some services, for people."""
        return [why_silent(reply) for reply in self.silent]


def remembered(which: Which) -> Recent:
    """Return the same as ``recent``; raises StartError when no service answers, too."""
    told = asyncio.run(recent(which))
    if told.is_silent:
        raise StartError(f"no service answers: {'; '.join(told.reasons)}")
    return told


async def recent(which: Which) -> Recent:
    """Return the events that all services remember; raises StartError when none is found."""
    async with fleet(which) as found:
        replies = await found.client.ask_all(found.targets, RECENT)
    told = [list(events_of(reply)) for reply in replies if is_told(reply)]
    full = [Full(events[0].source, len(events), events[0].at)
            for events in told if len(events) >= REMEMBERED]  # fmt: skip
    merged = heapq.merge(*told, key=lambda event: event.at)
    silent = [reply for reply in replies if not is_told(reply)]
    return Recent(list(merged), len(replies), silent, full)


def is_told(reply: Reply) -> bool:
    """Return True for an answer that is a list, as events are."""
    return reply.is_ok and isinstance(reply.body, list)


def why_silent(reply: Reply) -> str:
    """Return why there are no events of a service, for people."""
    return f"{reply.target.name}: {reply.error or NO_EVENTS}"


def events_of(reply: Reply) -> Iterator[Record]:
    """Yield the events of an answer."""
    rows: Iterable[object] = mended(reply.body)  # type: ignore[assignment]
    for row in rows:
        if event := record(row, reply.target.name):
            yield event
