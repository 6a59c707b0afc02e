"""What is done with a verdict."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cached_property

from kysira.client_address import SAID_BY_PROXIES, Network
from kysira.exclusions import for_piece
from kysira.routes import AMBIGUOUS, Match, Route, head_of, match
from kysira.settings import OnFailure, OnOversize
from kysira.types import (
    Action,
    Decision,
    Exclusion,
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
_MOST_KEPT = 1024
"""Combinations of routes that are kept ready: clients have a say in which there are."""
_MOST_STREAMED = 64
"""Targets of streams for which exclusions are kept ready; an app has few."""


@dataclass(frozen=True)  # without slots, which would leave no room for what is made once
class Policy:
    """One immutable object, replaced whole; each request takes a snapshot."""

    options: ScoreOptions = field(default_factory=ScoreOptions)
    max_body_bytes: int = 131072
    on_oversize: OnOversize = OnOversize.PARTIAL
    on_failure: OnFailure = OnFailure.OPEN
    timeout_s: float = 0.3
    mode: Mode = Mode.SHADOW
    """The configured one; which is in force is the mode store's to say."""
    routes: tuple[Route, ...] = ()
    """The first that matches holds."""
    exclusions: tuple[Exclusion, ...] = ()
    """All that were declared; ``options`` has those that have not expired."""
    trusted_proxies: tuple[Network, ...] = ()
    client_address_headers: tuple[str, ...] = SAID_BY_PROXIES

    def at(self, unix_seconds: float) -> "Policy":
        """Return the policy as it is then: without the exclusions that have expired."""
        left = tuple([each for each in self.exclusions if not each.has_expired(unix_seconds)])
        if left == self.options.exclusions:
            return self
        return replace(self, options=replace(self.options, exclusions=left))

    def snapshot_for(self, request: Request, mode: Mode) -> "Snapshot":
        """Return what a request is decided by while this mode is in force; its head is enough.

        A request that may fall under several routes, as apps may read its path or its host, gets
        the strictest of what they say.
        """
        key = (match(self.routes, head_of(request)) if self.routes else _NO_ROUTE, mode)
        made = self._snapshots.get(key)
        if made is None:
            if len(self._snapshots) >= _MOST_KEPT:
                self._snapshots.clear()
            made = self._snapshots[key] = self._snapshot(*key)
        return made

    def for_pieces(self, target: bytes) -> "Policy":
        """Return the policy for the pieces of a stream, which have no target but its head's.

        It is kept ready: a client chooses how many pieces there are.
        """
        made = self._of_pieces.get(target)
        if made is None:
            if len(self._of_pieces) >= _MOST_STREAMED:
                self._of_pieces.clear()
            left = for_piece(self.options.exclusions, target)
            made = replace(self, options=replace(self.options, exclusions=left))
            self._of_pieces[target] = made
        return made

    @cached_property
    def _of_pieces(self) -> "dict[bytes, Policy]":
        return {}

    @cached_property
    def _snapshots(self) -> "dict[tuple[Match, Mode], Snapshot]":
        return {}

    def _snapshot(self, found: Match, mode: Mode) -> "Snapshot":
        routes = [self.routes[number] for number in found.routes]
        if not routes:
            return Snapshot(self, mode, hash=self.hash)
        said = routes if not found.is_open else [*routes, _NOTHING_SAID]
        is_shadow = mode is Mode.SHADOW or all(each.mode is Mode.SHADOW for each in said)
        options = self.options
        thresholds = [options.threshold if r.threshold is None else r.threshold for r in said]
        failures = {r.on_failure or self.on_failure for r in said}
        policy = replace(
            self,
            options=replace(options, threshold=min(thresholds)),
            on_failure=OnFailure.CLOSED if OnFailure.CLOSED in failures else OnFailure.OPEN,
        )
        return Snapshot(
            policy,
            Mode.SHADOW if is_shadow else Mode.ACTIVE,
            said[0].name if len(said) == 1 else AMBIGUOUS,
            inspects_body=any(each.inspect_body is not False for each in said),
            hash=self.hash,
        )

    @cached_property
    def hash(self) -> str:
        """Return what tells two policies apart: equal ones have equal hashes in every service.

        It is of what was declared, so that it changes with that alone, and not when an exclusion
        expires.
        """
        options, declared = self.options, self.exclusions or self.options.exclusions
        said = [
            options.threshold, sorted(options.thresholds.items()), sorted(options.disabled),
            [(e.path_prefix, e.location, e.detector, e.name, e.expires) for e in declared],
            [dataclasses.astuple(each) for each in self.routes], self.max_body_bytes,
            self.on_oversize, self.on_failure, self.timeout_s, self.mode,
            sorted(map(str, self.trusted_proxies)), self.client_address_headers,
        ]  # fmt: skip
        text = json.dumps(said, default=sorted)
        return hashlib.sha256(text.encode()).hexdigest()[:_HASH_DIGITS]


