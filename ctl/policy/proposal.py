"""Exclusions for an event, and everything that speaks for or against them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ctl import console
from ctl.events.record import Record
from ctl.fleet.options import Which
from ctl.policy.let_through import LetThrough
from ctl.policy.narrow import NotNarrowError, Wish, has_index, narrow_path, narrowest
from ctl.policy.recordings import Recordings, recordings
from ctl.policy.source import Known, ask, is_told, of_defaults, of_file, of_reply
from ctl.replay.outcome import Doubt
from ctl.replay.recorded import KILLS, is_scored, redecided, request_of
from kysira.errors import RequestError, StartError
from kysira.policy import Policy
from kysira.types import Exclusion, Finding, Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is asked for."""

    event_id: str
    names: tuple[str, ...]
    """Files of events."""
    which: Which | None
    """The services that are asked, if any."""
    policy: Path | None
    path: str
    location: str
    any_index: bool
    expires: float | None
    reason: str
    all_findings: bool
    now: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """What to add to a policy."""

    event: Record
    known: Known
    """The policy that it is added to."""
    exclusions: Sequence[Exclusion]
    effect: LetThrough
    problems: Sequence[str] = ()
    """Why the request would not pass; nothing when it would."""
    notes: Sequence[str] = ()
    doubts: frozenset[Doubt] = frozenset()
    silent: Sequence[str] = field(default=())
    """Services and files that could not be read."""

    @property
    def is_enough(self) -> bool:
        """Return True when the request would pass, as far as its event tells."""
        return not self.problems


def proposal(asked: Ask) -> Proposal:
    """Return the exclusions for an event.

    Raises RequestError when there is no such event, or it says nothing, and StartError when no
    service answers.
    """
    recorded = recordings(asked.names, asked.which)
    event = recorded.find(asked.event_id)
    if event is None:
        raise RequestError(_not_found(asked.event_id, recorded))
    if not is_scored(event):
        raise RequestError(f"event {event.id} was not scored: no exclusion would change that")
    known = _policy(asked, event)
    now_over = _over(event, known.policy)
    effect = LetThrough(event)
    if not now_over:
        is_over, why = _without_finding(event, known.policy)
        problems, notes = ([why], []) if is_over else ([], [why])
        return Proposal(event, known, (), effect, problems, notes, silent=recorded.silent)
    wanted = now_over if asked.all_findings else now_over[:1]
    made, problems = _exclusions(asked, event, wanted, known.policy)
    after = _with(known.policy, made)
    again = redecided(event, after, Mode.ACTIVE)
    problems += _still_blocked(_over(event, after), wanted, again.doubts) if made else []
    effect.look(recorded.read(), known.policy, after)
    return Proposal(
        event, known, made, effect, problems, _notes(asked, event, made), again.doubts,
        recorded.silent,
    )  # fmt: skip


def _not_found(event_id: str, recorded: Recordings) -> str:
    if begun := recorded.beginning(event_id):
        return f"{event_id} is no whole id; is it {' or '.join(begun)}?"
    hint = "services remember the last 500; name files by --from"
    where = f"; {'; '.join(recorded.silent)}" if recorded.silent else ""
    return f"no event {event_id} is recorded: {hint}{where}"


def _policy(asked: Ask, event: Record) -> Known:
    """Return the policy that is added to: a file's, or what the event's service has in force."""
    if asked.policy is not None:
        return of_file(asked.policy, asked.now)
    if asked.which is None:
        console.note("no --policy: thresholds and exclusions are taken to be the defaults")
        return of_defaults()
    replies = [reply for reply in asyncio.run(ask(asked.which)) if is_told(reply)]
    own = [reply for reply in replies if reply.target.name == event.source] or replies
    try:
        return of_reply(own[0], asked.now) if own else of_defaults()
    except StartError as error:
        console.note(f"{error}; the defaults are taken instead")
        return of_defaults()


def _over(event: Record, policy: Policy) -> list[Finding]:
    """Return the findings that a policy blocks the request for, highest first."""
    decision = redecided(event, policy, Mode.ACTIVE).decision
    if decision.action not in KILLS:
        return []
    threshold = policy.snapshot_for(request_of(event), Mode.ACTIVE).policy.options.threshold_of
    found = decision.verdict.findings
    return [each for each in found if each.score >= threshold(each.detector)]


def _exclusions(
    asked: Ask, event: Record, wanted: Sequence[Finding], policy: Policy
) -> tuple[list[Exclusion], list[str]]:
    """Return an exclusion for each finding, and why there is none for the others."""
    reason = f"{asked.reason} (event {event.id})" if asked.reason else f"event {event.id}"
    wish = Wish(asked.path, asked.location, asked.any_index, asked.expires, reason)
    taken = {each.name for each in policy.exclusions}
    made: list[Exclusion] = []
    problems: list[str] = []
    for found in wanted:
        try:
            one = narrowest(event.text("path"), found, wish, taken)
        except NotNarrowError as error:
            problems.append(f"{found.detector}: {error}")
            continue
        taken.add(one.name)
        made.append(one)
    return made, problems


def _still_blocked(
    left: Sequence[Finding], wanted: Sequence[Finding], doubts: frozenset[Doubt]
) -> list[str]:
    """Return why the request would not pass, as far as its event tells."""
    told = []
    for found in left:
        what = f"{found.detector} {found.score:.4f} in {found.location or 'no place that is told'}"
        if found not in wanted:
            what += "; --all-findings excludes that too"
        elif Doubt.MASKED in doubts:  # whoever said --path or --location may know
            continue
        else:
            what += "; --path or --location does not hold it"
        told.append(f"the request would still be blocked: {what}")
    return told


def _with(policy: Policy, made: Sequence[Exclusion]) -> Policy:
    options = replace(policy.options, exclusions=(*policy.options.exclusions, *made))
    return replace(policy, exclusions=(*policy.exclusions, *made), options=options)


def _without_finding(event: Record, policy: Policy) -> tuple[bool, str]:
    """Return whether a request is blocked all the same, and why there is nothing to exclude."""
    again = redecided(event, policy, Mode.ACTIVE)
    if again.decision.action in KILLS:
        return True, f"no exclusion changes that: {again.decision.reason}"
    names = sorted({why for _, why in again.dropped if why})
    if names:
        what = f"exclusion {names[0]} lets" if len(names) == 1 else f"{' and '.join(names)} let"
        told = f"{what} the event pass already"
    else:
        told = "the event is not over a threshold of this policy"
    return False, f"nothing to exclude: {told}"


def _notes(asked: Ask, event: Record, made: Sequence[Exclusion]) -> list[str]:
    notes = []
    if made and not asked.path:
        notes += [note] if (note := narrow_path(event.text("path")).note) else []
    for prefix in dict.fromkeys(each.path_prefix for each in made):
        if prefix == "/":
            notes.append("its path is /, which as a prefix is every path: it holds everywhere")
        else:
            notes.append(f"it holds for {prefix} and all below it, of every host")
    if not asked.location and any(has_index(each.location) for each in made):
        notes.append("--any-index makes it hold for every number in brackets")
    return notes
