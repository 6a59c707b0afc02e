"""A verdict and a policy make a decision, in each mode and for every failure."""

from ipaddress import ip_network

import pytest

from kysira.policy import (
    Policy,
    Snapshot,
    decide,
    inspected_part,
    noting,
    undecided,
    without_body,
)
from kysira.routes import Route
from kysira.settings import OnFailure, OnOversize
from kysira.types import (
    Action,
    Exclusion,
    Finding,
    Mode,
    Request,
    ScoreOptions,
    Uninspected,
    Verdict,
)


def found(*scores: tuple[str, float], uninspected: tuple[Uninspected, ...] = ()) -> Verdict:
    """Return a verdict with these detectors' findings, highest first."""
    findings = tuple(
        Finding(slug, score, f"{slug}:rule", f"query:{slug}") for slug, score in scores
    )
    if not findings:
        return Verdict(uninspected=uninspected)
    top = findings[0]
    return Verdict(
        top.score, top.reason, top.detector, dict(scores), findings, uninspected=uninspected
    )


@pytest.mark.parametrize(
    ("score", "mode", "action", "status"),
    [
        (0.95, Mode.ACTIVE, Action.ACTIVE_KILL, 403),
        (0.95, Mode.SHADOW, Action.SHADOW_KILL, None),
        (0.9499, Mode.ACTIVE, Action.PASSED, None),
        (0.9499, Mode.SHADOW, Action.PASSED, None),
    ],
)
def test_threshold_itself_is_over(
    score: float, mode: Mode, action: Action, status: int | None
) -> None:
    """A score equal to the threshold blocks in active mode and only tells in shadow mode."""
    decision = decide(found(("xss", score)), Snapshot(Policy(), mode))
    assert (decision.action, decision.refuse_status) == (action, status)
    assert (decision.score, decision.threshold, decision.mode) == (score, 0.95, mode)
    assert decision.reason == "xss:rule"


def test_winner_is_over_its_own_threshold() -> None:
    """A lower score over its detector's threshold wins over a higher one under its own."""
    policy = Policy(ScoreOptions(threshold=0.95, thresholds={"sqli": 0.99, "xss": 0.6}))
    decision = decide(
        found(("sqli", 0.98), ("xss", 0.7), ("crlf", 0.5)), Snapshot(policy, Mode.ACTIVE)
    )
    assert decision.is_refused
    assert (decision.score, decision.threshold, decision.reason) == (0.7, 0.6, "xss:rule")
    assert decision.finding
    assert (decision.finding.detector, decision.finding.location) == ("xss", "query:xss")


def test_highest_of_several_over_wins() -> None:
    """Of several findings over their thresholds the highest is told."""
    policy = Policy(ScoreOptions(thresholds={"xss": 0.5}))
    decision = decide(found(("sqli", 0.97), ("xss", 0.96)), Snapshot(policy, Mode.ACTIVE))
    assert decision.reason == "sqli:rule"


def test_passed_request_tells_highest_score() -> None:
    """When nothing is over, score, reason and threshold are the highest finding's."""
    policy = Policy(ScoreOptions(thresholds={"sqli": 0.99}))
    decision = decide(found(("sqli", 0.98), ("xss", 0.7)), Snapshot(policy, Mode.ACTIVE))
    assert decision.action is Action.PASSED
    assert (decision.score, decision.threshold, decision.reason) == (0.98, 0.99, "sqli:rule")


def test_clean_request_scores_zero() -> None:
    """A request in which nothing was found was scored: 0.0, not None."""
    decision = decide(Verdict(), Snapshot(Policy(), Mode.ACTIVE))
    assert (decision.action, decision.score, decision.finding) == (Action.PASSED, 0.0, None)
    assert (decision.reason, decision.threshold) == ("", 0.95)


def test_zero_threshold_needs_a_finding() -> None:
    """Even a threshold of 0 does not block a request in which nothing was found."""
    assert not decide(
        Verdict(), Snapshot(Policy(ScoreOptions(threshold=0.0)), Mode.ACTIVE)
    ).is_refused


