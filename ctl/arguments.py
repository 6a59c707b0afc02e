"""Turns the text of an option into a value, or into a usage error that says what to do."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import typer

T = TypeVar("T")


def parsed(option: str, read: Callable[[str], T], text: str) -> T:
    """Return what ``read`` makes of the text; its ValueError becomes exit 2, naming the option."""
    try:
        return read(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def parsed_each(option: str, read: Callable[[str], T], texts: Iterable[str]) -> tuple[T, ...]:
    """Return the same of each text, in their order and each value once."""
    return tuple(dict.fromkeys(parsed(option, read, text) for text in texts))


def parsed_if_given(option: str, read: Callable[[str], str], text: str) -> str:
    """Return the same of a text that may be "", which stays that."""
    return parsed(option, read, text) if text else ""


def usage_error(option: str, text: str) -> typer.BadParameter:
    """Return the error for an option that is wrong here."""
    return typer.BadParameter(text, param_hint=option)
