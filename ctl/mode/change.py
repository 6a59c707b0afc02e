"""Sets the mode of many services at once, and looks afterwards what is in force."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import BAD_REQUEST, CONFLICT

from ctl.fleet.client import FleetClient, Reply
from ctl.fleet.target import Target
from ctl.mode.state import PATH, Reading, State, read_all, reading
from ctl.mode.wanted import Result, Row, Wanted, already_note, is_already, verdict

MAY_STILL = "it may still change"
_NONE: Mapping[Target, Reading] = {}
_TOLD_TO_S = 0.01
"""Ends are told to the millisecond."""
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


async def change(
    client: FleetClient, readings: Sequence[Reading], wanted: Wanted,
    fresh: Mapping[Target, Reading] = _NONE,
) -> list[Row]:  # fmt: skip
    """Ask those that need it, all at once; then read back every one that was heard before.

    ``fresh`` has what services said since, where a person was asked: that is what they were before,
    and what a rollback restores. The second look begins once the last one was asked: of two
    commands that run against each other at least one sees, and tells, that the other has been
    there.
    """
    rows = planned(readings, wanted)
    asked = [each.target for each, row in zip(readings, rows, strict=True) if row is None]
    begun = time.monotonic()
    replies = await client.ask_all(asked, PATH, method="POST", json_body=wanted.body)
    posted = dict(zip(asked, replies, strict=True))
    after = await _look_again(client, readings)
    asked_for = _Asked(wanted, time.monotonic() - begun)
    return [
        _unasked(row, after.get(row.target), wanted)
        if row
        else _asked(_latest(each, fresh), posted[each.target], after[each.target], asked_for)
        for each, row in zip(readings, rows, strict=True)
    ]


def _latest(each: Reading, fresh: Mapping[Target, Reading]) -> Reading:
    said = fresh.get(each.target, each)
    return each if said.state is None else said


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
    if not is_already(after.state, wanted):
        return _overruled(row.target, row.before, after.state)
    return row


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked for, and how long it took until all were looked at again."""

    wanted: Wanted
    took_s: float

    @property
    def is_up(self) -> bool:
        """Return True when a flip with an end may be over by now."""
        return self.wanted.ttl_s is not None and self.took_s >= self.wanted.ttl_s

    def is_in(self, told: State) -> bool:
        """Return True when a service that says so did as asked."""
        is_timed = told.expires_at is not None
        return told.mode is self.wanted.mode and is_timed == (self.wanted.ttl_s is not None)

    def is_still(self, told: State, now: State) -> bool:
        """Return True when what was told is in force, or somebody asked for the same just now.

        That may be this command itself, for a service that is reached by two addresses.
        """
        if told.expires_at is None or now.expires_at is None:
            return (now.mode, now.expires_at) == (told.mode, told.expires_at)
        later_s = now.expires_at - told.expires_at
        return now.mode is told.mode and abs(later_s) <= self.took_s + _TOLD_TO_S


def _asked(before: Reading, reply: Reply, after: Reading, asked_for: _Asked) -> Row:
    told, wanted = reading(reply).state, asked_for.wanted
    if told is not None:
        return _confirmed(before, told, after, asked_for)
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


def _confirmed(before: Reading, told: State, after: Reading, asked_for: _Asked) -> Row:
    """Return the row of a service that said it did as asked, by what is in force now."""
    target, is_up = before.target, asked_for.is_up
    if not asked_for.is_in(told) and not is_up:
        note = f"answered 200, but says {_in_words(told)}: not as asked"
        return Row(target, Result.UNKNOWN, before.state, after.state or told, note)
    if after.state is None:
        note = f"said that it changed, then: {after.error}"
        return Row(target, Result.UNKNOWN, before.state, told, note)
    if asked_for.is_still(told, after.state):
        note = "" if told.is_saved else "not saved: a restart undoes it"
        return Row(target, Result.CHANGED, before.state, after.state, note)
    if is_up:
        return Row(target, Result.CHANGED, before.state, after.state, "its time is up already")
    return _overruled(target, before.state, after.state)


def _overruled(target: Target, before: State | None, now: State) -> Row:
    note = f"somebody else set it to {_in_words(now)} meanwhile"
    return Row(target, Result.OVERRULED, before, now, note)


def _in_words(state: State) -> str:
    return state.mode if state.expires_at is None else f"{state.mode} with an end"


def _is_by_us(now: State, before: State | None, wanted: Wanted) -> bool:
    """Return True when what is in force can only come from a request without an answer."""
    is_timed = now.expires_at is not None
    return now.mode is wanted.mode and is_timed == (wanted.ttl_s is not None) and now != before