@pytest.mark.parametrize(
    ("on_oversize", "mode", "action", "status"),
    [
        (OnOversize.BLOCK, Mode.ACTIVE, Action.ACTIVE_KILL, 413),
        (OnOversize.BLOCK, Mode.SHADOW, Action.SHADOW_KILL, None),
        (OnOversize.PARTIAL, Mode.ACTIVE, Action.PASSED, None),
        (OnOversize.PASS, Mode.ACTIVE, Action.SKIPPED, None),
    ],
)
def test_oversize_blocks_when_told_to(
    on_oversize: OnOversize, mode: Mode, action: Action, status: int | None
) -> None:
    """A clean but cut body is refused by ``block`` alone, with 413, never in shadow mode."""
    verdict = found(("xss", 0.2), uninspected=(Uninspected.OVERSIZE,))
    decision = decide(verdict, Snapshot(Policy(on_oversize=on_oversize), mode))
    assert (decision.action, decision.refuse_status) == (action, status)


def test_attack_beats_oversize() -> None:
    """An attack in the part that was read is refused as one."""
    verdict = found(("xss", 0.95), uninspected=(Uninspected.OVERSIZE,))
    decision = decide(verdict, Snapshot(Policy(on_oversize=OnOversize.BLOCK), Mode.ACTIVE))
    assert (decision.refuse_status, decision.reason) == (403, "xss:rule")


@pytest.mark.parametrize("why", [*Uninspected])
@pytest.mark.parametrize("mode", [*Mode])
@pytest.mark.parametrize("on_failure", [*OnFailure])
def test_failure_obeys_policy(why: Uninspected, mode: Mode, on_failure: OnFailure) -> None:
    """Only active mode with ``closed`` refuses what was not scored, with 503 and no score."""
    decision = undecided(why, Snapshot(Policy(on_failure=on_failure), mode))
    is_refused = mode is Mode.ACTIVE and on_failure is OnFailure.CLOSED
    assert decision.refuse_status == (503 if is_refused else None)
    assert (decision.action, decision.score) == (Action.ERROR, None)
    assert decision.verdict.uninspected == (why,)
    assert decision.reason == f"uninspected:{why}"


def test_small_body_is_left_alone() -> None:
    """A body within the limit reaches the scorer as the very same request."""
    request = Request("POST", b"/", body=b"x" * 10)
    assert inspected_part(request, Policy(max_body_bytes=10)) is request


@pytest.mark.parametrize(
    ("on_oversize", "seen"),
    [(OnOversize.PARTIAL, b"abcd"), (OnOversize.BLOCK, b"abcd"), (OnOversize.PASS, b"")],
)
@pytest.mark.parametrize("body", [b"abcdefgh", b"abcd"])
def test_cut_body_keeps_the_rest(on_oversize: OnOversize, seen: bytes, body: bytes) -> None:
    """Of a long or cut body only what the policy allows is read; nothing else changes."""
    is_cut = len(body) == 4
    request = Request(
        "POST", b"/a?b", (("x", b"y"),), body, body_truncated=is_cut, source_ip="192.0.2.1"
    )
    part = inspected_part(request, Policy(max_body_bytes=4, on_oversize=on_oversize))
    assert part == Request("POST", b"/a?b", (("x", b"y"),), seen, True, "192.0.2.1")


def test_hash_tells_policies_apart() -> None:
    """Equal policies have equal hashes, in whatever order they were written; others differ."""
    made = Policy(options=ScoreOptions(disabled=frozenset({"xss", "crlf"})))
    again = Policy(options=ScoreOptions(disabled=frozenset({"crlf", "xss"})))
    assert made.hash == again.hash
    others = [
        Policy(),
        Policy(options=ScoreOptions(threshold=0.9)),
        Policy(options=ScoreOptions(thresholds={"xss": 0.9})),
        Policy(options=ScoreOptions(exclusions=(Exclusion("/a"),))),
        Policy(max_body_bytes=1),
        Policy(on_oversize=OnOversize.BLOCK),
        Policy(on_failure=OnFailure.CLOSED),
        made,
    ]
    assert len({policy.hash for policy in others}) == len(others)
    assert all(len(policy.hash) == 12 for policy in others)


