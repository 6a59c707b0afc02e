"""How an explanation is shown: in words, or for programs."""

from typing import Any

from rich.text import Text

from ctl import console
from ctl.fields import say_field
from ctl.fitting import say_fitting
from ctl.policy.explanation import OVER, Explanation, Told
from ctl.policy.words import NONE, worded
from kysira.types import Action

_WORDS = {
    Action.ACTIVE_KILL: ("BLOCKED", "bold red"),
    Action.SHADOW_KILL: ("FLAGGED", "yellow"),
    Action.SKIPPED: ("passes", "green"),
    Action.PASSED: ("passes", "green"),
    Action.ERROR: ("NOT SCORED", "magenta"),
}
_FINDINGS = (
    "detector", "score", "threshold", "location", "decoded by", "matched", "reason", "became",
)  # fmt: skip


def say(told: Explanation) -> None:
    """Print it for people."""
    word, style = _WORDS[told.decision.action]
    say_field(Text(word.ljust(10), style), _why(told))
    say_field("policy    ", f"{told.known.name}, hash {told.known.policy.hash}")
    say_field("route     ", told.snapshot.route or NONE)
    if told.routes:
        console.say("")
        say_fitting(
            ("route", "fits", "why"),
            [[each.route.name, each.fit.value, each.why] for each in told.routes],
        )
    console.say("")
    say_fitting(
        ("setting", "value", "from"),
        [[each.name, worded(each.value), each.origin] for each in told.effective],
    )
    if told.findings:
        console.say("")
        say_fitting(_FINDINGS, [_row(each) for each in told.findings])
    if disabled := sorted(told.known.policy.options.disabled):
        console.note(f"detectors switched off: {', '.join(disabled)}")
    for text in told.notes:
        console.note(text)


def _why(told: Explanation) -> str:
    decision, winner = told.decision, told.decision.finding
    if decision.action in (Action.ACTIVE_KILL, Action.SHADOW_KILL):
        what = f"{decision.reason}: {decision.score:.4f}, at or over {decision.threshold:g}"
        if winner is None or winner.score < decision.threshold:
            what = decision.reason
        place = f", in {winner.location}" if winner else ""
        if decision.action is Action.SHADOW_KILL:
            return f"{what}{place}; it passes, as the mode is shadow"
        when = "before its body is read" if told.is_by_head else ""
        return " ".join([f"{what}{place}; {decision.refuse_status}", when]).rstrip()
    if decision.action is Action.SKIPPED:
        return "a part of it is left unread, as the policy says"
    if winner is None:
        return "nothing was found that counts"
    return (
        f"the highest finding, {winner.detector} {winner.score:.4f}, is under "
        f"{decision.threshold:g}"
    )


def _row(told: Told) -> list[str | Text]:
    found = told.finding
    is_over = told.became == OVER
    return [
        found.detector, Text(f"{found.score:.4f}", "bold red" if is_over else ""),
        f"{told.threshold:g}", found.location or NONE, " ".join(found.steps) or NONE,
        found.matched or NONE, found.reason, told.became,
    ]  # fmt: skip


def as_json(told: Explanation) -> dict[str, Any]:
    """Return it for programs."""
    decision, verdict = told.decision, told.decision.verdict
    return {
        "action": decision.action.value,
        "status": decision.refuse_status,
        "mode": decision.mode.value,
        "score": decision.score,
        "reason": decision.reason,
        "detector": decision.finding.detector if decision.finding else "",
        "threshold": decision.threshold,
        "by_head": told.is_by_head,
        "policy": {"from": told.known.name, "hash": told.known.policy.hash},
        "route": told.snapshot.route,
        "routes": [
            {"name": each.route.name, "fit": each.fit.value, "why": each.why}
            for each in told.routes
        ],
        "effective": [
            {"name": each.name, "value": each.value, "from": each.origin}
            for each in told.effective
        ],
        "findings": [_finding(each) for each in told.findings],
        "breakdown": dict(verdict.breakdown),
        "excluded": list(verdict.excluded),
        "disabled": sorted(told.known.policy.options.disabled),
        "uninspected": [why.value for why in verdict.uninspected],
        "notes": list(told.notes),
    }  # fmt: skip


def _finding(told: Told) -> dict[str, Any]:
    found = told.finding
    return {
        "detector": found.detector,
        "location": found.location,
        "score": found.score,
        "threshold": told.threshold,
        "reason": found.reason,
        "steps": list(found.steps),
        "matched": found.matched,
        "counts": told.counts,
        "became": told.became,
    }
