"""The table and the JSON of every service's mode."""

import json
from pathlib import Path

import pytest

from ctl.console import Output
from ctl.fleet.open import Fleet
from ctl.fleet.target import Target
from ctl.mode.show import say_columns, show, state_json
from kysira.types import Mode
from tests.ctl.mode.services import client, services

NOBODY = Target("nobody:1", "http://127.0.0.1:1")


async def test_show_tells_mode_policy_and_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row for each service; who does not answer is named, and makes it no success."""
    async with services(tmp_path, 2) as made, client() as asked:
        await made[0].modes.flip(Mode.ACTIVE, 1800)
        fleet = Fleet((made[0].target, made[1].target, NOBODY), asked)
        assert not await show(fleet, Output.TABLE)
        out, err = capsys.readouterr()
        lines = out.splitlines()
        assert lines[0].split() == [
            "TARGET", "MODE", "CONFIGURED", "UNTIL", "POLICY", "SAVED", "ERROR"
        ]  # fmt: skip
        assert lines[1].split()[:3] == [made[0].target.name, "active", "shadow"]
        assert "(in 30m)" in lines[1] or "(in 29m" in lines[1]
        assert lines[2].split() == [made[1].target.name, "shadow", "for", "good", "abc123", "yes"]
        assert lines[3].split() == ["nobody:1", "?", "connection", "refused"]
        assert "not in one mode" in err


async def test_show_json_is_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every key is there for every service, null where it is not known."""
    async with services(tmp_path, 1) as made, client() as asked:
        assert await show(Fleet((made[0].target,), asked), Output.JSON)
        assert not await show(Fleet((NOBODY,), asked), Output.JSON)
        out = capsys.readouterr().out
    decoder = json.JSONDecoder()
    first, end = decoder.raw_decode(out)
    second = json.loads(out[end:])
    assert first == {
        "services": [
            {
                "target": made[0].target.name, "mode": "shadow", "configured": None,
                "expires_at": None, "back_to": None, "saved": True, "policy": "abc123",
                "error": None,
            }
        ]
    }  # fmt: skip
    assert second["services"][0] == {
        **state_json(None), "target": "nobody:1", "policy": None, "error": "connection refused"
    }  # fmt: skip


def test_say_columns_leaves_empty_ones_out(capsys: pytest.CaptureFixture[str]) -> None:
    """A column without a value takes no room."""
    say_columns(("a", "b", "c"), [("1", "", "3"), ("4", "", "")])
    assert capsys.readouterr().out.split() == ["A", "C", "1", "3", "4"]