ROUTES = (
    Route("uploads", path="/upload", mode=Mode.SHADOW, inspect_body=False, threshold=0.99),
    Route("admin", path="/admin", threshold=0.5, on_failure=OnFailure.CLOSED),
    Route("loud", path="/loud", mode=Mode.ACTIVE),
)


def at(target: bytes, policy: Policy, mode: Mode = Mode.ACTIVE) -> Snapshot:
    """Return what a request to the target is decided by."""
    return policy.snapshot_for(Request("GET", target), mode)


def test_policy_without_routes_is_its_own_snapshot() -> None:
    """Every request has the same one, ready made."""
    policy = Policy()
    snapshot = at(b"/", policy)
    assert snapshot == Snapshot(policy, Mode.ACTIVE, "", True, policy.hash)
    assert at(b"/%61", policy) is snapshot


def test_route_changes_what_it_says() -> None:
    """Mode, threshold, body and failures are the route's where it says them; the hash is not."""
    policy = Policy(ScoreOptions(0.9, thresholds={"xss": 0.7}), routes=ROUTES)
    uploads, admin, other = (at(t, policy) for t in (b"/upload/1", b"/admin", b"/"))
    assert (uploads.route, uploads.mode, uploads.inspects_body) == ("uploads", Mode.SHADOW, False)
    assert uploads.policy.options == ScoreOptions(0.99, thresholds={"xss": 0.7})
    assert (admin.route, admin.mode, admin.inspects_body) == ("admin", Mode.ACTIVE, True)
    assert (admin.policy.options.threshold, admin.policy.on_failure) == (0.5, OnFailure.CLOSED)
    assert (other.route, other.policy, other.mode) == ("", policy, Mode.ACTIVE)
    assert {each.hash for each in (uploads, admin, other)} == {policy.hash}
    assert at(b"/upload/2", policy) is uploads


def test_global_shadow_beats_every_route() -> None:
    """Who switches the firewall to shadow can rely on it."""
    policy = Policy(routes=ROUTES)
    for target in (b"/loud", b"/upload", b"/admin", b"/", b"/x/../loud"):
        assert at(target, policy, Mode.SHADOW).mode is Mode.SHADOW
    assert at(b"/loud", policy).mode is Mode.ACTIVE


@pytest.mark.parametrize("target", [b"/%75pload", b"//upload", b"/upload/../x", b"/upload;/x"])
def test_ambiguous_path_gets_no_laxer_route(target: bytes) -> None:
    """Whatever the app makes of it, it is treated as strictly as anywhere it may lead."""
    snapshot = at(target, Policy(routes=ROUTES))
    assert (snapshot.route, snapshot.mode, snapshot.inspects_body) == ("?", Mode.ACTIVE, True)
    assert snapshot.policy.options.threshold <= 0.95


@pytest.mark.parametrize("target", [b"/%61dmin", b"//admin", b"/x/..;/admin", b"/x/../y"])
def test_ambiguous_path_leaves_no_stricter_route(target: bytes) -> None:
    """No spelling of a strict route's path gets around it."""
    snapshot = at(target, Policy(routes=ROUTES))
    assert snapshot.policy.options.threshold == 0.5
    assert snapshot.policy.on_failure is OnFailure.CLOSED


def test_path_between_lax_routes_is_lax() -> None:
    """What is in shadow wherever it leads is in shadow."""
    routes = (
        Route("a", path="/a", mode=Mode.SHADOW),
        Route("rest", path="/", mode=Mode.SHADOW, inspect_body=False),
    )
    snapshot = at(b"/%61", Policy(routes=routes))
    assert (snapshot.route, snapshot.mode, snapshot.inspects_body) == ("?", Mode.SHADOW, True)


def test_snapshots_are_bounded() -> None:
    """Clients that find many combinations of routes fill no memory."""
    routes = tuple(Route(f"r{n}", f"h{n}", "/a") for n in range(60))
    policy = Policy(routes=routes)
    for one in range(60):
        for other in range(60):
            hosts = ((":authority", b"h%d" % one), ("host", b"h%d" % other))
            policy.snapshot_for(Request("GET", b"/%61", hosts), Mode.ACTIVE)
    assert len(policy._snapshots) <= 1024


