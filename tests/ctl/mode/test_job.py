"""What one run does, from the first look to the exit code."""

import json
from pathlib import Path

import pytest
from aiohttp import web

from ctl.console import Output
from ctl.exits import Exit
from ctl.mode.job import set_mode, show_once
from ctl.mode.wanted import How, Wanted
from kysira.types import Mode
from tests.ctl.mode.services import on_post, services, which

ACTIVE = Wanted(Mode.ACTIVE)


async def refuse(_: web.Request) -> web.StreamResponse:
    """Be the fault of a service that will not be set."""
    return web.json_response({"error": "no"}, status=401)


async def test_set_mode_whole_is_ok(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All set is exit 0, twice; the JSON is the only thing on stdout."""
    async with services(tmp_path) as made:
        for result in ("changed", "already"):
            code = await set_mode(which(made), ACTIVE, How(), Output.JSON)
            row = json.loads(capsys.readouterr().out)
            assert code is Exit.OK
            assert row["complete"]
            assert {each["result"] for each in row["services"]} == {result}


async def test_set_mode_partial_rolls_back_when_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A part is exit 3; only with the option is it undone."""
    async with services(tmp_path) as made:
        made[2].fault = on_post(refuse)
        for is_rolling_back, mode in ((True, "shadow"), (False, "active")):
            how = How(is_rolling_back=is_rolling_back)
            assert await set_mode(which(made), ACTIVE, how, Output.TABLE) is Exit.UNREACHABLE
            assert [service.state[0] for service in made] == [mode, mode, "shadow"]
            assert ("are put back" in capsys.readouterr().err) is is_rolling_back


async def test_set_mode_whole_is_not_rolled_back(tmp_path: Path) -> None:
    """The option does nothing to a flip that all made."""
    async with services(tmp_path) as made:
        how = How(is_rolling_back=True)
        assert await set_mode(which(made), ACTIVE, how, Output.TABLE) is Exit.OK
        assert {service.state[0] for service in made} == {"active"}


async def test_set_mode_asks_nobody_when_all_are(tmp_path: Path) -> None:
    """Where nothing would change there is no question, and so no terminal is needed."""
    async with services(tmp_path, mode=Mode.ACTIVE) as made:
        assert await set_mode(which(made), ACTIVE, How(is_asking=True), Output.TABLE) is Exit.OK


async def test_show_once_needs_all(tmp_path: Path) -> None:
    """A service that does not answer makes it exit 3."""
    async with services(tmp_path) as made:
        assert await show_once(which(made), Output.TABLE) is Exit.OK
        made[0].fault = refuse
        assert await show_once(which(made), Output.TABLE) is Exit.UNREACHABLE
