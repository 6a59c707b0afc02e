"""Setting the mode of many services, of which some misbehave."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from aiohttp import web

from ctl.fleet.target import Target
from ctl.mode.change import change
from ctl.mode.state import Reading, read_all
from ctl.mode.wanted import Result, Row, Wanted
from kysira.types import Mode
from tests.ctl.mode.services import Service, client, hang, on_post, services

ACTIVE = Wanted(Mode.ACTIVE)


async def flip(
    made: Sequence[Service], wanted: Wanted = ACTIVE, timeout_s: float = 5.0
) -> list[Row]:
    """Look and set, as the command does."""
    async with client(timeout_s) as asked:
        return await change(asked, await read_all(asked, [s.target for s in made]), wanted)


def told(rows: Sequence[Row]) -> list[Result]:
    """Return the results."""
    return [row.result for row in rows]


async def test_change_sets_all_and_reads_back(tmp_path: Path) -> None:
    """All are set; what is in force is what a second look saw; nobody is asked twice."""
    async with services(tmp_path) as made:
        rows = await flip(made)
        assert told(rows) == [Result.CHANGED] * 3
        assert {row.state and row.state.mode for row in rows} == {Mode.ACTIVE}
        assert told(await flip(made)) == [Result.ALREADY] * 3
        assert [service.posted for service in made] == [[{"mode": "active"}]] * 3


async def test_change_tells_faults_apart(tmp_path: Path) -> None:
    """Refused, hung and closed: each row says so, and the others are set meanwhile."""

    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.json_response({"error": "no\x1b[2J"}, status=401)

    async def cut(request: web.Request) -> web.StreamResponse | None:
        assert request.transport
        request.transport.abort()
        return None

    async with services(tmp_path, 4) as made:
        made[1].fault, made[2].fault, made[3].fault = map(on_post, (refuse, hang, cut))
        rows = await flip(made, timeout_s=1)
        assert told(rows) == [Result.CHANGED, Result.REFUSED, Result.UNKNOWN, Result.CHANGED]
        assert rows[1].note == "answered 401: no\\x1b[2J"
        assert rows[1].status == 401
        assert rows[2].note == "no answer in 1 s; it may still change"
        assert rows[3].note == "closed the connection without an answer, but did it"


async def test_change_silent_service_is_not_asked(tmp_path: Path) -> None:
    """Who does not answer the first look is not asked to change."""
    async with services(tmp_path, 2) as made:
        made[0].fault = hang
        rows = await flip(made, timeout_s=1)
        assert told(rows) == [Result.SILENT, Result.CHANGED]
        assert rows[0].note.endswith("not changed")
        assert made[0].posted == []


async def test_change_sees_other_operator(tmp_path: Path) -> None:
    """Who is set back between the flip and the second look is overruled, also where it was so."""
    async with services(tmp_path, 2) as made:
        await made[1].modes.flip(Mode.ACTIVE)

        async def other_is_quicker(request: web.Request) -> web.StreamResponse | None:
            if request.method == "POST":
                await made[0].modes.flip(Mode.ACTIVE)
                answer = web.json_response({"mode": "active"})
                await asyncio.gather(*(each.modes.flip(Mode.SHADOW) for each in made))
                return answer
            return None

        made[0].fault = other_is_quicker
        rows = await flip(made)
        assert told(rows) == [Result.OVERRULED, Result.OVERRULED]
        assert "somebody else set it to shadow" in rows[0].note


async def test_change_compares_at_the_service(tmp_path: Path) -> None:
    """Who leaves the mode between look and flip is left alone, unless they went where we go."""
    async with services(tmp_path, 3) as made:

        async def first_other(request: web.Request, service: Service, mode: Mode) -> None:
            if request.method == "POST":
                await service.modes.flip(mode, 60 if mode is Mode.SHADOW else None)

        made[0].fault = lambda request: first_other(request, made[0], Mode.ACTIVE)
        rows = await flip(made, Wanted(Mode.SHADOW, 60, if_mode=Mode.SHADOW))
        assert told(rows) == [Result.ALREADY] * 3  # for good: nobody is asked
        for service in made:
            await service.modes.flip(Mode.SHADOW, 60)
        rows = await flip(made, Wanted(Mode.SHADOW, if_mode=Mode.SHADOW))
        assert told(rows) == [Result.LEFT, Result.CHANGED, Result.CHANGED]
        assert "the mode in force is active, not shadow; nothing was changed" in rows[0].note
        assert made[0].posted == [{"mode": "shadow", "if_mode": "shadow"}]
        await made[0].modes.flip(Mode.SHADOW)
        rows = await flip(made[:1], Wanted(Mode.ACTIVE, if_mode=Mode.SHADOW))
        assert told(rows) == [Result.ALREADY]


async def test_change_tells_older_services(tmp_path: Path) -> None:
    """One that can't compare refuses, and says nothing that helps: we do."""

    async def older(_: web.Request) -> web.StreamResponse:
        error = {"error": "unknown: if_mode; there are mode and ttl_seconds"}
        return web.json_response(error, status=400)

    async with services(tmp_path, 1) as made:
        made[0].fault = on_post(older)
        [row] = await flip(made, Wanted(Mode.ACTIVE, if_mode=Mode.SHADOW))
        assert (row.result, row.status) == (Result.REFUSED, 400)
        assert row.note.startswith("an older service can't compare and set in one step")