def test_expired_exclusion_leaves_the_options() -> None:
    """It stays declared, so that the hash changes with the file alone."""
    kept, gone = Exclusion("/a", name="kept"), Exclusion("/b", name="gone", expires=100.0)
    policy = Policy(exclusions=(kept, gone)).at(99.9)
    assert policy.options.exclusions == (kept, gone)
    assert policy.at(99.95) is policy
    later = policy.at(100.0)
    assert later.options.exclusions == (kept,)
    assert later.exclusions == (kept, gone)
    assert later.hash == policy.hash


def test_hash_is_of_all_that_is_declared() -> None:
    """Mode, routes, exclusions and whom is believed; reasons are for people alone."""
    one = Policy(routes=(Route("a", methods=frozenset({"GET", "PUT"})),))
    same = Policy(routes=(Route("a", methods=frozenset({"PUT", "GET"})),))
    assert one.hash == same.hash
    others = [
        one,
        Policy(),
        Policy(mode=Mode.ACTIVE),
        Policy(routes=ROUTES),
        Policy(routes=ROUTES[::-1]),
        Policy(exclusions=(Exclusion("/a"),)),
        Policy(exclusions=(Exclusion("/a", expires=1.0),)),
        Policy(trusted_proxies=(ip_network("10.0.0.0/8"),)),
        Policy(client_address_headers=("x-real-ip",)),
        Policy(timeout_s=1.0),
    ]
    assert len({policy.hash for policy in others}) == len(others)
    said = Policy(exclusions=(Exclusion("/a", reason="ticket 4711"),))
    assert said.hash == Policy(exclusions=(Exclusion("/a"),)).hash


def test_body_left_unread_is_skipped() -> None:
    """A request that passes by its head alone says so; one that is killed is killed."""
    passed = noting(decide(Verdict(), Snapshot(Policy(), Mode.ACTIVE)), Uninspected.POLICY)
    assert (passed.action, passed.verdict.uninspected) == (Action.SKIPPED, (Uninspected.POLICY,))
    assert noting(passed, Uninspected.POLICY) is passed
    killed = decide(found(("xss", 0.99)), Snapshot(Policy(), Mode.ACTIVE))
    assert noting(killed, Uninspected.POLICY).action is Action.ACTIVE_KILL
    upgraded = noting(decide(Verdict(), Snapshot(Policy(), Mode.ACTIVE)), Uninspected.UPGRADE)
    assert upgraded.action is Action.PASSED


def test_decision_tells_route_and_policy() -> None:
    """Whatever becomes of a request, what it was decided by is told."""
    snapshot = Snapshot(Policy(), Mode.ACTIVE, "admin", True, "abc")
    decisions = [
        decide(Verdict(), snapshot),
        decide(found(("xss", 0.99)), snapshot),
        undecided(Uninspected.ERROR, snapshot),
    ]
    assert {(each.route, each.policy) for each in decisions} == {("admin", "abc")}


def test_request_without_body_is_its_head() -> None:
    """Line and headers stay."""
    request = Request("POST", b"/", (("a", b"b"),), b"body", body_truncated=True)
    assert without_body(request) == Request("POST", b"/", (("a", b"b"),))


def test_policy_for_pieces_is_kept_ready() -> None:
    """What holds for a stream's head is worked out once, for each of not too many targets."""
    exclusions = (Exclusion("/a", "body", "xss", "a"), Exclusion("/b", "body", "xss", "b"))
    policy = Policy(ScoreOptions(exclusions=exclusions))
    made = policy.for_pieces(b"/a/x")
    assert made.options.exclusions == (Exclusion("/", "body", "xss", "a"),)
    assert policy.for_pieces(b"/a/x") is made
    for number in range(1000):
        policy.for_pieces(b"/b/%d" % number)
    assert len(policy._of_pieces) <= 64
