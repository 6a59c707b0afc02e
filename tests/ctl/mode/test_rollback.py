"""Undoing a flip that only a part of the services made."""

import time
from pathlib import Path

import pytest
from aiohttp import web

from ctl.mode.change import change
from ctl.mode.rollback import roll_back, steps_back
from ctl.mode.state import State, read_all
from ctl.mode.wanted import Result, Row, Wanted
from kysira.types import Mode
from tests.ctl.mode.services import Service, client, hang, on_post, services

S, A = Mode.SHADOW, Mode.ACTIVE


async def flip_and_back(made: list[Service], wanted: Wanted) -> list[Row]:
    """Set the mode, and put it back where that was done."""
    async with client(1) as asked:
        rows = await change(asked, await read_all(asked, [s.target for s in made]), wanted)
        return await roll_back(asked, rows)


FLIPS = [Wanted(S), Wanted(A), Wanted(S, 60.0), Wanted(A, 60.0)]
BEFORE = [(S, None, S), (A, None, A), (S, 30.0, A), (A, 30.0, S), (S, 30.0, S), (A, 30.0, A)]
"""Mode, for how long, and what comes then."""


async def put_in(service: Service, mode: Mode, ttl: float | None, then: Mode) -> None:
    """Have the service in a state, and what comes after it."""
    await service.modes.flip(then)
    if ttl is not None:
        await service.modes.flip(mode, ttl)


@pytest.mark.parametrize("flip", FLIPS)
@pytest.mark.parametrize(("mode", "ttl", "then"), BEFORE)
async def test_rollback_is_exact(
    tmp_path: Path, mode: Mode, ttl: float | None, then: Mode, flip: Wanted
) -> None:
    """Whatever was: mode, end, and the mode after the end are as if there had been no flip.

    The service is asked once, and its clock is not ours.
    """
    now = [time.time() + 5000]
    async with services(tmp_path, 1) as made, client() as asked:
        [service] = made
        service.modes._clock = lambda: now[0]
        await put_in(service, mode, ttl, then)
        [before] = await read_all(asked, [service.target])
        await service.modes.flip(flip.mode, flip.ttl_s)
        changed = Row(service.target, Result.CHANGED, before.state)
        [row] = await roll_back(asked, [changed])
        assert (row.result, row.state) == (Result.ROLLED_BACK, before.state), row.note
        assert len(service.posted) == 1
        now[0] += 2000
        assert (service.modes.mode, service.modes.expires_at) == (then, None)


async def test_rollback_after_the_end_is_what_came_then(tmp_path: Path) -> None:
    """A flip whose time was up meanwhile is not begun again."""
    now = [time.time()]
    async with services(tmp_path, 1) as made, client() as asked:
        [service] = made
        service.modes._clock = lambda: now[0]
        await put_in(service, A, 30.0, S)
        [before] = await read_all(asked, [service.target])
        await service.modes.flip(A)
        now[0] += 31
        [row] = await roll_back(asked, [Row(service.target, Result.CHANGED, before.state)])
        assert (row.result, service.state) == (Result.ROLLED_BACK, ("shadow", False))


async def test_rollback_of_older_service_says_so(tmp_path: Path) -> None:
    """One that takes no end is not put back to a mode with one; without one it is."""

    async def older(_: web.Request) -> web.StreamResponse:
        error = {"error": "unknown: expires_at; there are mode and ttl_seconds"}
        return web.json_response(error, status=400)

    async with services(tmp_path, 1) as made, client() as asked:
        [service] = made
        service.fault = on_post(older)
        row = Row(service.target, Result.CHANGED, State(A, 5e9), State(S))
        [told] = await roll_back(asked, [row])
        assert told.result is Result.NOT_ROLLED_BACK
        assert told.note == "an older service can't be put back to a mode with an end"
        assert service.posted == [{"mode": "active", "expires_at": "2128-06-11T08:53:20.000Z"}]


async def test_rollback_sees_who_was_quicker(tmp_path: Path) -> None:
    """Who did as asked and is found otherwise is not put back."""

    async def other(_: web.Request) -> web.StreamResponse:
        return web.json_response({"mode": "shadow"})

    async with services(tmp_path, 1) as made, client() as asked:
        [service] = made
        await service.modes.flip(A, 60)
        service.fault = on_post(other)
        for before in (State(S), State(A), State(A, 5e9, back_to=S)):
            [row] = await roll_back(asked, [Row(service.target, Result.CHANGED, before)])
            assert (row.result, row.note) == (Result.NOT_ROLLED_BACK, "asked to, but it is active")


@pytest.mark.parametrize("flip", FLIPS)
@pytest.mark.parametrize(("mode", "ttl", "then"), BEFORE)
async def test_steps_back_restore_by_hand(
    tmp_path: Path, mode: Mode, ttl: float | None, then: Mode, flip: Wanted
) -> None:
    """What a person is told to run has the same effect, then and after the end."""
    now = [1000.0]
    async with services(tmp_path, 1) as made:
        [service] = made
        service.modes._clock = lambda: now[0]
        await put_in(service, mode, ttl, then)
        end = service.modes.expires_at
        await service.modes.flip(flip.mode, flip.ttl_s)
        for step in steps_back(State(mode, end, back_to=then if ttl else None), flip, now[0]):
            await service.modes.flip(step.mode, step.ttl_s)
        assert service.modes.mode is mode
        assert service.modes.expires_at == (None if mode is then else end)
        now[0] = 2000.0
        assert service.modes.mode is then


def test_steps_back_after_the_end_are_one() -> None:
    """A flip whose time is up is not begun again; what came then may have to be guessed."""
    assert steps_back(State(A, 5.0, back_to=A), Wanted(S), 6.0) == [Wanted(A)]
    assert steps_back(State(A, 5.0), Wanted(S), 6.0) == [Wanted(S)]


async def test_rollback_touches_only_what_changed(tmp_path: Path) -> None:
    """Who changed is put back; who already was, or refused, is left alone."""

    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.json_response({"error": "no"}, status=403)

    async with services(tmp_path) as made:
        await made[1].modes.flip(A)
        made[2].fault = on_post(refuse)
        rows = await flip_and_back(list(made), Wanted(A))
        results = [row.result for row in rows]
        assert results == [Result.ROLLED_BACK, Result.ALREADY, Result.REFUSED]
        assert [service.state for service in made] == [
            ("shadow", False), ("active", False), ("shadow", False)
        ]  # fmt: skip
        assert made[1].posted == []


async def test_rollback_tells_its_own_failures(tmp_path: Path) -> None:
    """Who refuses to go back, or does not answer, is named as not put back."""

    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.json_response({"error": "no more"}, status=503)

    async with services(tmp_path) as made:
        made[0].fault = on_post(refuse, first=2)
        made[1].fault = on_post(hang, first=2)
        made[2].fault = on_post(hang)
        rows = await flip_and_back(list(made), Wanted(A))
        assert [row.result for row in rows] == [
            Result.NOT_ROLLED_BACK, Result.NOT_ROLLED_BACK, Result.UNKNOWN
        ]  # fmt: skip
        assert rows[0].note == "answered 503: no more"
        assert rows[1].note == "no answer in 1 s; it may still change"
        assert rows[2].note.endswith("it may still change, and was asked to go back, too")
        assert made[2].posted == [{"mode": "active"}, {"mode": "shadow"}]
