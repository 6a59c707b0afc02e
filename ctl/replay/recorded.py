"""Decides a recorded event again, from what it says was found."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from math import nextafter
from typing import Any

from ctl.events.record import Record, number
from ctl.replay.outcome import Doubt, Outcome, Side, side
from ctl.replay.shown import BODY_PLACES, is_location_whole, is_path_whole, known_path
from kysira.exclusions import excluded_by
from kysira.paths import Readings, is_under, readings
from kysira.policy import Policy, Snapshot, decide, noting
from kysira.settings import OnOversize
from kysira.types import (
    DETECTORS,
    Action,
    Decision,
    Exclusion,
    Finding,
    Mode,
    Place,
    Request,
    Uninspected,
    Verdict,
)

KILLS = frozenset({Action.SHADOW_KILL, Action.ACTIVE_KILL})
_BY_MODEL = ":model"
_NOWHERE = ""
"""The location of a score that no finding tells of."""


@dataclass(frozen=True, slots=True)
class Redecided:
    """An event, and what another policy makes of it."""

    decision: Decision
    dropped: Sequence[tuple[Finding, str]]
    """Findings that do not count, and the exclusion behind each; "" where it is something else."""
    doubts: frozenset[Doubt]


def is_scored(event: Record) -> bool:
    """Return False for an event that says nothing of what the request holds."""
    return event.text("action") != Action.ERROR


def outcome(
    event: Record, after: Policy, before: Policy | None, modes: tuple[Mode, Mode]
) -> Outcome:
    """Return an event decided by a policy, beside what another makes of it or what was recorded.

    ``modes`` are those in force before and after; an event that was flagged in shadow counts as
    blocked before when that is active.
    """
    again = redecided(event, after, modes[1])
    first = recorded(event, _mode_then(event, after, modes[0])) if before is None else side(
        redecided(event, before, modes[0]).decision
    )  # fmt: skip
    return Outcome(
        event.id or event.text("timestamp"), event.text("method"), event.text("path"),
        event.text("source_ip"), first, side(again.decision), again.doubts,
    )  # fmt: skip


def _mode_then(event: Record, after: Policy, mode: Mode) -> Mode:
    """Return the mode of what was recorded: where the policy is the same, its routes are known."""
    if event.text("policy") != after.hash:
        return mode
    return after.snapshot_for(request_of(event), mode).mode


def recorded(event: Record, mode: Mode) -> Side:
    """Return what was decided then."""
    kills = KILLS if mode is Mode.ACTIVE else {Action.ACTIVE_KILL}
    detector = event.text("detector")
    found = next((each for each in findings(event) if each.detector == detector), None)
    return Side(
        event.row["action"] in kills, event.text("route"), detector,
        found.location if found else "", event.number("score"), event.text("reason"),
    )  # fmt: skip


def findings(event: Record) -> list[Finding]:
    """Return what was found, highest score first.

    A model's score that was too low to be told as a finding is one here, at no known place.
    """
    told = [_unrounded(event, found) for each in event.findings if (found := _finding(each))]
    known = {each.detector for each in told}
    for slug, said in _scores(event).items():
        score = number(said)
        if slug not in known and score is not None and score > 0:
            told.append(Finding(slug, score, f"{slug}{_BY_MODEL}", _NOWHERE))
    return sorted(told, key=lambda each: -each.score)


def _scores(event: Record) -> Mapping[str, Any]:
    """Return what each detector that was asked said."""
    breakdown = event.row.get("breakdown")
    return breakdown if isinstance(breakdown, dict) else {}


def _unrounded(event: Record, found: Finding) -> Finding:
    """Return a finding that passed with a score under its threshold: events round scores."""
    threshold = event.number("threshold")
    is_under = found.detector == event.text("detector") and event.text("action") not in KILLS
    if is_under and found.score == threshold:
        return replace(found, score=nextafter(threshold, 0.0))
    return found


def _finding(row: Mapping[str, Any]) -> Finding | None:
    detector, score, location = row.get("detector"), number(row.get("score")), row.get("location")
    if score is None or not isinstance(detector, str) or not isinstance(location, str):
        return None
    matched = row.get("matched")
    return Finding(
        detector, score, str(row.get("reason", "")), location,
        matched=matched if isinstance(matched, str) else "",
    )  # fmt: skip


def request_of(event: Record) -> Request:
    """Return what an event says of its request."""
    query = event.text("query")
    target = event.text("path") + (f"?{query}" if query else "")
    host = event.text("host").encode()
    headers = (("host", host),) if host else ()
    return Request(event.text("method"), target.encode(), headers)


def redecided(event: Record, policy: Policy, mode: Mode) -> Redecided:
    """Return what a policy makes of an event while a mode is in force."""
    snapshot = policy.snapshot_for(request_of(event), mode)
    paths = readings(event.text("path").encode())
    unread = _uninspected(event)
    is_body_left = not snapshot.inspects_body or (
        policy.on_oversize is OnOversize.PASS and Uninspected.OVERSIZE in unread
    )
    kept: list[Finding] = []
    dropped: list[tuple[Finding, str]] = []
    for each in findings(event):
        why = _why_not(each, policy, paths, is_body_left=is_body_left)
        if why is None:
            kept.append(each)
        else:
            dropped.append((each, why))
    score = kept[0].score if kept else 0.0
    decision = decide(Verdict(score=score, findings=tuple(kept), uninspected=unread), snapshot)
    if any(not why and _is_of_body(found) for found, why in dropped) and is_body_left:
        decision = noting(decision, Uninspected.POLICY)
    doubts = frozenset(_doubts(event, policy, snapshot, decision, dropped))
    return Redecided(decision, dropped, doubts)


def _why_not(found: Finding, policy: Policy, paths: Readings, *, is_body_left: bool) -> str | None:
    """Return the exclusion that drops a finding, "" for another reason, None when it counts."""
    if found.detector in policy.options.disabled or (is_body_left and _is_of_body(found)):
        return ""
    rule = excluded_by(found.detector, found.location, paths, policy.options.exclusions)
    return rule.name if rule else None


def _is_of_body(found: Finding) -> bool:
    return found.location.partition(":")[0] in BODY_PLACES


def _uninspected(event: Record) -> tuple[Uninspected, ...]:
    known = {each.value for each in Uninspected}
    return tuple(Uninspected(text) for text in event.texts("uninspected") if text in known)


def _doubts(
    event: Record,
    policy: Policy,
    snapshot: Snapshot,
    decision: Decision,
    dropped: Sequence[tuple[Finding, str]],
) -> Iterator[Doubt]:
    """Yield what could make the decision another one."""
    if _is_masked(event, policy, decision):
        yield Doubt.MASKED
    if decision.action in KILLS:
        return
    if any(why for _, why in dropped):
        yield Doubt.HIDDEN
    threshold = event.number("threshold")
    if any(found.score >= threshold and not _is_by_model(found) for found, _ in dropped):
        yield Doubt.MODELS
    scores = _scores(event)
    if scores and {*DETECTORS} - policy.options.disabled - {*scores}:
        yield Doubt.NOT_RUN
    paths = readings(event.text("path").encode())
    held = {each.name for each in policy.options.exclusions if paths.are_under(each.path_prefix)}
    if {*event.texts("excluded")} - held:
        yield Doubt.EXCLUDED
    if snapshot.inspects_body and _was_left(event, policy):
        yield Doubt.UNREAD


def _was_left(event: Record, policy: Policy) -> bool:
    """Return True when the policy of then left a body unread that this one lets be read."""
    unread = _uninspected(event)
    if Uninspected.POLICY in unread:
        return True
    was_passed_on = event.text("action") == Action.SKIPPED and Uninspected.OVERSIZE in unread
    return was_passed_on and policy.on_oversize is not OnOversize.PASS


def _is_by_model(found: Finding) -> bool:
    return found.reason.partition(" ")[0].endswith(_BY_MODEL)


def _is_masked(event: Record, policy: Policy, decision: Decision) -> bool:
    path = event.text("path")
    exclusions = policy.options.exclusions if decision.action in KILLS else ()
    is_whole = is_path_whole(path)
    if not is_whole:
        prefixes = [each.path_prefix for each in exclusions]
        prefixes += [route.path for route in policy.routes]
        known = known_path(path) or "/"
        if any(len(each) > len(known) and is_under(each, known) for each in prefixes):
            return True
    paths = readings(path.encode())
    near = [each for each in exclusions if not is_whole or paths.may_be_under(each.path_prefix)]
    return any(_may_hold(rule, found) for rule in near for found in decision.verdict.findings)


def _may_hold(rule: Exclusion, found: Finding) -> bool:
    """Return True when an exclusion is about a finding whose location is not known."""
    if rule.detector not in ("*", found.detector):
        return False
    if found.location == _NOWHERE:
        return True
    if is_location_whole(found.location):
        return False
    place = found.location.partition(":")[0]
    places = (place, Place.JSON) if place in (Place.CHAT, Place.TOOL) else (place,)
    return any(fnmatchcase(each, rule.location.partition(":")[0]) for each in places)
