"""kysiractl events: follow, search and export what was decided."""

import asyncio
import sys
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from typing import Annotated

import typer

from ctl import console
from ctl.arguments import usage_error
from ctl.events.files import OPTION, Unread, read_files
from ctl.events.options import FilterOptions, FleetOptions
from ctl.events.record import Record
from ctl.events.seen import once
from ctl.events.writers import EventFormat, writer
from ctl.exits import EPILOG, Exit
from ctl.fleet.options import Which
from ctl.option_groups import grouped
from kysira.errors import StartError

app = typer.Typer(
    help="Follow, search and export what was decided about requests.\n\nEvery option that says "
    "which events narrows; of one that is given again, any of its values is enough.",
    no_args_is_help=True,
    epilog=EPILOG,
)
DEFAULT_LIMIT = 100
Format = Annotated[
    EventFormat,
    typer.Option(
        "--output", "-o", help="table, json (a line of JSON for each event) or csv.",
        show_default=True,
    ),
]  # fmt: skip
From = Annotated[
    list[str] | None,
    typer.Option(
        OPTION, metavar="PATH",
        help="Read files instead of asking services: events.jsonl (with its rotations), any file "
        "of events (.gz too), a folder (a service's, or KYSIRA_DATA_DIR for all), or - for "
        "standard input; again for more.",
    ),
]  # fmt: skip


@grouped
def tail(
    filters: FilterOptions,
    services: FleetOptions,
    output: Format = EventFormat.TABLE,
    no_replay: Annotated[
        bool,
        typer.Option(
            "--no-replay", "--since-start",
            help="Only what happens from now on; else the last 200 of each service come first.",
        ),
    ] = False,
    limit: Annotated[
        int, typer.Option(min=0, metavar="N", help="End after so many; 0 is never.")
    ] = 0,
) -> None:  # fmt: skip
    """Follow the events of all services at once, as they happen, until Ctrl-C (which is exit 0).

    A service that does not answer, or no longer, is named on stderr and
    tried again; it goes on where it was. Exit 3 when none answers at the
    start.
    """
    wanted, which = filters.filter(), services.which()
    write = writer(output, has_sources=True)
    left = limit or sys.maxsize

    def show(event: Record) -> bool:
        nonlocal left
        if wanted(event):
            write(event)
            sys.stdout.flush()
            left -= 1
        return left > 0

    with suppress(KeyboardInterrupt):
        asyncio.run(_follow(which, show, has_replay=not no_replay))


@grouped
def search(
    filters: FilterOptions,
    services: FleetOptions,
    from_: From = None,
    limit: Annotated[
        int, typer.Option(min=0, metavar="N", help="The newest so many; 0 is all.")
    ] = DEFAULT_LIMIT,
    output: Format = EventFormat.TABLE,
) -> None:  # fmt: skip
    """Show the events that match, oldest first: of the last 500 of each service, or of files.

    Exit 3 when a service did not answer, or a file could not be read to its
    end.
    """
    wanted, events = filters.filter(), _Events(from_, services)
    matching: Iterable[Record] = filter(wanted, events.read())
    if limit:
        newest: deque[Record] = deque(maxlen=limit + 1)
        newest.extend(matching)
        if len(newest) > limit:
            newest.popleft()
            console.note(f"the newest {limit:,} that match are shown; --limit 0 shows all")
        matching = newest
    _write(matching, output, events)


@grouped
def export(
    filters: FilterOptions,
    services: FleetOptions,
    from_: From = None,
    output: Format = EventFormat.JSON,
    limit: Annotated[
        int, typer.Option(min=0, metavar="N", help="The oldest so many; 0 is all.")
    ] = 0,
) -> None:  # fmt: skip
    """Write every event that matches, oldest first: as JSON lines, or CSV for a spreadsheet.

    Files of any size are read in flat memory. CSV has the columns that
    docs/kysiractl.md lists; a cell that a spreadsheet would run as a
    formula begins with '. Exit 3 when a service did not answer, or a file
    could not be read to its end.
    """
    wanted, events = filters.filter(), _Events(from_, services)
    _write(islice(filter(wanted, events.read()), limit or None), output, events)


for command in (tail, search, export):
    app.command(epilog=EPILOG)(command)


class _Events:
    """The events that are searched, and what is wrong with where they come from."""

    def __init__(self, names: list[str] | None, services: FleetOptions) -> None:
        if names and services.is_given:
            raise usage_error(OPTION, "leave out the services: files are read instead")
        self._names = names
        self._services = services
        self._unread = Unread()
        self.has_sources = True
        self.is_partial = False

    def read(self) -> Iterable[Record]:
        """Return them by time, each once; raises StartError when no service answers."""
        if self._names:
            return once(read_files(self._names, self._unread))
        return once(self._live())

    def _live(self) -> Iterable[Record]:
        from ctl.events.live import recent, why_silent  # noqa: PLC0415 - aiohttp takes 0.2 s

        told = asyncio.run(recent(self._services.which()))
        reasons = [why_silent(reply) for reply in told.silent]
        if told.is_silent:
            raise StartError(f"no service answers: {'; '.join(reasons)}")
        self.is_partial = bool(reasons)
        for reason in reasons:
            console.note(f"no events of {reason}")
        self.has_sources = told.services > 1
        return told.events

    def close(self) -> None:
        """Say what was left out; exit 3 when that may be events."""
        for text in self._unread.notes():
            console.note(text)
        if self.is_partial or self._unread.broken:
            raise typer.Exit(Exit.UNREACHABLE)


def _write(found: Iterable[Record], output: EventFormat, events: _Events) -> None:
    write, count = writer(output, has_sources=events.has_sources), 0
    for count, event in enumerate(found, 1):  # noqa: B007 - told when there was none
        write(event)
    if count == 0:
        console.note("no event matches")
    events.close()


async def _follow(which: Which, show: Callable[[Record], bool], *, has_replay: bool) -> None:
    from ctl.events.follow import follow  # noqa: PLC0415 - aiohttp takes 0.2 s
    from ctl.fleet.open import fleet  # noqa: PLC0415

    async with fleet(which) as found:
        await follow(found, show, console.note, has_replay=has_replay)
