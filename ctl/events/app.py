"""kysiractl events: follow, search, export and count what was decided."""

import asyncio
import sys
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from typing import Annotated

import typer

from ctl import console
from ctl.events.options import FilterOptions, From
from ctl.events.record import Record
from ctl.events.source import Events
from ctl.events.top import top
from ctl.events.writers import EventFormat, writer
from ctl.exits import EPILOG
from ctl.fleet.options import FleetOptions, Which
from ctl.option_groups import grouped

app = typer.Typer(
    help="Follow, search, export and count what was decided about requests.\n\nEvery option that "
    "says which events narrows; of one that is given again, any of its values is enough.",
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
        int, typer.Option(min=0, metavar="N", help="The newest so many; 0 is all that there are.")
    ] = DEFAULT_LIMIT,
    output: Format = EventFormat.TABLE,
) -> None:  # fmt: skip
    """Show the events that match, oldest first: of the last 500 of each service, or of files.

    A service whose memory is full, so that more may match, is named on
    stderr. Exit 3 when a service did not answer, or a file could not be read to its
    end.
    """
    wanted, events = filters.filter(), Events(from_, services, filters)
    matching: Iterable[Record] = filter(wanted, events.read())
    since = float("-inf")
    if limit:
        newest: deque[Record] = deque(maxlen=limit + 1)
        newest.extend(matching)
        if len(newest) > limit:
            newest.popleft()
            since = newest[0].at
            rest = "all" if from_ else "all that is remembered"
            console.note(f"the newest {limit:,} that match are shown; --limit 0 shows {rest}")
        matching = newest
    events.close(_write(matching, output, events), since=since)


@grouped
def export(
    filters: FilterOptions,
    services: FleetOptions,
    from_: From = None,
    output: Format = EventFormat.JSON,
    limit: Annotated[
        int, typer.Option(min=0, metavar="N", help="The oldest so many; 0 is all that there are.")
    ] = 0,
) -> None:  # fmt: skip
    """Write the events that match, oldest first: as JSON lines, or CSV for a spreadsheet.

    Services tell the last 500 that each remembers; those whose memory is
    full are named on stderr. All that were ever written are in their
    folders: --from KYSIRA_DATA_DIR. Files of any size are read in flat
    memory. CSV has the columns that docs/kysiractl.md lists; a cell that
    a spreadsheet would run as a formula begins with '. Exit 3 when a
    service did not answer, or a file could not be read to its end.
    """
    wanted, events = filters.filter(), Events(from_, services, filters)
    matching = islice(filter(wanted, events.read()), limit or None)
    events.close(_write(matching, output, events))


for command in (tail, search, export, top):
    app.command(epilog=EPILOG)(command)


def _write(found: Iterable[Record], output: EventFormat, events: Events) -> int:
    write, count = writer(output, has_sources=events.has_sources), 0
    for count, event in enumerate(found, 1):  # noqa: B007 - told when there was none
        write(event)
    if count == 0:
        console.note("no event matches")
    return count


async def _follow(which: Which, show: Callable[[Record], bool], *, has_replay: bool) -> None:
    from ctl.events.follow import follow  # noqa: PLC0415 - aiohttp takes 0.2 s
    from ctl.fleet.open import fleet  # noqa: PLC0415

    async with fleet(which) as found:
        await follow(found, show, console.note, has_replay=has_replay)
