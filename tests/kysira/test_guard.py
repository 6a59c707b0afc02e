"""The guard always answers: by verdict, by deadline, by failure policy, by mode."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from kysira.errors import ScoringError, ScoringOverload, ScoringTimeout, ScoringTooLarge
from kysira.guard import Guard
from kysira.metrics import GuardMetrics
from kysira.mode_store import ModeStore
from kysira.paths import readings
from kysira.policy import Policy
from kysira.routes import Route
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

CLEAN = Verdict()
ATTACK = Verdict(
    0.98, "sqli:union", "sqli", {"sqli": 0.98},
    (Finding("sqli", 0.98, "sqli:union", "query:q"),),
)  # fmt: skip
REQUEST = Request(
    "POST", b"/login?password=hunter2", (("cookie", b"sid=s3cret"),), b"pin=1234",
    source_ip="192.0.2.7",
)  # fmt: skip


class FakeScorer:
    """Answers as told, and remembers what it was asked."""

    description = "fake"

    def __init__(self) -> None:
        self.answer: Verdict | Exception | None = CLEAN
        self.asked: list[tuple[Request, ScoreOptions]] = []

    async def score(self, request: Request, options: ScoreOptions) -> Verdict:
        """Give the answer; None never comes."""
        self.asked.append((request, options))
        if self.answer is None:
            await asyncio.Event().wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        assert self.answer
        return self.answer

    async def close(self) -> None:
        """Do nothing."""


class FakeEvents:
    """Remembers what was told."""

    def __init__(self) -> None:
        self.told: list[tuple[Request, Decision]] = []

    def record(self, request: Request, decision: Decision, latency_s: float) -> str:
        """Keep it, under a number."""
        assert latency_s >= 0
        self.told.append((request, decision))
        return f"event-{len(self.told)}"


class Bench:
    """A guard with a fake scorer and everything else real."""

    def __init__(self, folder: Path) -> None:
        self.scorer = FakeScorer()
        self.registry = CollectorRegistry()
        self.modes = ModeStore(Mode.SHADOW, folder)
        self.metrics = GuardMetrics("k", self.registry)
        self.events = FakeEvents()

    def guard(self, policy: Policy | None = None, *, mode: Mode = Mode.SHADOW) -> Guard:
        """Return the guard, in this mode."""
        self.modes.set(mode)
        return Guard(self.scorer, policy or Policy(), self.modes, self.metrics, self.events)

    def value(self, name: str, **labels: str) -> float:
        """Return the value of a metric."""
        return self.registry.get_sample_value(f"k_{name}", labels) or 0.0


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize(
    ("mode", "action", "status"),
    [(Mode.SHADOW, Action.SHADOW_KILL, None), (Mode.ACTIVE, Action.ACTIVE_KILL, 403)],
)
async def test_attack_is_told_or_blocked(
    bench: Bench, mode: Mode, action: Action, status: int | None
) -> None:
    """The mode decides whether an attack is refused; it is flagged in both."""
    bench.scorer.answer = ATTACK
    guard = bench.guard(mode=mode)
    decision = await guard.check(REQUEST, guard.snapshot(REQUEST))
    assert (decision.action, decision.refuse_status) == (action, status)
    assert bench.value("requests_total", action=action.value) == 1
    assert bench.value("flagged_total") == 1
    assert bench.value("killed_total") == (mode is Mode.ACTIVE)
    assert bench.value("inference_errors_total") == 0
    assert bench.value("request_duration_seconds_count", action=action.value) == 1


async def test_clean_request_passes(bench: Bench) -> None:
    """A clean request passes in active mode, counted as such and as nothing else."""
    guard = bench.guard(mode=Mode.ACTIVE)
    decision = await guard.check(REQUEST, guard.snapshot(REQUEST))
    assert (decision.action, decision.score) == (Action.PASSED, 0.0)
    assert bench.value("requests_total", action="passed") == 1
    assert bench.value("flagged_total") == bench.value("killed_total") == 0


FAILURES = [
    (None, Uninspected.TIMEOUT),
    (ScoringTimeout("slow"), Uninspected.TIMEOUT),
    (TimeoutError(), Uninspected.TIMEOUT),
    (ScoringOverload("full"), Uninspected.OVERLOAD),
    (ScoringTooLarge("over 1 MB"), Uninspected.OVERSIZE),
    (ScoringError("down"), Uninspected.ERROR),
    (ValueError("a bug"), Uninspected.ERROR),
    (RecursionError(), Uninspected.ERROR),
]


@pytest.mark.parametrize(("answer", "why"), FAILURES, ids=repr)
@pytest.mark.parametrize("mode", [*Mode])
@pytest.mark.parametrize("on_failure", [*OnFailure])
async def test_failure_is_decided_by_policy(
    bench: Bench, answer: Exception | None, why: Uninspected, mode: Mode, on_failure: OnFailure
) -> None:
    """Whatever goes wrong there is a decision: 503 when active and closed, else through."""
    bench.scorer.answer = answer
    guard = bench.guard(Policy(on_failure=on_failure, timeout_s=0.02), mode=mode)
    decision = await guard.check(REQUEST, guard.snapshot(REQUEST))
    is_refused = mode is Mode.ACTIVE and on_failure is OnFailure.CLOSED
    assert decision.refuse_status == (503 if is_refused else None)
    assert (decision.action, decision.score) == (Action.ERROR, None)
    assert decision.verdict.uninspected == (why,)
    assert bench.value("uninspected_total", reason=why.value) == 1
    assert bench.value("requests_total", action="error") == 1
    assert bench.value("inference_errors_total") == 1
    assert bench.value("flagged_total") == bench.value("killed_total") == 0


async def test_scorers_own_limit_counts_as_the_policys(bench: Bench) -> None:
    """Who blocks what is over the limit blocks what is over the inference service's limit too."""
    bench.scorer.answer = ScoringTooLarge("over 1 MB")
    guard = bench.guard(Policy(on_oversize=OnOversize.BLOCK), mode=Mode.ACTIVE)
    decision = await guard.check(REQUEST, guard.snapshot(REQUEST))
    assert (decision.action, decision.refuse_status) == (Action.ACTIVE_KILL, 413)


