"""Sets the mode of many services at once, and looks afterwards what is in force."""

import time
from collections.abc import Mapping, Sequence
from http.client import BAD_REQUEST, CONFLICT

from ctl.fleet.client import FleetClient, Reply
from ctl.fleet.target import Target
from ctl.mode.state import PATH, Reading, State, read_all, reading
from ctl.mode.wanted import Result, Row, Wanted, already_note, verdict

MAY_STILL = "it may still change"
_OLDER = "an older service can't compare and set in one step: leave --if-mode out, or upgrade it"


def planned(readings: Sequence[Reading], wanted: Wanted) -> list[Row | None]:
    """Return the row of each service that is not asked to change, None for one that is."""
    return [_planned(each, wanted) for each in readings]


def _planned(each: Reading, wanted: Wanted) -> Row | None:
    if each.state is None:
        result = Result.REFUSED if each.status else Result.SILENT
        return Row(each.target, result, note=f"{each.error}; not changed", status=each.status)
    match verdict(each.state, wanted):
        case None:
            return None
        case Result.ALREADY:
            return Row(each.target, Result.ALREADY, each.state, each.state, already_note(wanted))
        case left:
            return Row(each.target, left, each.state, each.state, f"it is {each.state.mode}")


async def change(client: FleetClient, readings: Sequence[Reading], wanted: Wanted) -> list[Row]:
    """Ask those that need it, all at once; then read back every one that was heard before.

    The second look begins once the last one was asked: of two commands that run against each
    other at least one sees, and tells, that the other has been there.
    """
    rows = planned(readings, wanted)
    asked = [each.target for each, row in zip(readings, rows, strict=True) if row is None]
    begun = time.monotonic()
    replies = await client.ask_all(asked, PATH, method="POST", json_body=wanted.body)
    posted = dict(zip(asked, replies, strict=True))
    after = await _look_again(client, readings)
    is_up = wanted.ttl_s is not None and time.monotonic() - begun >= wanted.ttl_s
    return [
        _unasked(row, after.get(row.target), wanted)
        if row
        else _asked(each, posted[each.target], after[each.target], wanted, is_up=is_up)
        for each, row in zip(readings, rows, strict=True)
    ]


async def _look_again(client: FleetClient, before: Sequence[Reading]) -> Mapping[Target, Reading]:
    targets = [each.target for each in before if each.state]
    return dict(zip(targets, await read_all(client, targets), strict=True))


def _unasked(row: Row, after: Reading | None, wanted: Wanted) -> Row:
    """Return the row of a service that was as wanted, unless it is otherwise by now."""
    if after is None or row.result is not Result.ALREADY:
        return row
    if after.state is None:
        note = f"was {wanted.mode}, then: {after.error}"
        return Row(row.target, Result.SILENT, row.before, None, note)
    if after.state.mode is not wanted.mode:
        return _overruled(row.target, row.before, after.state)
    return row


def _asked(before: Reading, reply: Reply, after: Reading, wanted: Wanted, *, is_up: bool) -> Row:
    told = reading(reply).state
    if told is not None:
        return _confirmed(before, told, after, is_up=is_up)
    if reply.status:
        return _refused(before, reply, after, wanted)
    if after.state is not None and _is_by_us(after.state, before.state, wanted):
        return Row(
            before.target, Result.CHANGED, before.state, after.state, f"{reply.error}, but did it"
        )
    if reply.may_have_arrived:
        note = f"{reply.error}; {MAY_STILL}"
        return Row(before.target, Result.UNKNOWN, before.state, after.state, note)
    return Row(
        before.target, Result.SILENT, before.state, after.state, f"{reply.error}; not changed"
    )


def _refused(before: Reading, reply: Reply, after: Reading, wanted: Wanted) -> Row:
    """Return the row of a service that was asked and changed nothing."""
    target, now = before.target, after.state or before.state
    if reply.status == CONFLICT and now is not None:
        if verdict(now, wanted) is Result.ALREADY:  # somebody else was quicker, and meant the same
            return Row(target, Result.ALREADY, before.state, now, already_note(wanted))
        return Row(target, Result.LEFT, before.state, now, reply.error)
    error = reading(reply).error
    if reply.status == BAD_REQUEST and wanted.if_mode and "if_mode" in error:
        error = _OLDER
    return Row(target, Result.REFUSED, before.state, now, error, reply.status)


def _confirmed(before: Reading, told: State, after: Reading, *, is_up: bool) -> Row:
    """Return the row of a service that said it did as asked, by what is in force now."""
    target = before.target
    if after.state is None:
        note = f"said that it changed, then: {after.error}"
        return Row(target, Result.UNKNOWN, before.state, told, note)
    if (after.state.mode, after.state.expires_at) == (told.mode, told.expires_at):
        note = "" if told.is_saved else "not saved: a restart undoes it"
        return Row(target, Result.CHANGED, before.state, after.state, note)
    if is_up:
        return Row(target, Result.CHANGED, before.state, after.state, "its time is up already")
    return _overruled(target, before.state, after.state)


def _overruled(target: Target, before: State | None, now: State) -> Row:
    note = f"somebody else set it to {now.mode} meanwhile"
    return Row(target, Result.OVERRULED, before, now, note)


def _is_by_us(now: State, before: State | None, wanted: Wanted) -> bool:
    """Return True when what is in force can only come from a request without an answer."""
    is_timed = now.expires_at is not None
    return now.mode is wanted.mode and is_timed == (wanted.ttl_s is not None) and now != before