_NO_ROUTE = Match((), is_open=True)
_NOTHING_SAID = Route("")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one request is decided by, from its first byte to its last."""

    policy: Policy
    """With what the request's route says in it."""
    mode: Mode
    route: str = ""
    """The name of the route, "" for none."""
    inspects_body: bool = True
    """False where a route leaves bodies unread."""
    hash: str = ""
    """The hash of the whole policy, told with the decision."""


def inspected_part(request: Request, policy: Policy) -> Request:
    """Return the request with exactly what the policy lets a scorer read of its body."""
    is_cut = request.body_truncated or len(request.body) > policy.max_body_bytes
    if not is_cut:
        return request
    limit = 0 if policy.on_oversize is OnOversize.PASS else policy.max_body_bytes
    return replace(request, body=request.body[:limit], body_truncated=True)


def without_body(request: Request) -> Request:
    """Return the request's line and headers alone."""
    return replace(request, body=b"", body_truncated=False)


def noting(decision: Decision, unread: Uninspected) -> Decision:
    """Return the decision with why a part of the request never reached the scorer."""
    verdict = decision.verdict
    if unread in verdict.uninspected:
        return decision
    action = decision.action
    if unread is Uninspected.POLICY and action is Action.PASSED:
        action = Action.SKIPPED
    noted = replace(verdict, uninspected=(*verdict.uninspected, unread))
    return replace(decision, action=action, verdict=noted)


def decide(verdict: Verdict, snapshot: Snapshot) -> Decision:
    """Compare every finding with its own detector's threshold; the highest over it wins."""
    policy, mode = snapshot.policy, snapshot.mode
    if not verdict.findings and not verdict.uninspected:  # as of most requests
        return Decision(
            Action.PASSED, mode, policy.options.threshold, verdict.score, verdict.reason,
            None, verdict, None, "", snapshot.route, snapshot.hash,
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
    elif _is_left_unread(verdict, policy):
        action = Action.SKIPPED
    return Decision(
        action, mode, threshold, score, reason,
        status if action is Action.ACTIVE_KILL else None, verdict, finding=winner,
        route=snapshot.route, policy=snapshot.hash,
    )  # fmt: skip


def _winner(verdict: Verdict, options: ScoreOptions) -> tuple[Finding | None, bool]:
    for finding in verdict.findings:  # highest score first
        if finding.score >= options.threshold_of(finding.detector):
            return finding, True
    return (verdict.findings[0] if verdict.findings else None), False


def _is_cut(verdict: Verdict) -> bool:
    return Uninspected.OVERSIZE in verdict.uninspected


def _is_left_unread(verdict: Verdict, policy: Policy) -> bool:
    if Uninspected.POLICY in verdict.uninspected:
        return True
    return policy.on_oversize is OnOversize.PASS and _is_cut(verdict)


def undecided(why: Uninspected, snapshot: Snapshot) -> Decision:
    """Return what happens to a request that could not be scored; shadow never refuses."""
    policy, mode = snapshot.policy, snapshot.mode
    is_refused = mode is Mode.ACTIVE and policy.on_failure is OnFailure.CLOSED
    return Decision(
        Action.ERROR,
        mode,
        policy.options.threshold,
        reason=f"uninspected:{why.value}",
        refuse_status=UNAVAILABLE if is_refused else None,
        verdict=Verdict(uninspected=(why,)),
        route=snapshot.route,
        policy=snapshot.hash,
    )