async def test_deadline_holds(bench: Bench) -> None:
    """A scorer that hangs costs the timeout and no more."""
    bench.scorer.answer = None
    guard = bench.guard(Policy(timeout_s=0.05))
    await asyncio.wait_for(guard.check(REQUEST, guard.snapshot(REQUEST)), 5)
    assert 0.04 < bench.value("request_duration_seconds_sum", action="error") < 5


async def test_cancelled_check_is_cancelled(bench: Bench) -> None:
    """A request that its client gave up is no failure of scoring."""
    bench.scorer.answer = None
    guard = bench.guard(Policy(timeout_s=60))
    task = asyncio.create_task(guard.check(REQUEST, guard.snapshot(REQUEST)))
    while not bench.scorer.asked:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert bench.value("requests_total", action="error") == 0


async def test_snapshot_outlives_a_flip(bench: Bench) -> None:
    """A request is decided by the mode it began under, the next one by the new mode."""
    bench.scorer.answer = ATTACK
    guard = bench.guard(mode=Mode.ACTIVE)
    before = guard.snapshot(REQUEST)
    bench.modes.set(Mode.SHADOW)
    assert (await guard.check(REQUEST, before)).is_refused
    assert not (await guard.check(REQUEST, guard.snapshot(REQUEST))).is_refused


async def test_policy_reaches_scorer(bench: Bench) -> None:
    """The scorer sees the policy's options and at most the inspected part of the body."""
    options = ScoreOptions(threshold=0.5, disabled=frozenset({"crlf"}))
    guard = bench.guard(Policy(options, max_body_bytes=3))
    await guard.check(REQUEST, guard.snapshot(REQUEST))
    request, given = bench.scorer.asked[0]
    assert given is options
    assert (request.body, request.body_truncated) == (b"pin", True)


@pytest.mark.parametrize("answer", [CLEAN, ATTACK, ScoringError("down")])
async def test_unread_part_is_told(bench: Bench, answer: Verdict | Exception) -> None:
    """What never reached the guard is in the decision and counted, once."""
    bench.scorer.answer = answer
    guard = bench.guard()
    snapshot = guard.snapshot(REQUEST)
    decision = await guard.check(REQUEST, snapshot, unread=Uninspected.UPGRADE)
    assert decision.verdict.uninspected[-1] is Uninspected.UPGRADE
    assert bench.value("uninspected_total", reason="upgrade") == 1
    bench.scorer.answer = Verdict(uninspected=(Uninspected.OVERSIZE,))
    decision = await guard.check(REQUEST, snapshot, unread=Uninspected.OVERSIZE)
    assert decision.verdict.uninspected == (Uninspected.OVERSIZE,)
    assert bench.value("uninspected_total", reason="oversize") == 1


