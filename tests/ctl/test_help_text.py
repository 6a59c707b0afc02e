"""Help that fills the terminal, whatever the source's line breaks."""

import itertools
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from ctl.help_text import filled
from ctl.lazy import Entry, lazy_app
from tests.processes import kysiractl


def told(
    loud: Annotated[bool, typer.Option("--loud", help="Shout.")] = False,
    colour: Annotated[bool, typer.Option(help="Paint.")] = True,
    number: Annotated[int, typer.Option(help="Count.")] = 1,
) -> None:
    r"""Do it.

    A paragraph that is broken here
    and goes on there.

    \b
    one
    two
    """


APP = lazy_app([Entry(name, f"{__name__}:told", "All", "Does it.") for name in ("told", "again")])


def test_filled_joins_lines_of_a_paragraph() -> None:
    """Paragraphs stay apart, indentation goes, and what asks to stay as it is stays."""
    assert filled("One.\n\n    a\n    b\n\n    c\n    ") == "One.\n\na b\n\nc"
    assert filled("One.\n\n    \b\n    a\n    b\n") == "One.\n\n\b\na\nb"
    assert filled("") == ""


def test_help_tells_no_type_of_a_flag() -> None:
    """Of one with two spellings neither, nor of those that typer adds; of a number it does."""
    for arguments in (["--help"], ["told", "--help"]):
        text = CliRunner().invoke(APP, arguments).output
        assert "--help" in text
        assert "bool" not in text
    assert "--no-colour" in text
    assert "<int>" in text
    assert "A paragraph that is broken here and goes on there." in text


@pytest.mark.parametrize("columns", [60, 80, 200])
@pytest.mark.parametrize("words", ["up", "replay", "exclude", "policy explain", "render envoy"])
def test_help_wraps_at_the_terminals_width(words: str, columns: int) -> None:
    """A line ends where the next word would not fit, or with its paragraph."""
    done = kysiractl(*words.split(), "--help", env={"COLUMNS": str(columns)})
    lines = [line.strip() for line in done.stdout.partition("╭")[0].split("\n")]
    broken = [
        (line, after)
        for line, after in itertools.pairwise(lines)
        if line and after and len(line) + 1 + len(after.split()[0]) <= columns - 2
    ]
    assert broken == []
    assert max(map(len, lines)) > 30
