"""Undoes a flip that only a part of the services made."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from http.client import BAD_REQUEST
from typing import Any

from ctl.fleet.client import FleetClient, Reply
from ctl.mode.change import MAY_STILL
from ctl.mode.state import PATH, State, reading
from ctl.mode.wanted import Result, Row, Wanted
from kysira.types import Mode

_OLDER = "an older service can't be put back to a mode with an end"
_OTHER = {Mode.SHADOW: Mode.ACTIVE, Mode.ACTIVE: Mode.SHADOW}


def as_it_was(before: State) -> dict[str, Any]:
    """Return what to post so that a service is as if there had been no flip.

    Mode, end and what comes then are the service's own words: no clock of ours has a say.
    """
    row = {"mode": before.mode, "expires_at": _exact(before.expires_at), "back_to": before.back_to}
    return {key: value for key, value in row.items() if value is not None}


def steps_back(before: State, flip: Wanted, now: float) -> list[Wanted]:
    """Return what a person asks for, one after the other, to put a service back by hand.

    The time that is left is by this machine's clock. Where the service does not tell what comes
    after a flip's end, that is taken to be the other mode.
    """
    if before.expires_at is None:
        return [Wanted(before.mode)]
    left = before.expires_at - now
    then = before.back_to or _OTHER[before.mode]
    if left <= 0 or then is before.mode:
        return [Wanted(then)]
    timed = Wanted(before.mode, left)
    # What a flip with an end goes back to is the last one for good, which may be this one's.
    is_lost = flip.ttl_s is None and flip.mode is not then
    return [Wanted(then), timed] if is_lost else [timed]


async def roll_back(client: FleetClient, rows: Sequence[Row]) -> list[Row]:
    """Put back, all at once, those that changed, and those that may still change."""
    return list(await asyncio.gather(*(_rolled_back(client, row) for row in rows)))


async def _rolled_back(client: FleetClient, row: Row) -> Row:
    if row.result not in (Result.CHANGED, Result.UNKNOWN) or row.before is None:
        return row
    body = as_it_was(row.before)
    reply = await client.ask(row.target, PATH, method="POST", json_body=body)
    if not reply.is_ok:
        return _failed(row, reply)
    seen = reading(await client.ask(row.target, PATH))
    if seen.state is None:
        return replace(row, result=Result.NOT_ROLLED_BACK, note=f"asked to, then: {seen.error}")
    is_back = _is_same(seen.state, row.before)
    return replace(
        row, result=Result.ROLLED_BACK if is_back else Result.NOT_ROLLED_BACK, state=seen.state,
        note="" if is_back else f"asked to, but it is {seen.state.mode}",
    )  # fmt: skip


def _is_same(now: State, before: State) -> bool:
    """Return True when it is as it was, or as it would be by now: an end may have passed."""
    if now.expires_at is None and before.expires_at is not None:
        return now.mode is before.back_to
    told = (now.mode, now.expires_at, now.back_to)
    return told == (before.mode, before.expires_at, before.back_to)


def _failed(row: Row, reply: Reply) -> Row:
    if row.result is Result.UNKNOWN:
        note = f"{row.note}, and was asked to go back, too"
        return replace(row, note=note) if reply.may_have_arrived else row
    note = f"{reply.error}; {MAY_STILL}" if reply.may_have_arrived else reply.error
    if reply.status == BAD_REQUEST and row.before and row.before.expires_at is not None:
        note = _OLDER
    return replace(row, result=Result.NOT_ROLLED_BACK, note=note)


def _exact(unix_seconds: float | None) -> str | None:
    """Return a time as the services tell it: in UTC, to the millisecond."""
    if unix_seconds is None:
        return None
    when = datetime.fromtimestamp(round(unix_seconds, 3), UTC)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