async def test_head_decides_attacks_alone(bench: Bench) -> None:
    """The head alone refuses in active mode; anything else waits for the body, uncounted."""
    guard = bench.guard(Policy(on_failure=OnFailure.CLOSED), mode=Mode.ACTIVE)
    snapshot = guard.snapshot(REQUEST)
    assert await guard.check_head(REQUEST, snapshot) is None
    bench.scorer.answer = ScoringError("down")
    assert await guard.check_head(REQUEST, snapshot) is None
    assert bench.value("requests_total", action="passed") == 0
    assert bench.value("requests_total", action="error") == 0
    bench.scorer.answer = ATTACK
    decision = await guard.check_head(REQUEST, snapshot)
    assert decision
    assert decision.refuse_status == 403
    assert bench.value("requests_total", action="active_kill") == 1


async def test_head_is_not_scored_in_shadow(bench: Bench) -> None:
    """In shadow mode the head has nothing to decide, so it costs nothing."""
    bench.scorer.answer = ATTACK
    guard = bench.guard()
    assert await guard.check_head(REQUEST, guard.snapshot(REQUEST)) is None
    assert not bench.scorer.asked


@pytest.mark.parametrize(
    ("answer", "mode", "action", "is_refused"),
    [
        (CLEAN, Mode.ACTIVE, "passed", False),
        (ATTACK, Mode.ACTIVE, "active_kill", True),
        (ATTACK, Mode.SHADOW, "shadow_kill", False),
        (ScoringError("down"), Mode.ACTIVE, "error", True),
        (ScoringError("down"), Mode.SHADOW, "error", False),
    ],
)
async def test_further_piece_counts_when_bad(
    bench: Bench, answer: Verdict | Exception, mode: Mode, action: str, is_refused: bool
) -> None:
    """A piece that passes counts nothing; any other comes back, counted once."""
    bench.scorer.answer = answer
    guard = bench.guard(Policy(on_failure=OnFailure.CLOSED), mode=mode)
    decision = await guard.check_more(REQUEST, REQUEST, guard.snapshot(REQUEST))
    assert (decision is not None) == (action != "passed")
    assert (decision is not None and decision.is_refused) == is_refused
    assert bench.value("requests_total", action=action) == (action != "passed")


async def test_piece_of_a_stream_has_the_exclusions_of_its_path(bench: Bench) -> None:
    """A piece has no path of its own: those hold that hold for its head, and no others."""
    grpc = Exclusion("/shop.Cart", "body", "xss", "cart")
    exclusions = (grpc, Exclusion("/other", "body", "xss", "other"))
    policy = Policy(ScoreOptions(exclusions=exclusions), exclusions=exclusions)
    guard = bench.guard(policy, mode=Mode.ACTIVE)
    head = Request("POST", b"/shop.Cart/Put")
    snapshot = guard.snapshot(head)
    for target, held in ((b"/shop.Cart/Put", ["cart"]), (b"/a/../shop.Cart", [])):
        piece = Request("POST", b"", body=b"x")
        await guard.check_more(Request("POST", target), piece, snapshot)
        options = bench.scorer.asked[-1][1]
        paths = readings(piece.target)
        assert [e.name for e in options.exclusions if paths.are_under(e.path_prefix)] == held


