"""kysiractl policy show: a policy whole, of a file or as services have it in force."""

import asyncio
import io
import time
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ctl import console
from ctl.arguments import usage_error
from ctl.exits import Exit
from ctl.fitting import say_fitting
from ctl.fleet.options import FleetOptions
from ctl.option_groups import grouped
from ctl.policy.source import ask, is_told, of_file, why_silent
from ctl.policy.words import NONE, worded
from kysira.errors import StartError
from kysira.policy_text import policy_to_json

if TYPE_CHECKING:
    from ctl.fleet.client import Reply


class ShowFormat(StrEnum):
    """How a policy is written."""

    TABLE = "table"
    YAML = "yaml"
    JSON = "json"


@grouped
def show(
    services: FleetOptions,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="kysira.yaml; - is standard input.",
                       show_default=False),
    ] = None,
    output: Annotated[
        ShowFormat | None,
        typer.Option(
            "--output", "-o", show_default=False,
            help="yaml or json of a file (default yaml); table or json of services (default "
            "table).",
        ),
    ] = None,
) -> None:  # fmt: skip
    """Show a policy with all its defaults: of a file, or what every service has in force.

    Of services: hash, file, mode, what is wrong with the file on disk, and how often each
    exclusion and route counted since the start. Exit 1 when the services differ, or a file on
    disk is broken; 3 when one does not answer.
    """
    if file is None:
        _show_services(
            asyncio.run(ask(services.which())),
            output or ShowFormat.TABLE,
        )
        return
    if services.is_given:
        raise usage_error("FILE", "leave out the services: a file is read")
    known = of_file(file, time.time())
    data = policy_to_json(known.policy)
    if output is ShowFormat.JSON:
        console.say_json(data)
    elif output is ShowFormat.TABLE:
        raise usage_error("--output", "a file is shown as yaml or json")
    else:
        console.note(f"hash {known.policy.hash}")
        console.say(yaml_text(data).rstrip("\n"))


def yaml_text(data: Any) -> str:
    """Return data as YAML, in the order that it has."""
    from ruamel.yaml import YAML  # noqa: PLC0415

    yaml = YAML(typ="rt", pure=True)
    yaml.default_flow_style = False
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    text = io.StringIO()
    yaml.dump(data, text)
    return text.getvalue()


def _show_services(replies: "Sequence[Reply]", output: ShowFormat) -> None:
    told = [reply for reply in replies if is_told(reply)]
    silent = [why_silent(reply) for reply in replies if not is_told(reply)]
    if not told:
        raise StartError(f"no service answers: {'; '.join(silent)}")
    for reason in silent:
        console.note(f"no policy of {reason}")
    if output is ShowFormat.TABLE:
        _say_tables(told)
    else:
        rows = [{"target": reply.target.name, **reply.body} for reply in told]
        data = {"services": rows, "silent": silent}
        console.say_json(data) if output is ShowFormat.JSON else console.say(yaml_text(data))
    if silent:
        raise typer.Exit(Exit.UNREACHABLE)
    if len({reply.body["hash"] for reply in told}) > 1:
        console.note("the services have different policies")
        raise typer.Exit(Exit.FINDINGS)
    if any(reply.body.get("error") for reply in told):
        raise typer.Exit(Exit.FINDINGS)


def _say_tables(told: "Sequence[Reply]") -> None:
    say_fitting(
        ("target", "hash", "mode", "threshold", "file", "loaded"),
        [_row(reply.target.name, reply.body) for reply in told],
    )
    for reply in told:
        if error := reply.body.get("error"):
            console.note(f"{reply.target.name}: the file on disk is not in force: {error}")
    _say_counted(
        told, "exclusions", "hits", ("exclusion", "path", "location", "detector", "expires"),
        lambda row: [
            row.get("path", "/"), row.get("location", "*"), row.get("detector", "*"),
            f"{row['expires']} (expired)" if row.get("expired") else row.get("expires", NONE),
        ],
    )  # fmt: skip
    _say_counted(
        told, "routes", "requests", ("route", "match", "says"),
        lambda row: [
            worded(row.get("match", {})),
            worded({k: v for k, v in row.items() if k not in ("name", "match", "requests")}),
        ],
    )  # fmt: skip


def _row(name: str, told: Mapping[str, Any]) -> list[str]:
    policy, mode = told["policy"], str(told.get("mode"))
    configured = policy.get("mode")
    flipped = f"{mode} (flipped from {configured})" if mode != configured else mode
    return [
        name, str(told.get("hash")), flipped, f"{policy.get('threshold')}",
        told.get("file") or NONE, told.get("loaded_at") or NONE,
    ]  # fmt: skip


def _say_counted(
    told: "Sequence[Reply]", part: str, count: str, columns: Sequence[str], cells: Any
) -> None:
    """Print a table of a part of all services' policies, with its counts of all of them added."""
    rows: dict[str, Mapping[str, Any]] = {}
    counts: dict[str, int] = {}
    for reply in told:
        for row in reply.body.get(part) or ():
            rows.setdefault(row["name"], row)
            counts[row["name"]] = counts.get(row["name"], 0) + int(row.get(count, 0))
    if rows:
        console.say("")
        say_fitting(
            [*columns, count],
            [[name, *map(str, cells(row)), f"{counts[name]:,}"] for name, row in rows.items()],
        )
