"""kysiractl status: every service at a glance, in one table where there is room for it."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from ctl import console
from ctl.arguments import parsed
from ctl.console import Output
from ctl.envoy.options import read_duration
from ctl.exits import Exit
from ctl.fitting import say_fitting
from ctl.fleet.options import FleetOptions, Which
from ctl.mode.ttl import until_text
from ctl.option_groups import grouped

if TYPE_CHECKING:
    from ctl.status.service import Service

_COLUMNS = (
    "target", "service", "status", "mode", "until", "policy", "detectors", "requests", "flagged",
    "killed", "errors", "uninspected", "dropped",
)  # fmt: skip
_NONE = "-"
_CLEAR = "\x1b[H\x1b[J"


@grouped
def status(
    fleet: FleetOptions,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Show it again and again, until Ctrl-C.")
    ] = False,
    interval: Annotated[
        str, typer.Option(metavar="TIME", help="Of --watch: how long between two looks.")
    ] = "2s",
    output: Annotated[Output, typer.Option("--output", "-o", help="table or json.")] = Output.TABLE,
) -> None:
    """Show how every service is: health, mode, policy, and its counters since its start.

    FLAGGED is over the threshold in either mode, UNINSPECTED was not read
    in full, DROPPED are lost events. Exit 1 when a service is not ok, 3
    when one does not answer.
    """
    asked = fleet.which()
    pause_s = parsed("--interval", read_duration, interval)
    if watch:
        with suppress(KeyboardInterrupt):
            asyncio.run(_watch(asked, pause_s, output))
        return
    services = asyncio.run(_ask(asked))
    _show(services, output)
    if any(service.error for service in services):
        raise typer.Exit(Exit.UNREACHABLE)
    if any(service.is_degraded for service in services):
        raise typer.Exit(Exit.FINDINGS)


async def _ask(asked: Which) -> Sequence["Service"]:
    from ctl.fleet.open import fleet  # noqa: PLC0415 - aiohttp takes 0.2 s
    from ctl.status.service import ask_service  # noqa: PLC0415

    async with fleet(asked) as found:
        return await asyncio.gather(
            *(ask_service(found.client, target) for target in found.targets)
        )


async def _watch(asked: Which, pause_s: float, output: Output) -> None:
    """Show it for ever; a name is resolved anew each time, as pods come and go."""
    while True:
        services = await _ask(asked)
        if output is Output.JSON:
            print(console.json_text(_as_json(services)), flush=True)
        else:
            if console.can_redraw(console.stdout()):
                print(_CLEAR, end="")
            console.say(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
            _show(services, output)
        await asyncio.sleep(pause_s)


def _show(services: Sequence["Service"], output: Output) -> None:
    if output is Output.JSON:
        console.say_json(_as_json(services))
        return
    say_fitting(_COLUMNS, [_row(service) for service in services])
    for service in services:
        if service.error:
            console.note(f"{service.target}: {service.error}")
        if service.policy_error:
            console.note(f"{service.target}: policy on disk not in force: {service.policy_error}")
    _note_differences(services)


def _as_json(services: Sequence["Service"]) -> dict[str, Any]:
    return {"services": [service.as_json() for service in services]}


def _note_differences(services: Sequence["Service"]) -> None:
    """Say so when services that should be alike are not."""
    told: tuple[tuple[str, Callable[[Service], str]], ...] = (
        ("modes", lambda service: service.mode),
        ("policies", lambda service: service.policy),
    )
    for what, of in told:
        found = sorted({of(service) for service in services} - {""})
        if len(found) > 1:
            console.note(f"the services have different {what}: {', '.join(found)}")


def _row(service: "Service") -> list[str | Text]:
    if service.error:
        return [service.target, _NONE, Text("no answer", "bold red"), *[_NONE] * 10]
    style = "yellow" if service.is_degraded else "green"
    detectors = ", ".join(f"{count} {kind}" for kind, count in service.detectors.items())
    numbers = (service.requests, service.flagged, service.killed, service.errors)
    unread = None if service.requests is None else sum(service.uninspected.values())
    return [
        service.target,
        service.service or _NONE,
        Text(console.printable(service.status) or _NONE, style),
        service.mode or _NONE,
        _until(service.until),
        service.policy or _NONE,
        detectors or _NONE,
        *map(_number, (*numbers, unread, service.dropped)),
    ]


def _until(text: str) -> str:
    """Return when the mode goes back, as ``kysiractl mode`` shows it."""
    try:
        return until_text(datetime.fromisoformat(text).timestamp()) if text else _NONE
    except ValueError:
        return text


def _number(value: int | None) -> str:
    return _NONE if value is None else str(value)
