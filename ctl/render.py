"""kysiractl render: configurations for what carries the traffic."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from ctl.envoy import options as envoy
from ctl.envoy.options import Address, EnvoyOptions, Target
from ctl.exits import EPILOG
from kysira.errors import RenderError
from kysira.settings import GuardSettings, OnFailure

T = TypeVar("T")
app = typer.Typer(
    help="Print the configuration that puts Kysira into a proxy.",
    no_args_is_help=True,
    epilog=EPILOG,
)
_WHOLE = "A complete envoy.yaml"
_GUARD = "How requests are guarded"
_YOURS = "Your own envoy.yaml"


def reader(read: Callable[[str], T]) -> Callable[[str], T]:
    """Return a typer parser that keeps the reader's words."""

    def parse(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    return parse


@app.callback()
def group() -> None:
    """Keep ``render`` a group while it has one command."""


@app.command("envoy", epilog=EPILOG)
def render_envoy(
    target: Annotated[
        Target,
        typer.Option(
            metavar="URL", parser=reader(envoy.read_target), rich_help_panel=_WHOLE,
            help="The app: http:// or https://, host and port.",
        ),
    ] = "http://127.0.0.1:3000",  # type: ignore[assignment]
    target_ca: Annotated[
        str,
        typer.Option(
            metavar="FILE", rich_help_panel=_WHOLE,
            help="Certificate authorities that an https:// app is checked against.",
        ),
    ] = EnvoyOptions.target_ca,
) -> None: ...
