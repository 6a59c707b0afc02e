"""What people see: results on stdout, notes on stderr; NO_COLOR and pipes get plain text."""

import json
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

_PIPE_COLUMNS = 100_000
"""A table for another program is never folded."""


class Output(StrEnum):
    """How results are written."""

    TABLE = "table"
    JSON = "json"


def stdout() -> Console:
    """Return the console for results; the streams are looked up now, as tests change them."""
    console = Console(markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console = Console(markup=False, highlight=False, emoji=False, width=_PIPE_COLUMNS)
    return console


def stderr() -> Console:
    """Return the console for notes and progress."""
    return Console(stderr=True, markup=False, highlight=False, emoji=False)


def say(text: str | Text) -> None:
    """Print a line of the result, as it is: it is not folded."""
    stdout().print(text, soft_wrap=True)


def note(text: str) -> None:
    """Tell the user something that is not the result, on stderr."""
    stderr().print(f"kysiractl: {text}", soft_wrap=True)


def say_json(value: Any) -> None:
    """Print a result for programs: one JSON document."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def say_table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> None:
    """Print rows under column names, without lines, as kubectl does."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column.upper(), overflow="fold")
    for row in rows:
        table.add_row(*(_printable(cell) for cell in row))
    stdout().print(table)


def _printable(cell: str | Text) -> Text:
    """Return the cell without what moves the cursor: some of it is what a client sent."""
    if isinstance(cell, Text):
        return cell
    return Text("".join(c if c.isprintable() else repr(c)[1:-1] for c in cell))
