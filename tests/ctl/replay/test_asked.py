"""The events that services remember are replayed."""

import asyncio
import json
from pathlib import Path

import pytest

from ctl.fleet.options import FleetOptions
from ctl.replay.asked import ask_services
from kysira.errors import StartError
from tests.ctl.command import run
from tests.ctl.events.service import services
from tests.ctl.replay.made import event_row, finding

EXCLUDING = "exclusions: [{name: q, path: /search, location: 'query:q'}]\n"
EARLY = {"timestamp": "2026-11-26T01:00:00Z"}


@pytest.fixture
def new(tmp_path: Path) -> str:
    """Return the path of a policy with an exclusion."""
    (tmp_path / "new.yaml").write_text(EXCLUDING)
    return str(tmp_path / "new.yaml")


async def test_services_are_asked_without_files(new: str) -> None:
    """Each event once; how many, of how many services, and of when, is on stderr."""
    async with services(2) as (one, two):
        one.events = [event_row(finding(), id="1", **EARLY), event_row(id="2", **EARLY)]
        two.events = [event_row(id="2", **EARLY),
                      event_row(finding(), id="3", timestamp="2026-11-26T01:09:38Z")]  # fmt: skip
        asked = ["replay", "--policy", new, "--target", one.name, "--target", two.name]
        done = await asyncio.to_thread(run, *asked, "-o", "json")
        shown = await asyncio.to_thread(run, *asked)
    told = json.loads(done.out)
    assert done.code == 0, done.err
    assert (told["requests"], told["no_longer_blocked"]) == (3, 2)
    assert (told["files"], told["silent"]) == ({"services": "events"}, [])
    assert "as recorded" in shown.out
    assert (
        "asked 2 services: 3 events, from 2026-11-26T01:00:00Z to 2026-11-26T01:09:38Z; a service "
        "remembers the last 500" in shown.err
    )


async def test_silent_service_is_exit_3(new: str) -> None:
    """What the others tell counts all the same."""
    async with services(2) as (one, two):
        one.events = [event_row(id="1")]
        two.status = 401
        done = await asyncio.to_thread(
            run, "replay", "--policy", new, "--target", one.name, "--target", two.name
        )
    assert done.code == 3
    assert "requests            1" in done.out
    assert "asked 1 service: 1 event, from" in done.err
    assert f"no events of {two.name}: answered 401" in done.err


async def test_service_without_events_is_told(new: str) -> None:
    """There is nothing to replay: exit 4."""
    async with services(1) as (one,):
        done = await asyncio.to_thread(run, "replay", "--policy", new, "--target", one.name)
    assert (done.code, done.out) == (4, "")
    assert "asked 1 service: no events yet" in done.err


def test_no_service_at_all_is_an_error() -> None:
    """With why."""
    with pytest.raises(StartError, match=r"no service answers: .* connection refused"):
        ask_services(FleetOptions(["127.0.0.1:1"], timeout="3s").which())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--from", "x", "--target", "127.0.0.1:1"], "leave out the services"),
        (["--format", "har"], "needs --from PATH"),
    ],
)
def test_files_or_services(new: str, options: list[str], words: str) -> None:
    """Never both; services tell no HAR."""
    done = run("replay", "--policy", new, *options)
    assert done.code == 2
    assert words in " ".join(done.err.replace("│", " ").split())
