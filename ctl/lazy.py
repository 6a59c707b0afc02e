"""Commands that are imported when they are run: help and completion need only their names."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from ctl.exits import EPILOG
from ctl.help_text import tidy
from ctl.usage import reword


@dataclass(frozen=True, slots=True)
class Entry:
    """A command, or a group of them, of the command line."""

    name: str
    place: str
    """Module and name of the function or group there: ``ctl.up:up``."""
    panel: str
    """The group of help that it is shown in."""
    help: str
    """What it does, in one line."""


def lazy_app(entries: Sequence[Entry], **settings: Any) -> typer.Typer:
    """Return a command line of these entries; ``settings`` are typer's."""
    by_name = {entry.name: entry for entry in entries}

    class Group(TyperGroup):
        """Lists the entries, and imports the one that is run."""

        def __init__(self, **given: Any) -> None:
            super().__init__(**given)
            tidy(self)

        def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
            name, command, rest = super().resolve_command(ctx, args)
            return name, loaded(by_name[name]) if name in by_name else command, rest

        def invoke(self, ctx: Any) -> Any:
            try:
                return super().invoke(ctx)
            except typer.BadParameter as error:
                reword(error)
                raise

    app = typer.Typer(cls=Group, **settings)
    for entry in entries:
        app.command(entry.name, help=entry.help, rich_help_panel=entry.panel)(_never_run)
    return app


def loaded(entry: Entry) -> Any:
    """Return the command itself."""
    module, _, name = entry.place.partition(":")
    found = getattr(import_module(module), name)
    outer = typer.Typer(add_completion=False, callback=_never_run)
    if isinstance(found, typer.Typer):
        outer.add_typer(found, name=entry.name)
    else:
        outer.command(entry.name, epilog=EPILOG)(found)
    command: Any = typer.main.get_group(outer).commands[entry.name]
    tidy(command)
    return command


def _never_run() -> None:
    """Stand where typer wants a function."""
