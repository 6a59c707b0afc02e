"""Following the mode of services."""

import asyncio
import json
from pathlib import Path

import pytest

from ctl.console import Output
from ctl.fleet.open import Fleet
from ctl.fleet.target import Target
from ctl.mode.state import Reading, State
from ctl.mode.watch import line, watch
from kysira.types import Mode
from tests.ctl.mode.services import client, hang, services


async def test_watch_tells_changes_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line at the start, one for each change; a service that hangs hides no other."""
    lines: list[dict[str, object]] = []

    async def until(count: int) -> None:
        while len(lines) < count:
            await asyncio.sleep(0.01)
            lines.extend(map(json.loads, capsys.readouterr().out.splitlines()))

    async with services(tmp_path, 2) as made, client(60) as asked:
        made[1].fault = hang
        fleet = Fleet(tuple(service.target for service in made), asked)
        watching = asyncio.create_task(watch(fleet, Output.JSON, every_s=0.01))
        async with asyncio.timeout(30):
            await until(1)
            await made[0].modes.flip(Mode.ACTIVE)
            await until(2)
            await made[0].modes.flip(Mode.SHADOW)
            await until(3)
        watching.cancel()
    assert [row["mode"] for row in lines] == ["shadow", "active", "shadow"]
    assert {row["target"] for row in lines} == {made[0].target.name}


def test_line_is_for_people_and_programs() -> None:
    """The same reading as text and as JSON."""
    target = Target("it", "")
    assert line(Reading(target, State(Mode.ACTIVE)), Output.TABLE).endswith("it  active  for good")
    assert line(Reading(target, None, "no answer in 3 s"), Output.TABLE).endswith(
        "it  ?  no answer in 3 s"
    )
    row = json.loads(line(Reading(target, None, "gone"), Output.JSON))
    assert (row["target"], row["mode"], row["error"]) == ("it", None, "gone")


def test_line_moves_no_cursor() -> None:
    """What a pod is called, or kubectl says, can't write over what is shown."""
    now = Reading(Target("pod/a\x1b[2J", ""), None, "gone\x1b[2J")
    assert line(now, Output.TABLE).endswith("pod/a\\x1b[2J  ?  gone\\x1b[2J")
    assert line(now, Output.JSON).isprintable()
