"""The events that services remember, to be replayed."""

from collections.abc import Sequence
from dataclasses import dataclass

from ctl.events.record import Record
from ctl.events.seen import once
from ctl.fleet.options import Which
from ctl.replay.formats import Format, Source
from kysira.policy_text import timestamp

SERVICES = "services"
"""What stands for them where a file's name is."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What services told."""

    source: Source
    note: str
    """How many events of how many services, and since when, for people."""
    silent: Sequence[str]
    """Those that did not, and why."""


def ask_services(which: Which) -> Asked:
    """Return the last events of every service; raises StartError when none answers."""
    from ctl.events.live import remembered  # noqa: PLC0415 - aiohttp takes 0.2 s

    told = remembered(which)
    events = list(once(told.events))
    note = _note(events, told.services - len(told.silent))
    return Asked(Source(SERVICES, Format.EVENTS, live=events), note, told.reasons)


def _note(events: Sequence[Record], services: int) -> str:
    asked = f"asked {services:,} service{'' if services == 1 else 's'}"
    if not events:
        return f"{asked}: no events yet"
    first, last = timestamp(events[0].at), timestamp(events[-1].at)
    return (
        f"{asked}: {len(events):,} event{'' if len(events) == 1 else 's'}, from {first} to {last}; "
        "a service remembers the last 500, its files (--from) have more"
    )