async def test_change_says_when_not_saved(tmp_path: Path) -> None:
    """A flip that the disk did not take is made, and said to go with the next restart."""
    async with services(tmp_path, 1) as made:
        (tmp_path / "0").write_text("no folder")
        [row] = await flip(made)
        assert row.result is Result.CHANGED
        assert row.note == "not saved: a restart undoes it"


async def test_change_time_that_is_up_is_no_overruling(tmp_path: Path) -> None:
    """A flip that ends before the slowest service has answered was made all the same."""
    async with services(tmp_path, 2) as made:
        made[1].fault = on_post(hang)
        rows = await flip(made, Wanted(Mode.ACTIVE, 0.5), timeout_s=2)
        assert told(rows) == [Result.CHANGED, Result.UNKNOWN]
        assert rows[0].note == "its time is up already"


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"mode": "shadow"}, "says shadow: not as asked"),
        ({"mode": "active"}, "says active: not as asked"),
    ],
)
async def test_change_believes_no_other_mode(
    tmp_path: Path, told: dict[str, str], says: str
) -> None:
    """A yes that is followed by another mode, or by no end, is none; it may be put back."""

    async def pretend(_: web.Request) -> web.StreamResponse:
        return web.json_response(told)

    async with services(tmp_path, 1) as made:
        made[0].fault = on_post(pretend)
        [row] = await flip(made, Wanted(Mode.ACTIVE, 60))
        assert row.result is Result.UNKNOWN
        assert says in row.note
        made[0].fault = pretend
        [row] = await flip(made) if told["mode"] == "shadow" else [row]
        assert row.result is Result.UNKNOWN


async def test_change_by_two_addresses_is_no_overruling(tmp_path: Path) -> None:
    """A service that is named twice gets its end twice, by us: nobody else was there."""
    async with services(tmp_path, 1) as made:
        here = made[0].target
        there = Target("again", here.url.replace("127.0.0.1", "localhost"))
        async with client() as asked:
            wanted = Wanted(Mode.ACTIVE, 60)
            rows = await change(asked, await read_all(asked, [here, there]), wanted)
        assert told(rows) == [Result.CHANGED, Result.CHANGED]


async def test_change_for_good_is_overruled_by_an_end(tmp_path: Path) -> None:
    """Who was as asked for good, and is now for a time, is not as asked any more."""
    async with services(tmp_path, 2) as made:
        await made[1].modes.flip(Mode.ACTIVE)

        async def other(request: web.Request) -> web.StreamResponse | None:
            if request.method == "POST":
                await made[1].modes.flip(Mode.ACTIVE, 60)
            return None

        made[0].fault = other
        rows = await flip(made)
        assert told(rows) == [Result.CHANGED, Result.OVERRULED]
        assert rows[1].note == "somebody else set it to active with an end meanwhile"


async def test_change_knows_what_was_before_by_the_latest_look(tmp_path: Path) -> None:
    """What somebody set while a person was asked is what a rollback restores."""
    async with services(tmp_path, 2) as made, client() as asked:
        targets = [service.target for service in made]
        readings = await read_all(asked, targets)
        await made[0].modes.flip(Mode.ACTIVE, 60)
        fresh = {row.target: row for row in await read_all(asked, targets)}
        fresh[targets[1]] = Reading(targets[1], error="no answer in 3 s")
        rows = await change(asked, readings, ACTIVE, fresh)
        before = [row.before for row in rows]
        assert before[0] == fresh[targets[0]].state
        assert before[1] == readings[1].state
