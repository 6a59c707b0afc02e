"""The guard: where mode, deadline, failure policy, metrics, events and the log meet."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Protocol

from kysira.errors import ScoringError, ScoringOverload, ScoringTimeout, ScoringTooLarge
from kysira.events.redaction import shown_location, shown_path
from kysira.metrics import GuardMetrics
from kysira.micro_batch import MicroBatch
from kysira.mode_store import ModeStore
from kysira.policy import (
    Policy,
    Snapshot,
    decide,
    inspected_part,
    noting,
    undecided,
    without_body,
)
from kysira.rarely import Rarely
from kysira.request_target import origin_form
from kysira.scorer import Scorer
from kysira.settings import OnOversize
from kysira.types import Action, Decision, Mode, Request, Uninspected, Verdict

log = logging.getLogger(__name__)
_LOG_EVERY_S = 1.0
_NO_REQUEST = Request("", b"")


class Recorder(Protocol):
    """Tells everybody who listens what was decided."""

    def record(self, request: Request, decision: Decision, latency_s: float) -> str:
        """Tell of one decision, which took so many seconds, and return the event's id."""


class Guard:
    """Decides requests; never raises, so that a front-end always has something to obey."""

    def __init__(
        self,
        scorer: Scorer,
        policy: Policy,
        modes: ModeStore,
        metrics: GuardMetrics,
        events: Recorder,
        *,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.scorer = scorer
        self.modes = modes
        self._metrics = metrics
        self._events = events
        self._clock = clock
        self._scoring: MicroBatch[Verdict | Awaitable[Verdict]] = MicroBatch()
        self._failure_log = Rarely(_LOG_EVERY_S, clock=clock)
        self.use(policy)

    def use(self, policy: Policy) -> None:
        """Decide by this policy whatever begins from now on."""
        self._policy = policy
        self._metrics.count_for(policy)
        self._snapshot = policy.snapshot_for(_NO_REQUEST, self.modes.mode)

    def snapshot(self, request: Request) -> Snapshot:
        """Return what a request that starts now is decided by; its line and headers are enough."""
        mode = self.modes.mode
        if self._policy.routes:
            try:
                return self._policy.snapshot_for(request, mode)
            except Exception:  # a front-end without a snapshot would give no answer
                log.exception("routes_crashed")
                return Snapshot(self._policy, mode, hash=self._policy.hash)
        known = self._snapshot
        if known.mode is not mode:
            known = self._snapshot = self._policy.snapshot_for(request, mode)
        return known

    async def check(
        self, request: Request, snapshot: Snapshot, *, unread: Uninspected | None = None
    ) -> Decision:
        """Score, decide and tell; ``unread`` says why a part never reached the guard."""
        started = self._clock()
        if not snapshot.inspects_body and (request.body or request.body_truncated):
            request, unread = without_body(request), Uninspected.POLICY
        decision = await self._decide(request, snapshot)
        if unread is not None:
            decision = noting(decision, unread)
        return self._finish(request, decision, started)

    async def check_head(self, request: Request, snapshot: Snapshot) -> Decision | None:
        """Return a refusal when the line and headers alone call for one in active mode, else None.

        None counts nothing: the whole request is still to come.
        """
        if snapshot.mode is not Mode.ACTIVE:
            return None
        started = self._clock()
        decision = await self._decide(request, snapshot)
        if decision.action is not Action.ACTIVE_KILL:
            return None
        return self._finish(request, decision, started)

    async def check_more(
        self, head: Request, piece: Request, snapshot: Snapshot
    ) -> Decision | None:
        """Check one more piece of a request that ``check`` has let pass: a message of a stream.

        Returns None for a piece that passes, which counts nothing. Any other decision is counted
        and logged with the head's line, like a request of its own. One without a target has the
        exclusions of the head's.
        """
        started = self._clock()
        if snapshot.policy.options.exclusions and not piece.target:
            snapshot = replace(snapshot, policy=snapshot.policy.for_pieces(head.target))
        decision = await self._decide(piece, snapshot)
        if decision.action is Action.PASSED:
            return None
        return self._finish(head, decision, started)

    def count_unread(self, why: Uninspected) -> None:
        """Count a part of an accepted request that nobody has read."""
        self._metrics.count_unread(why)

    async def _decide(self, request: Request, snapshot: Snapshot) -> Decision:
        policy = snapshot.policy
        try:
            score = partial(self.scorer.score, inspected_part(request, policy), policy.options)
            answer = await self._scoring.run(score)
            if not isinstance(answer, Verdict):
                async with asyncio.timeout(policy.timeout_s):
                    answer = await answer
            return decide(answer, snapshot)
        except (TimeoutError, ScoringTimeout):
            return undecided(Uninspected.TIMEOUT, snapshot)
        except ScoringOverload:
            return undecided(Uninspected.OVERLOAD, snapshot)
        except ScoringTooLarge:
            return _too_large(snapshot)
        except ScoringError as error:
            self._log_failure(error)
            return undecided(Uninspected.ERROR, snapshot)
        except Exception:
            # A front-end must always get an answer: Envoy lets an unanswered request through.
            log.exception("scoring_crashed")
            return undecided(Uninspected.ERROR, snapshot)

    def _log_failure(self, error: ScoringError) -> None:
        """Say why scoring fails, once a second: a service that is down fails every request."""
        if self._failure_log.is_due():
            log.warning("scoring_failed error=%r more=%d", str(error), self._failure_log.left_out)

    def _finish(self, request: Request, decision: Decision, started: float) -> Decision:
        latency_s = self._clock() - started
        self._metrics.observe(decision, latency_s)
        # Made for this request, and only the recorder has it: another would cost a fifth of all.
        object.__setattr__(decision, "event_id", self._events.record(request, decision, latency_s))
        if decision.action is not Action.PASSED:
            _log(request, decision, latency_s)
        return decision


def _too_large(snapshot: Snapshot) -> Decision:
    """Return what happens over the scorer's own limit: the same as over the policy's."""
    if snapshot.policy.on_oversize is OnOversize.BLOCK:
        return decide(Verdict(uninspected=(Uninspected.OVERSIZE,)), snapshot)
    return undecided(Uninspected.OVERSIZE, snapshot)


_EVENTS = {
    Action.ACTIVE_KILL: "request_blocked",
    Action.SHADOW_KILL: "request_flagged",
    Action.ERROR: "request_not_scored",
    Action.SKIPPED: "request_skipped",
}


def _log(request: Request, decision: Decision, latency_s: float) -> None:
    """Write one line without query, headers or body, and no secret of the path's."""
    path = shown_path(origin_form(request.target).partition(b"?")[0] or b"/").text[:256]
    log.warning(
        "%s detector=%s score=%s reason=%r location=%r method=%s path=%r source_ip=%s"
        " latency_ms=%.2f event_id=%s",
        _EVENTS[decision.action],
        decision.finding.detector if decision.finding else "-",
        "-" if decision.score is None else f"{decision.score:.4f}",
        decision.reason,
        shown_location(decision.finding.location) if decision.finding else "-",
        request.method,
        path,
        request.source_ip or "-",
        latency_s * 1e3,
        decision.event_id,
    )
