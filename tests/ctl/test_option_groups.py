"""Options that several commands share."""

from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner

from ctl.option_groups import grouped


@dataclass(frozen=True)
class Colours:
    """A group of two."""

    front: Annotated[str, typer.Option(help="Colour of the front.")] = "red"
    back: Annotated[list[str] | None, typer.Option(help="Colours of the back.")] = None


def test_group_becomes_options() -> None:
    """Every field is an option, and the command gets them as one value beside its own."""
    got: list[object] = []

    @grouped
    def paint(colours: Colours, size: Annotated[int, typer.Option(help="How big.")] = 1) -> None:
        """Paint."""
        got.append((colours, size))

    app = typer.Typer()
    app.command()(paint)
    runner = CliRunner()
    assert runner.invoke(app, []).exit_code == 0
    done = runner.invoke(app, ["--front", "blue", "--back", "a", "--back", "b", "--size", "2"])
    assert done.exit_code == 0, done.output
    assert got == [(Colours(), 1), (Colours("blue", ["a", "b"]), 2)]
    text = runner.invoke(app, ["--help"]).output
    assert "Colour of the front." in text
    assert text.index("--front") < text.index("--size")
    assert "Paint." in text
