"""What typer's help gets wrong: line breaks of the source, and the type of a flag."""

import inspect
from typing import Any


def tidy(command: Any) -> None:
    """Have the help of a command, and of those below it, fill the terminal and tell no flag's type.

    For a new command: its ``get_params`` is replaced, as --help is made when that is asked.
    """
    command.help = filled(command.help or "") or None
    made = command.get_params

    def get_params(ctx: Any) -> Any:
        options = made(ctx)
        for option in options:
            _hide_type(option)
        return options

    command.get_params = get_params
    for inner in getattr(command, "commands", {}).values():
        tidy(inner)


def filled(text: str) -> str:
    r"""Return the text with each paragraph on one line; one that begins with ``\b`` stays."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(
        each if each.startswith("\b") else each.replace("\n", " ") for each in paragraphs
    )


def _hide_type(option: Any) -> None:
    if getattr(option, "is_flag", False) and option.metavar is None:
        option.metavar = ""
