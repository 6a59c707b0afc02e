"""What people see: results on stdout, notes on stderr; NO_COLOR and pipes get plain text."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

_PIPE_COLUMNS = 100_000
"""A table for another program is never folded."""
_MOST_FOLDED = 1.5
"""How much wider than the terminal a table may be and still have its cells folded."""


class Output(StrEnum):
    """How results are written."""

    TABLE = "table"
    JSON = "json"


def stdout() -> Console:
    """Return the console for results; the streams are looked up now, as tests change them."""
    console = _console()
    return console if console.is_terminal else _console(width=_PIPE_COLUMNS)


def stderr() -> Console:
    """Return the console for notes and progress."""
    return _console(stderr=True)


def _console(*, stderr: bool = False, width: int | None = None) -> Console:
    # To rich NO_COLOR is about colours alone: it leaves bold in.
    colours: Any = None if os.environ.get("NO_COLOR") else "auto"
    return Console(
        stderr=stderr, width=width, color_system=colours, markup=False, highlight=False,
        emoji=False,
    )  # fmt: skip


def can_redraw(console: Console) -> bool:
    """Return True where a line may be drawn again: on a terminal, with NO_COLOR unset."""
    return console.is_terminal and not console.is_dumb_terminal and bool(console.color_system)


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Say on a terminal what takes a second; one that can't redraw a line gets one."""
    err = stderr()
    if can_redraw(err):
        with err.status(text):
            yield
        return
    if err.is_terminal:
        note(text)
    yield


def say(text: str | Text) -> None:
    """Print a line of the result: it is not folded."""
    stdout().print(text if isinstance(text, Text) else printable_lines(text), soft_wrap=True)


def note(text: str) -> None:
    """Tell the user something that is not the result, on stderr."""
    stderr().print(f"kysiractl: {printable_lines(text)}", soft_wrap=True)


def say_json(value: Any) -> None:
    """Print a result for programs: one JSON document."""
    print(json_text(value, indent=2))


def json_text(value: Any, *, indent: int | None = None) -> str:
    """Return a value as JSON; what a terminal would obey is escaped."""
    separators = (",", ":") if indent is None else None
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    if indent is None and text.isprintable():
        return text
    return "".join([c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text])


def say_table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> None:
    """Print rows under column names, without lines, as kubectl does.

    In a pipe no line ends in blanks.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column.upper(), overflow="fold")
    for row in rows:
        table.add_row(*(_cell(cell) for cell in row))
    out = stdout()
    if out.is_terminal:
        wide = out.options.update(width=_PIPE_COLUMNS)
        natural = Measurement.get(out, wide, table).maximum
        # Cells of three letters are read by nobody: then the terminal folds whole lines.
        is_legible = natural <= _MOST_FOLDED * out.width
        (out if is_legible else _console(width=natural)).print(table)
        return
    with out.capture() as shown:
        out.print(table)
    lines = shown.get().removesuffix("\n").split("\n")
    out.print("\n".join(line.rstrip(" ") for line in lines), soft_wrap=True)


def printable(text: str) -> str:
    """Return the text without what moves the cursor: some of it is what a client sent."""
    if text.isprintable():
        return text
    return "".join([c if c.isprintable() else ascii(c)[1:-1] for c in text])


def printable_lines(text: str) -> str:
    """Return the same of a text of several lines."""
    return "\n".join(map(printable, text.split("\n")))


def _cell(cell: str | Text) -> Text:
    return cell if isinstance(cell, Text) else Text(printable(cell))
