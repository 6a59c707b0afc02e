"""Follows the mode of services, and says when one changes."""

import asyncio
import time

from ctl.console import Output, json_text, printable
from ctl.fleet.client import FleetClient
from ctl.fleet.open import Fleet
from ctl.fleet.target import Target
from ctl.mode.show import state_json
from ctl.mode.state import Reading, read_all
from ctl.mode.ttl import iso, until_text

EVERY_S = 1.0


async def watch(fleet: Fleet, output: Output, *, every_s: float = EVERY_S) -> None:
    """Print what each service says, then each change of it; does not end by itself.

    Each is asked by itself: one that hangs does not hide what the others do.
    """
    async with asyncio.TaskGroup() as group:
        for target in fleet.targets:
            group.create_task(_follow(fleet.client, target, output, every_s))


async def _follow(client: FleetClient, target: Target, output: Output, every_s: float) -> None:
    last: Reading | None = None
    while True:
        [now] = await read_all(client, [target])
        if last is None or (now.state, now.error) != (last.state, last.error):
            print(line(now, output), flush=True)
        last = now
        await asyncio.sleep(every_s)


def line(now: Reading, output: Output) -> str:
    """Return what is printed of a reading: one line, of JSON when it is for programs."""
    at = iso(time.time())
    if output is Output.JSON:
        row = {"time": at, "target": now.target.name, **state_json(now.state)}
        return json_text({**row, "error": now.error or None})
    if now.state is None:
        return printable(f"{at}  {now.target.name}  ?  {now.error}")
    told = f"{now.state.mode}  {until_text(now.state.expires_at)}"
    return printable(f"{at}  {now.target.name}  {told}")
