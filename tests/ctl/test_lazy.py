"""Commands that are imported when they are run."""

import subprocess
import sys
from typing import Annotated

import typer
from typer.testing import CliRunner

from ctl.lazy import Entry, lazy_app, loaded

group = typer.Typer(help="A group.")


@group.command()
def inside(number: Annotated[int, typer.Option(help="A number.")] = 1) -> None:
    """Print a number."""
    print("number", number)


@group.command()
def other() -> None:
    """Print nothing."""


def alone(word: Annotated[str, typer.Argument(help="A word.")]) -> None:
    """Print a word."""
    print("word", word)


ENTRIES = (
    Entry("one", f"{__name__}:alone", "First", "Prints a word."),
    Entry("many", f"{__name__}:group", "Second", "Has commands."),
    Entry("broken", "ctl.no_such_module:x", "Second", "Can't be imported."),
)
app = lazy_app(ENTRIES, no_args_is_help=True)
runner = CliRunner()


def test_lazy_help_imports_nothing() -> None:
    """Names and lines in their panels, of commands that can't be imported too."""
    done = runner.invoke(app, ["--help"])
    assert done.exit_code == 0
    for text in ("First", "Prints a word.", "Second", "many", "broken"):
        assert text in done.output


def test_lazy_commands_run() -> None:
    """Functions and groups, with their options, errors and help."""
    assert runner.invoke(app, ["one", "x"]).output == "word x\n"
    assert runner.invoke(app, ["many", "inside", "--number", "3"]).output == "number 3\n"
    assert runner.invoke(app, ["one"]).exit_code == 2
    text = runner.invoke(app, ["one", "--help"]).output
    assert "Usage: root one" in text
    assert "A word." in text
    assert "Exit codes" in text
    assert "install-completion" not in runner.invoke(app, ["many", "--help"]).output


def test_lazy_entry_is_loaded_as_it_is() -> None:
    """With the help of the command itself."""
    assert loaded(ENTRIES[0]).help.startswith("Print a word.")
    assert sorted(loaded(ENTRIES[1]).commands) == ["inside", "other"]


def test_kysiractl_imports_only_what_runs() -> None:
    """Asking for the mode's help needs none of the templates, nor the events."""
    code = (
        "import sys; from ctl import app\n"
        "try: app.app(['mode', '--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('jinja2', 'ctl.events', 'ctl.render') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
