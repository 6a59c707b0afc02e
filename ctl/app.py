"""The command line: every command group is registered here."""

from typing import Annotated

import typer

from ctl import render, up
from ctl.bench import app as bench
from ctl.exits import EPILOG
from kysira import __version__

NAME = "kysiractl"
app = typer.Typer(
    name=NAME,
    help="Put Kysira, a web application firewall, in the way of your traffic.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(render.app, name="render")
app.add_typer(bench.app, name="bench")
app.command("up", epilog=EPILOG)(up.up)


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        version()
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
    _debug: Annotated[
        bool, typer.Option("--debug", help="Show where an error comes from.")
    ] = False,
) -> None:
    """Hold the options of every command; --debug is read before typer runs."""


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(f"{NAME} {__version__}")
