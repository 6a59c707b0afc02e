"""Says what became of every service, and how to go on with the rest."""

import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from rich.text import Text

from ctl.console import Output, note, say_json
from ctl.fleet.options import Which
from ctl.fleet.target import Target
from ctl.mode.rollback import steps_back
from ctl.mode.show import say_columns, state_json
from ctl.mode.ttl import until_text
from ctl.mode.wanted import How, Result, Row, Wanted

_STYLES = {
    Result.CHANGED: "green",
    Result.ALREADY: "green",
    Result.ROLLED_BACK: "yellow",
    Result.LEFT: "yellow",
}
"""The others are red."""


@dataclass(frozen=True, slots=True)
class ToDo:
    """The commands that remain to be run by a person."""

    rest: str = ""
    """Sets what was asked for on exactly the services that are not so; "" when all are."""
    undo: tuple[str, ...] = ()
    """Puts back what a rollback could not."""


def to_do(rows: Sequence[Row], wanted: Wanted, which: Which, how: How) -> ToDo:
    """Return the commands that the outcome leaves to be run."""
    left = [row.target for row in rows if not row.result.is_done]
    if not left:
        return ToDo()
    options = ["--ttl", how.ttl] if how.ttl else []
    if wanted.if_mode:
        options += ["--if-mode", wanted.if_mode]
    rest = command(which, left, wanted.mode, *options)
    return ToDo(rest, _undo(rows, wanted, which) if how.is_rolling_back else ())


def _undo(rows: Sequence[Row], wanted: Wanted, which: Which) -> tuple[str, ...]:
    """Return the commands for each state that services are to be put back to, in their order."""
    undo: dict[tuple[tuple[str, ...], ...], list[Target]] = {}
    for row in rows:
        if row.result in (Result.NOT_ROLLED_BACK, Result.UNKNOWN) and row.before:
            steps = steps_back(row.before, wanted, time.time())
            undo.setdefault(tuple(map(_words, steps)), []).append(row.target)
    return tuple(
        command(which, targets, *words) for steps, targets in undo.items() for words in steps
    )


def _words(step: Wanted) -> tuple[str, ...]:
    return (step.mode, *(["--ttl", f"{ceil(step.ttl_s)}s"] if step.ttl_s else []))


def report(rows: Sequence[Row], wanted: Wanted, todo: ToDo, output: Output) -> None:
    """Print a row for each service; what to do about the rest goes to stderr."""
    if output is Output.JSON:
        say_json(_json(rows, wanted, todo))
    else:
        columns = ("target", "result", "mode", "until", "note")
        say_columns(columns, [_cells(row) for row in rows])
    left = [row.target.name for row in rows if not row.result.is_done]
    if left:
        done = len(rows) - len(left)
        note(f"{done} of {len(rows)} services are as asked; not so: {', '.join(left)}")
        note(f"for exactly those: {todo.rest}")
    for line in todo.undo:
        note(f"to put back what could not be: {line}")


def command(which: Which, targets: Sequence[Target], *arguments: str) -> str:
    """Return the command that means these services."""
    words = ["kysiractl", "mode", *arguments]
    for target in targets:
        words += ["--target", target.spelt]
    for option, value in (("--namespace", which.namespace), ("--context", which.kube_context)):
        if value and which.is_pods:
            words += [option, value]
    return shlex.join(words)


def _cells(row: Row) -> tuple[str | Text, ...]:
    result = Text(row.result, style=_STYLES.get(row.result, "red"))
    mode = "?" if row.state is None else row.state.mode
    until = "" if row.state is None else until_text(row.state.expires_at)
    return (row.target.name, result, mode, until, row.note)


def _json(rows: Sequence[Row], wanted: Wanted, todo: ToDo) -> dict[str, Any]:
    return {
        "wanted": {"mode": wanted.mode, "ttl_seconds": wanted.ttl_s, "if_mode": wanted.if_mode},
        "complete": not todo.rest,
        "rest_command": todo.rest or None,
        "undo_commands": list(todo.undo),
        "services": [
            {
                "target": row.target.name,
                "result": row.result,
                **state_json(row.state),
                "before": None if row.before is None else state_json(row.before),
                "note": row.note or None,
            }
            for row in rows
        ],
    }
