"""A value behind its label: folded between words, so that no id is ever cut."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from ctl import console

Cell = str | Text


def say_field(label: Cell, value: Cell) -> None:
    """Print a value behind its label, which brings its own blanks; both are of one line.

    On a terminal it is folded between words, and goes on below its beginning.
    """
    lead = label if isinstance(label, Text) else Text(label)
    style = value.style if isinstance(value, Text) else ""
    text = console.printable(_plain(value))
    out = console.stdout()
    wide = cell_len(lead.plain)
    lines = folded(text.split(" "), out.width - wide, " ") if out.is_terminal else [text]
    for number, line in enumerate(lines):
        console.say((lead.copy() if number == 0 else Text(" " * wide)).append(line, style))


def folded(words: Sequence[str], width: int, between: str) -> list[str]:
    """Return lines of whole words; one that is too long has a line of its own, and is not cut."""
    lines: list[str] = []
    for word in words:
        if lines and cell_len(lines[-1] + between + word) <= width:
            lines[-1] += between + word
        elif cell_len(word) > width and " " in word:
            lines += folded(word.split(" "), width, " ")
        else:
            lines.append(word)
    return lines or [""]


def _plain(cell: Cell) -> str:
    return cell.plain if isinstance(cell, Text) else cell
