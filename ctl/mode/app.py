"""kysiractl mode: shows and sets the mode of running services."""

import asyncio
import sys
from contextlib import suppress
from typing import Annotated

import typer

from ctl.arguments import parsed, usage_error
from ctl.console import Output
from ctl.exits import Exit
from ctl.fleet.options import FleetOptions
from ctl.mode.job import follow, set_mode, show_once
from ctl.mode.ttl import read_ttl
from ctl.mode.wanted import How, Wanted
from ctl.option_groups import grouped
from kysira.types import Mode

_SET = "When it is set"


@grouped
def mode(
    fleet: FleetOptions,
    wanted: Annotated[
        Mode | None,
        typer.Argument(metavar="[shadow|active]", show_default=False, help="Leave out to show."),
    ] = None,
    ttl: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", rich_help_panel=_SET,
            help="For how long, e.g. 30m, 2h or 1d; the services go back by themselves, also when "
            "they restart meanwhile.",
        ),
    ] = None,
    if_mode: Annotated[
        Mode | None,
        typer.Option(
            rich_help_panel=_SET,
            help="Change only services in this mode; the others are left alone and named (exit 3).",
        ),
    ] = None,
    rollback_on_partial: Annotated[
        bool,
        typer.Option(
            "--rollback-on-partial", rich_help_panel=_SET,
            help="Put all back when not all did it.",
        ),
    ] = False,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", "-y", rich_help_panel=_SET,
            help="Don't ask before active; needed where there is no terminal.",
        ),
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Show, then tell each change, until Ctrl-C.")
    ] = False,
    output: Annotated[Output, typer.Option("--output", "-o", help="table or json.")] = Output.TABLE,
) -> None:  # fmt: skip
    """Show the mode of every service, or set it on all of them at once.

    In shadow what is flagged is told and logged; in active it is blocked.
    """
    if wanted is None:
        given = {"--ttl": ttl, "--if-mode": if_mode, "--yes": yes}
        given["--rollback-on-partial"] = rollback_on_partial
        for option, value in given.items():
            if value:
                raise usage_error(option, "say which mode to set: kysiractl mode active …")
    elif watch:
        raise usage_error("--watch", "it shows and sets nothing; set the mode first")
    is_asking = wanted is Mode.ACTIVE and not yes
    if is_asking and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise usage_error("--yes", "active blocks requests: without a terminal to ask, add --yes")
    how = How(is_asking, rollback_on_partial, ttl)
    ttl_s = parsed("--ttl", read_ttl, ttl) if ttl else None
    services = fleet.which()
    if watch:
        with suppress(KeyboardInterrupt):  # how it is meant to end
            asyncio.run(follow(services, output))
    elif wanted is None:
        _finish(asyncio.run(show_once(services, output)))
    else:
        _finish(asyncio.run(set_mode(services, Wanted(wanted, ttl_s, if_mode), how, output)))


def _finish(code: Exit) -> None:
    if code is not Exit.OK:
        raise typer.Exit(code)
