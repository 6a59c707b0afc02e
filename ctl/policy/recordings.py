"""The events that services remember, or that files hold, to be read more than once."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from ctl.events import files
from ctl.events.record import Record
from ctl.events.seen import once
from ctl.fleet.options import Which
from kysira.errors import CorpusError

_LEAST = 4
_MOST_NAMED = 3
"""Events whose ids begin as what was asked for: some of them are named."""


@dataclass(slots=True)
class Recordings:
    """Events by time, each once; ``silent`` names what could not be read."""

    names: Sequence[str]
    """Files and folders."""
    live: Sequence[Record] = ()
    silent: list[str] = field(default_factory=list)

    def read(self) -> Iterable[Record]:
        """Return all events."""
        unread = files.Unread()
        yield from once(files.read_files(self.names, unread)) if self.names else ()
        self.silent += [each for each in unread.broken if each not in self.silent]
        yield from self.live

    def find(self, event_id: str) -> Record | None:
        """Return the event of an id, None when it is not there."""
        wanted = event_id.lower()
        return next((event for event in self.read() if event.id.lower() == wanted), None)

    def beginning(self, text: str) -> list[str]:
        """Return the first ids that begin with a text; none for a text of a few letters."""
        if len(text) < _LEAST:
            return []
        ids = (event.id for event in self.read() if event.id.lower().startswith(text.lower()))
        return list(islice(ids, _MOST_NAMED))


def recordings(names: Sequence[str], which: Which | None) -> Recordings:
    """Return the events of files, and of services when they are meant.

    Raises CorpusError for a file that is not there, and StartError when no service answers.
    """
    for name in names:
        if not os.path.lexists(name):
            raise CorpusError(f"{name}: no such file")
    if which is None:
        return Recordings(names)
    from ctl.events.live import remembered  # noqa: PLC0415 - aiohttp takes 0.2 s

    told = remembered(which)
    return Recordings(names, list(once(told.events)), told.reasons)
