"""What is done with a verdict."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field, replace

from kysira.settings import OnFailure, OnOversize
from kysira.types import (
    Action,
    Decision,
    Finding,
    Mode,
    Request,
    ScoreOptions,
    Uninspected,
    Verdict,
)

BLOCKED = 403
TOO_LARGE = 413
UNAVAILABLE = 503
_HASH_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Policy:
    """One immutable object, replaced whole; each request takes a snapshot."""

    options: ScoreOptions = field(default_factory=ScoreOptions)
    max_body_bytes: int = 131072
    on_oversize: OnOversize = OnOversize.PARTIAL
    on_failure: OnFailure = OnFailure.OPEN
    timeout_s: float = 0.3

    @property
    def hash(self) -> str:
        """Return what tells two policies apart: equal ones have equal hashes in every service."""
        options = self.options
        said = [
            options.threshold, sorted(options.thresholds.items()), sorted(options.disabled),
            [dataclasses.astuple(each) for each in options.exclusions],
            self.max_body_bytes, self.on_oversize, self.on_failure,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:_HASH_DIGITS]


def inspected_part(request: Request, policy: Policy) -> Request:
    """Return the request with exactly what the policy lets a scorer read of its body."""
    is_cut = request.body_truncated or len(request.body) > policy.max_body_bytes
    if not is_cut:
        return request
    limit = 0 if policy.on_oversize is OnOversize.PASS else policy.max_body_bytes
    return replace(request, body=request.body[:limit], body_truncated=True)


def decide(verdict: Verdict, policy: Policy, mode: Mode) -> Decision:
    """Compare every finding with its own detector's threshold; the highest over it wins."""
    if not verdict.findings and not verdict.uninspected:  # as of most requests
        return Decision(
            Action.PASSED, mode, policy.options.threshold, verdict.score, verdict.reason,
            verdict=verdict,
        )  # fmt: skip
    winner, is_over = _winner(verdict, policy.options)
    threshold = policy.options.threshold_of(winner.detector if winner else "")
    score = winner.score if winner else verdict.score
    reason = winner.reason if winner else verdict.reason
    status = BLOCKED
    if not is_over and policy.on_oversize is OnOversize.BLOCK and _is_cut(verdict):
        is_over, status, reason = True, TOO_LARGE, "body over the inspection limit"
    action = Action.PASSED
    if is_over:
        action = Action.ACTIVE_KILL if mode is Mode.ACTIVE else Action.SHADOW_KILL
    elif policy.on_oversize is OnOversize.PASS and _is_cut(verdict):
        action = Action.SKIPPED
    return Decision(
        action, mode, threshold, score, reason,
        status if action is Action.ACTIVE_KILL else None, verdict, finding=winner,
    )  # fmt: skip


def _winner(verdict: Verdict, options: ScoreOptions) -> tuple[Finding | None, bool]:
    for finding in verdict.findings:  # highest score first
        if finding.score >= options.threshold_of(finding.detector):
            return finding, True
    return (verdict.findings[0] if verdict.findings else None), False


def _is_cut(verdict: Verdict) -> bool:
    return Uninspected.OVERSIZE in verdict.uninspected


def undecided(why: Uninspected, policy: Policy, mode: Mode) -> Decision:
    """Return what happens to a request that could not be scored; shadow never refuses."""
    is_refused = mode is Mode.ACTIVE and policy.on_failure is OnFailure.CLOSED
    return Decision(
        Action.ERROR,
        mode,
        policy.options.threshold,
        reason=f"uninspected:{why.value}",
        refuse_status=UNAVAILABLE if is_refused else None,
        verdict=Verdict(uninspected=(why,)),
    )
