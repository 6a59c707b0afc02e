"""Where events come from: files, or what the services remember."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import typer

from ctl import console
from ctl.arguments import usage_error
from ctl.events.files import OPTION, Unread, read_files
from ctl.events.options import FilterOptions
from ctl.events.record import Record
from ctl.events.seen import once
from ctl.events.times import short_time
from ctl.exits import Exit
from ctl.fleet.options import FleetOptions

if TYPE_CHECKING:
    from ctl.events.live import Full

_NAMED = 3
"""Services that are named one by one; of more, how many there are."""


class Events:
    """The events that are searched, and what is wrong with where they come from."""

    def __init__(
        self, names: list[str] | None, services: FleetOptions, filters: FilterOptions
    ) -> None:
        if names and services.is_given:
            raise usage_error(OPTION, "leave out the services: files are read instead")
        self._names = names
        self._services = services
        self._since = filters.since_s()
        self._ids = len(set(filters.id or ()))
        self._unread = Unread()
        self._full: Sequence[Full] = ()
        self.has_sources = True
        self.is_partial = False

    def read(self) -> Iterable[Record]:
        """Return them by time, each once; raises StartError when no service answers."""
        if self._names:
            return once(read_files(self._names, self._unread))
        return once(self._live())

    def _live(self) -> Iterable[Record]:
        from ctl.events.live import remembered  # noqa: PLC0415 - aiohttp takes 0.2 s

        told = remembered(self._services.which())
        self.is_partial = bool(told.silent)
        for reason in told.reasons:
            console.note(f"no events of {reason}")
        self.has_sources = told.services > 1
        self._full = told.full
        return told.events

    def close(self, found: int, *, since: float = float("-inf")) -> None:
        """Say what was left out; exit 3 when that may be events.

        ``found`` is how many were meant; ``since`` is from when on all were wanted, for a reader
        of no more than the newest.
        """
        first = max(since, float("-inf") if self._since is None else self._since)
        forgetful = [full for full in self._full if full.at > first]
        if forgetful and not (self._ids and found >= self._ids):
            console.note(_told_of(forgetful))
        for text in self._unread.notes():
            console.note(text)
        if self.is_partial or self._unread.broken:
            raise typer.Exit(Exit.UNREACHABLE)


def _told_of(full: Sequence["Full"]) -> str:
    """Say that services may have seen more than they told."""
    if len(full) > _NAMED:
        latest = short_time(max(each.at for each in full))
        return (
            f"{len(full)} services remember {full[0].count} events each, one back to {latest} "
            f"only; for all of them: {OPTION} their folders (KYSIRA_DATA_DIR)"
        )
    told = [f"{each.name} remembers {each.count} events, back to {short_time(each.at)}"
            for each in full]  # fmt: skip
    whose = "its folder" if len(full) == 1 else "their folders"
    return f"{'; '.join(told)}; for all of them: {OPTION} {whose} (KYSIRA_DATA_DIR)"
