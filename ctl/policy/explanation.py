"""Everything that there is to say about one request and one policy."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ctl.policy.deciding import decided, decided_by_head, readable
from ctl.policy.effective import Effective, effective
from ctl.policy.routing import Considered, considered
from ctl.policy.source import Known
from kysira.exclusions import excluded_by
from kysira.paths import Readings, readings
from kysira.policy import Snapshot, inspected_part
from kysira.routes import head_of
from kysira.types import Decision, Finding, Request

if TYPE_CHECKING:
    from ctl.engine import Scoring

OVER, UNDER = "over", "under"


@dataclass(frozen=True, slots=True)
class Told:
    """A finding, and what became of it."""

    finding: Finding
    threshold: float
    became: str
    """``over``, ``under``, or why it does not count."""
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a request gets the decision that it gets."""

    known: Known
    request: Request
    routes: Sequence[Considered]
    effective: Sequence[Effective]
    snapshot: Snapshot
    decision: Decision
    is_by_head: bool
    """True when it is refused before its body is read."""
    findings: Sequence[Told]
    notes: Sequence[str]


def explained(known: Known, mode_origin: str, request: Request, scoring: "Scoring") -> Explanation:
    """Return the decision that a service makes of a request, and all that leads to it."""
    snapshot = known.policy.snapshot_for(request, known.mode)
    routes = considered(known.policy.routes, head_of(request))
    by_head = decided_by_head(request, snapshot, scoring)
    decision = by_head or decided(request, snapshot, scoring)
    found = _all_of(request, snapshot, scoring)
    told = list(_findings(known, snapshot, decision, found, readings(request.target)))
    return Explanation(
        known, request, routes, effective(known, mode_origin, snapshot, routes), snapshot,
        decision, by_head is not None, told, list(_notes(known, decision, request, told)),
    )  # fmt: skip


def _all_of(request: Request, snapshot: Snapshot, scoring: "Scoring") -> Sequence[Finding]:
    """Return what is found without exclusions, and by every detector."""
    policy = snapshot.policy
    options = replace(policy.options, exclusions=(), disabled=frozenset())
    readable_part, _ = readable(request, snapshot)
    return scoring(inspected_part(readable_part, policy), options).findings


def _findings(
    known: Known, snapshot: Snapshot, decision: Decision, found: Sequence[Finding],
    paths: Readings,
) -> Iterator[Told]:  # fmt: skip
    options = snapshot.policy.options
    for each in decision.verdict.findings:
        threshold = options.threshold_of(each.detector)
        yield Told(each, threshold, OVER if each.score >= threshold else UNDER)
    kept = {(each.detector, each.location) for each in decision.verdict.findings}
    for each in found:
        if (each.detector, each.location) not in kept:
            threshold = options.threshold_of(each.detector)
            yield Told(each, threshold, _why_not(known, paths, each), counts=False)


def _why_not(known: Known, paths: Readings, finding: Finding) -> str:
    options = known.policy.options
    if finding.detector in options.disabled:
        return "detector is switched off"
    rule = excluded_by(finding.detector, finding.location, paths, options.exclusions)
    return f"dropped by exclusion {rule.name}" if rule else "not needed for the decision"


def _notes(
    known: Known, decision: Decision, request: Request, told: Sequence[Told]
) -> Iterator[str]:
    paths = readings(request.target)
    expired = [each for each in known.policy.exclusions
               if each not in known.policy.options.exclusions]  # fmt: skip
    for each in told:
        where = each.finding.detector, each.finding.location
        if each.counts and (late := excluded_by(*where, paths, expired)):
            yield f"exclusion {late.name} has expired: it would drop {where[0]} in {where[1]}"
    dropped = {each.became.rpartition(" ")[2] for each in told if not each.counts}
    for name in decision.verdict.excluded:
        if name not in dropped:
            yield f"exclusion {name} drops a lesser finding, or keeps a value from a model"
    if any(route.host for route in known.policy.routes) and head_of(request).hosts == ("",):
        yield "the request names no host: routes with one can't match (--header 'Host: …')"
    if known.policy.exclusions and paths.is_anywhere:
        yield "the path climbs, and may lead anywhere: no exclusion holds, and no lax route"
    if request.header("upgrade"):
        yield "what follows an upgrade is read by nobody: the event says unread: upgrade"
    reasons = [why.value for why in decision.verdict.uninspected]
    if reasons:
        yield f"not all of it was read: {', '.join(reasons)}"
