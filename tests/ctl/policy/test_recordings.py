"""Recorded events are read more than once."""

from pathlib import Path

import pytest

from ctl.fleet.options import FleetOptions
from ctl.policy.recordings import recordings
from kysira.errors import StartError
from tests.ctl.events.made import lines
from tests.ctl.replay.made import event_row


def test_files_are_read_again(tmp_path: Path) -> None:
    """To find an event, and then to look at all."""
    path = tmp_path / "x.jsonl"
    path.write_bytes(lines(event_row(id="one"), event_row(id="Two"), event_row(id="one")))
    found = recordings([str(path)], None)
    two = found.find("tWO")
    assert two
    assert two.id == "Two"
    assert found.find("three") is None
    assert [event.id for event in found.read()] == ["one", "Two"]
    assert found.silent == []


def test_beginning_names_the_first(tmp_path: Path) -> None:
    """Of a few letters, which may be any, none."""
    path = tmp_path / "x.jsonl"
    path.write_bytes(lines(*(event_row(id=f"Event-{n}") for n in range(9))))
    found = recordings([str(path)], None)
    assert found.beginning("event") == ["Event-0", "Event-1", "Event-2"]
    assert found.beginning("eve") == []


def test_silent_services_are_an_error() -> None:
    """Where nobody answers there is nothing to look at."""
    with pytest.raises(StartError, match="connection refused"):
        recordings([], FleetOptions(["127.0.0.1:1"], timeout="3s").which())
