"""kysiractl policy diff: what changes when one policy takes the place of another."""

import asyncio
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from ctl import console
from ctl.arguments import usage_error
from ctl.console import Output
from ctl.exits import Exit
from ctl.fitting import say_fitting
from ctl.fleet.options import FleetOptions, Timeout
from ctl.inputs import STDIN
from ctl.policy.differences import Difference, differences
from ctl.policy.source import Known, of_file, of_service
from ctl.policy.words import worded
from kysira.errors import PolicyError


def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="A file, or a target (URL).")],
    after: Annotated[str, typer.Argument(metavar="B", help="A file, or a target (URL).")],
    timeout: Timeout = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="table or json.")] = Output.TABLE,
) -> None:
    """Show how two policies differ in what they do: files, or what services have in force.

    Layout, comments, and what a file says that is the default anyway are no difference. Exit 1
    when they differ, 0 when not.
    """
    if before == after == STDIN:
        raise usage_error("B", "standard input can be read once")
    now = time.time()
    one, other = _known(before, timeout, now), _known(after, timeout, now)
    found = differences(one.policy, other.policy)
    if one.mode is not other.mode and one.policy.mode is other.policy.mode:
        found.insert(0, Difference("mode (in force)", one.mode.value, other.mode.value))
    differ = [each for each in found if each.matters]
    for each in found:
        if not each.matters:
            console.note(f"{each.at} differs, which is for people alone")
    if output is Output.JSON:
        console.say_json(_as_json(one, other, differ))
    elif differ:
        rows = [
            [each.at, _text(each.at, each.before), _text(each.at, each.after)] for each in differ
        ]
        console.note(f"before is {one.name}, after is {other.name}")
        say_fitting(["at", "before", "after"], rows)
    else:
        console.note("no difference")
    if differ:
        raise typer.Exit(Exit.FINDINGS)


def _known(text: str, timeout: str | None, now: float) -> Known:
    """Return the policy of a file where there is one of that name, else of a service."""
    path = Path(text)
    if text == STDIN or path.exists():
        return of_file(path, now)
    if "://" not in text and (path.suffix in (".yaml", ".yml", ".json") or "/" in text):
        raise PolicyError(f"{text}: no such file or directory")
    return asyncio.run(of_service(FleetOptions([text], timeout=timeout).which(), now))


def _as_json(one: Known, other: Known, found: list[Difference]) -> dict[str, Any]:
    return {
        "differ": bool(found),
        "before": {"name": one.name, "hash": one.policy.hash},
        "after": {"name": other.name, "hash": other.policy.hash},
        "differences": [each.as_json() for each in found],
    }


def _text(at: str, value: Any) -> str:
    """Return a part in words, without the name that its place has already."""
    if isinstance(value, dict) and at.endswith(f".{value.get('name')}"):
        value = {key: said for key, said in value.items() if key != "name"}
    return worded(value)