async def test_log_tells_the_winner_and_no_secret(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """The line names the finding that decided; no query, cookie or body is in it."""
    caplog.set_level(logging.INFO)
    other = Finding("xss", 0.99, "xss:probe", "cookie:sid")
    bench.scorer.answer = Verdict(
        0.99, "xss:probe", "xss", {}, (other, *ATTACK.findings)
    )  # fmt: skip
    policy = Policy(ScoreOptions(thresholds={"xss": 1.0, "sqli": 0.9}))
    guard = bench.guard(policy, mode=Mode.ACTIVE)
    await guard.check(REQUEST, guard.snapshot(REQUEST))
    line = caplog.records[-1].getMessage()
    assert line.startswith("request_blocked detector=sqli score=0.9800 reason='sqli:union'")
    assert "location='query:q' method=POST path='/login' source_ip=192.0.2.7" in line
    for secret in ("hunter2", "s3cret", "1234", "password"):
        assert secret not in line


@pytest.mark.parametrize(
    "target",
    [
        b"/reset/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.s3cret",
        b"/shop;jsessionid=s3cret/cart",
        b"http://ann:s3cret@shop.example/cart?q=s3cret",
        b"http://ann:s3cret@shop.example?q=s3cret",
    ],
)
async def test_log_holds_no_secret_of_the_path(
    bench: Bench, caplog: pytest.LogCaptureFixture, target: bytes
) -> None:
    """A path may hold a token, and an absolute target a password, as a location may a name."""
    place = "json:eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.s3cret"
    finding = Finding("sqli", 0.98, "sqli:union", place)
    bench.scorer.answer = Verdict(0.98, "sqli:union", "sqli", {"sqli": 0.98}, (finding,))
    with caplog.at_level(logging.WARNING):
        guard = bench.guard()
        await guard.check(Request("GET", target), guard.snapshot(REQUEST))
    assert "request_" in caplog.text
    assert "s3cret" not in caplog.text


async def test_passed_request_logs_nothing(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """Ordinary traffic leaves no line."""
    guard = bench.guard()
    caplog.clear()
    await guard.check(REQUEST, guard.snapshot(REQUEST))
    assert not caplog.records


async def test_latency_is_the_clocks(bench: Bench) -> None:
    """The told latency is the time between asking and deciding."""
    ticks = iter((10.0, 10.25))
    clock: Callable[[], float] = lambda: next(ticks)  # noqa: E731
    guard = Guard(bench.scorer, Policy(), bench.modes, bench.metrics, bench.events, clock=clock)
    await guard.check(REQUEST, guard.snapshot(REQUEST))
    assert bench.value("request_duration_seconds_sum", action="passed") == 0.25


async def test_outage_is_explained_once_a_second(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """A service that is down must not fill the disk with the same sentence."""
    now = [100.0]
    guard = Guard(
        bench.scorer, Policy(), bench.modes, bench.metrics, bench.events, clock=lambda: now[0]
    )
    bench.scorer.answer = ScoringError("connection refused")

    async def explained() -> list[str]:
        caplog.clear()
        for _ in range(5):
            await guard.check(REQUEST, guard.snapshot(REQUEST))
        return [text for text in caplog.messages if text.startswith("scoring_failed")]

    assert await explained() == ["scoring_failed error='connection refused' more=0"]
    assert await explained() == []
    now[0] += 1
    assert await explained() == ["scoring_failed error='connection refused' more=9"]


async def test_every_decision_is_an_event(bench: Bench) -> None:
    """A passed request too is told once, and its decision holds the event's id."""
    guard = bench.guard()
    passed = await guard.check(REQUEST, guard.snapshot(REQUEST))
    bench.scorer.answer = ATTACK
    flagged = await guard.check(REQUEST, guard.snapshot(REQUEST))
    assert (passed.event_id, flagged.event_id) == ("event-1", "event-2")
    assert [decision.action for _, decision in bench.events.told] == [
        Action.PASSED, Action.SHADOW_KILL,
    ]  # fmt: skip
    assert bench.events.told[1][0] is REQUEST


async def test_head_is_told_only_when_refused(bench: Bench) -> None:
    """What goes on to its body is told of with it."""
    guard = bench.guard(mode=Mode.ACTIVE)
    assert await guard.check_head(REQUEST, guard.snapshot(REQUEST)) is None
    assert bench.events.told == []
    bench.scorer.answer = ATTACK
    refused = await guard.check_head(REQUEST, guard.snapshot(REQUEST))
    assert refused
    assert refused.event_id == "event-1"


async def test_log_names_the_event(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """Who reads the log finds the event."""
    bench.scorer.answer = ATTACK
    guard = bench.guard()
    with caplog.at_level(logging.WARNING):
        await guard.check(REQUEST, guard.snapshot(REQUEST))
    assert "event_id=event-1" in caplog.text


UPLOADS = Route("uploads", path="/login", mode=Mode.SHADOW, inspect_body=False)


async def test_request_is_decided_by_its_route(bench: Bench) -> None:
    """What a route says holds from its first byte on, and is told; others are as before."""
    policy = Policy(routes=(UPLOADS,))
    guard = bench.guard(policy, mode=Mode.ACTIVE)
    bench.scorer.answer = ATTACK
    routed = await guard.check(REQUEST, guard.snapshot(REQUEST))
    other = Request("GET", b"/")
    plain = await guard.check(other, guard.snapshot(other))
    assert (routed.route, routed.action) == ("uploads", Action.SHADOW_KILL)
    assert (plain.route, plain.action) == ("", Action.ACTIVE_KILL)
    assert (routed.policy, plain.policy) == (policy.hash, policy.hash)
    assert [told.route for _, told in bench.events.told] == ["uploads", ""]
    assert bench.value("route_requests_total", route="uploads") == 1
    assert bench.value("route_requests_total", route="?") == 0


async def test_routes_that_crash_leave_what_holds_for_all(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever goes wrong in them, a request is decided, by the top of the policy."""
    broken: str = None  # type: ignore[assignment]
    policy = Policy(routes=(Route("a", path=broken, methods=frozenset({"POST"})),))
    found = bench.guard(policy, mode=Mode.ACTIVE).snapshot(REQUEST)
    assert (found.policy, found.mode, found.route) == (policy, Mode.ACTIVE, "")
    assert (found.inspects_body, found.hash) == (True, policy.hash)
    assert "routes_crashed" in caplog.text


@pytest.mark.parametrize(
    ("answer", "action"),
    [(CLEAN, Action.SKIPPED), (ATTACK, Action.SHADOW_KILL), (ScoringError("x"), Action.ERROR)],
)
async def test_body_that_a_route_leaves_out_is_not_scored(
    bench: Bench, answer: Verdict | Exception, action: Action
) -> None:
    """A front-end may hand it over all the same: the head is scored, and that is said."""
    bench.scorer.answer = answer
    guard = bench.guard(Policy(routes=(UPLOADS,)))
    decision = await guard.check(REQUEST, guard.snapshot(REQUEST))
    assert bench.scorer.asked[0][0].body == b""
    assert decision.action is action
    assert decision.verdict.uninspected[-1] is Uninspected.POLICY
    assert bench.value("uninspected_total", reason="policy") == 1


async def test_request_without_body_leaves_nothing_unread(bench: Bench) -> None:
    """There is nothing to skip."""
    guard = bench.guard(Policy(routes=(UPLOADS,)))
    request = Request("GET", b"/login")
    decision = await guard.check(request, guard.snapshot(request))
    assert (decision.action, decision.verdict.uninspected) == (Action.PASSED, ())


async def test_new_policy_is_used_from_then_on(bench: Bench) -> None:
    """A request that has begun is decided by the policy it began under."""
    old, new = Policy(), Policy(ScoreOptions(threshold=0.99), mode=Mode.ACTIVE)
    guard = bench.guard(old)
    bench.scorer.answer = ATTACK
    before = guard.snapshot(REQUEST)
    guard.use(new)
    after = guard.snapshot(REQUEST)
    decisions = [await guard.check(REQUEST, snapshot) for snapshot in (before, after)]
    assert [each.action for each in decisions] == [Action.SHADOW_KILL, Action.PASSED]
    assert [each.policy for each in decisions] == [old.hash, new.hash]
    assert [told.policy for _, told in bench.events.told] == [old.hash, new.hash]


async def test_exclusions_that_counted_are_counted(bench: Bench) -> None:
    """Each by its name, from 0 on; a name that nobody declared is no label."""
    policy = Policy(exclusions=(Exclusion("/a", name="cms"), Exclusion("/b", name="other")))
    guard = bench.guard(policy)
    bench.scorer.answer = Verdict(excluded=("cms", "strange"))
    await guard.check(REQUEST, guard.snapshot(REQUEST))
    assert bench.metrics.hits == {"cms": 1, "other": 0}
    guard.use(Policy(exclusions=(Exclusion("/c", name="new"), Exclusion("/a", name="cms"))))
    assert bench.metrics.hits == {"new": 0, "cms": 1}
