"""A wrong value, told in our words: the libraries' name themselves, and quote every choice."""

import re
from collections.abc import Sequence
from typing import Any

import typer

_CHOICE = re.compile(
    r"(?P<value>.+) is not one of (?P<choices>'[^']*'(?:, '[^']*')*)\.?", re.DOTALL
)
_FILE = re.compile(r"'(?P<name>[\w./~-]*[./][\w./~-]*)'")
_WORDS = (
    (re.compile("Value error, "), ""),
    (re.compile("Input should be a valid integer.*"), "must be a whole number"),
    (re.compile("Input should be a valid number.*"), "must be a number"),
    (re.compile("Input should be less than or equal to "), "must be at most "),
    (re.compile("Input should be greater than or equal to "), "must be at least "),
)
"""How messages of pydantic begin, by whose rules typer reads values."""


def reword(error: typer.BadParameter) -> None:
    """Give an error about a value words of ours, and where a file was meant the way to one."""
    message = error.message
    for begin, ours in _WORDS:
        if begin.match(message):
            message = begin.sub(ours, message, count=1)
    wrong = _CHOICE.fullmatch(message)
    if wrong:
        choices = re.findall("'([^']*)'", wrong["choices"])
        hint = _file_hint(error, wrong["value"], choices)
        message = f"{wrong['value']} is not {_either(choices)}{hint}"
    error.message = message


def _either(words: Sequence[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def _file_hint(error: typer.BadParameter, value: str, formats: Sequence[str]) -> str:
    """Return what to say to somebody who took -o for a file's option."""
    options: list[str] = getattr(error.param, "opts", [])
    file = _FILE.fullmatch(value)
    if file is None or "-o" not in options:
        return ""
    name = file["name"]
    if "--output" in options:
        ending = name.rpartition(".")[2]
        said = f"-o {ending} > {name}" if ending in formats else f"> {name}"
        return f": -o is the format, redirect with {said}"
    command: Any = error.ctx.command if error.ctx else None
    known = {text for each in getattr(command, "params", ()) for text in each.opts}
    return f": -o is the format, --output {name} the file" if "--output" in known else ""
