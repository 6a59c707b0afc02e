"""Fits results into a terminal's width without breaking words; in a pipe nothing is left out."""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from ctl import console

_GAP = 3
"""As tables have it."""
_INDENT = "  "
_ELLIPSIS = "…"
_EMPTY = frozenset({"", "-"})


def say_fitting(columns: Sequence[str], rows: Sequence[Sequence[str | Text]]) -> None:
    """Print a table where the terminal has room for it, else a few lines for each row.

    Such a row begins with its first cell; the others follow as ``key: value``, without those that
    hold nothing.
    """
    out = console.stdout()
    if not out.is_terminal or _table_width(columns, rows) <= out.width:
        console.say_table(columns, rows)
        return
    for row in rows:
        out.print(_text(row[0], "bold"), soft_wrap=True)
        for line in _lines(columns[1:], row[1:], out):
            out.print(line, soft_wrap=True)


def middle(text: str, width: int) -> str:
    """Return the text in so many cells of a terminal: of a longer one the middle is left out.

    Two thirds are of the beginning, which tells most.
    """
    if cell_len(text) <= width:
        return text
    if width <= 1:
        return _ELLIPSIS[:width]
    tail = (width - 1) // 3
    end = set_cell_size(text[::-1], tail)[::-1]
    return set_cell_size(text, width - 1 - tail) + _ELLIPSIS + end


def padded(text: str, width: int) -> str:
    """Return the text with blanks up to so many cells; a longer one as it is."""
    return text + " " * max(0, width - cell_len(text))


def _table_width(columns: Sequence[str], rows: Sequence[Sequence[str | Text]]) -> int:
    cells = [[cell_len(_text(cell).plain) for cell in row] for row in (columns, *rows)]
    widest: list[int] = [max(column) for column in zip(*cells, strict=True)]
    return sum(widest) + _GAP * (len(columns) - 1)


def _lines(keys: Sequence[str], row: Sequence[str | Text], out: Console) -> list[Text]:
    """Return as many pairs to a line as there is room for; one that is too long is wrapped."""
    lines: list[Text] = []
    for key, cell in zip(keys, row, strict=True):
        value = _text(cell)
        if value.plain in _EMPTY:
            continue
        pair = Text.assemble((f"{key}: ", "dim"), value)
        if lines and lines[-1].cell_len + _GAP + pair.cell_len <= out.width:
            lines[-1].append(" " * _GAP).append_text(pair)
            continue
        room = max(1, out.width - len(_INDENT))
        lines += [Text(_INDENT).append_text(part) for part in _wrapped(pair, room, out)]
    return lines


def _wrapped(text: Text, room: int, out: Console) -> list[Text]:
    """Return lines that end between words: a word that is too long is the terminal's to break."""
    longest = max(map(cell_len, text.plain.split()), default=0)
    parts = list(text.wrap(out, max(room, longest)))
    for part in parts:
        part.rstrip()
    return parts


def _text(cell: str | Text, style: str = "") -> Text:
    return cell if isinstance(cell, Text) else Text(console.printable(cell), style)
