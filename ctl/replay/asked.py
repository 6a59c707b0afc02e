"""The events that services remember, to be replayed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ctl.events.record import Record
from ctl.events.seen import once
from ctl.fleet.options import Which
from ctl.replay.formats import Format, Source
from kysira.errors import StartError

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
    from ctl.events.live import recent, why_silent  # noqa: PLC0415 - aiohttp takes 0.2 s

    told = asyncio.run(recent(which))
    silent = [why_silent(reply) for reply in told.silent]
    if told.is_silent:
        raise StartError(f"no service answers: {'; '.join(silent)}")
    events = list(once(told.events))
    note = _note(events, told.services - len(silent))
    return Asked(Source(SERVICES, Format.EVENTS, live=events), note, silent)


def _note(events: Sequence[Record], services: int) -> str:
    asked = f"asked {services:,} service{'' if services == 1 else 's'}"
    if not events:
        return f"{asked}: no events yet"
    return (
        f"{asked}: {len(events):,} event{'' if len(events) == 1 else 's'}, from "
        f"{_time(events[0].at)} to {_time(events[-1].at)}; a service remembers the last 500, its "
        "files (--from) have more"
    )


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
