"""A verdict and a policy make a decision, in each mode and for every failure."""

import pytest

from kysira.policy import Policy, decide, inspected_part, undecided
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
    decision = decide(found(("xss", score)), Policy(), mode)
    assert (decision.action, decision.refuse_status) == (action, status)
    assert (decision.score, decision.threshold, decision.mode) == (score, 0.95, mode)
    assert decision.reason == "xss:rule"


def test_winner_is_over_its_own_threshold() -> None:
    """A lower score over its detector's threshold wins over a higher one under its own."""
    policy = Policy(ScoreOptions(threshold=0.95, thresholds={"sqli": 0.99, "xss": 0.6}))
    decision = decide(found(("sqli", 0.98), ("xss", 0.7), ("crlf", 0.5)), policy, Mode.ACTIVE)
    assert decision.is_refused
    assert (decision.score, decision.threshold, decision.reason) == (0.7, 0.6, "xss:rule")
    assert decision.finding
    assert (decision.finding.detector, decision.finding.location) == ("xss", "query:xss")


def test_highest_of_several_over_wins() -> None:
    """Of several findings over their thresholds the highest is told."""
    policy = Policy(ScoreOptions(thresholds={"xss": 0.5}))
    decision = decide(found(("sqli", 0.97), ("xss", 0.96)), policy, Mode.ACTIVE)
    assert decision.reason == "sqli:rule"


def test_passed_request_tells_highest_score() -> None:
    """When nothing is over, score, reason and threshold are the highest finding's."""
    policy = Policy(ScoreOptions(thresholds={"sqli": 0.99}))
    decision = decide(found(("sqli", 0.98), ("xss", 0.7)), policy, Mode.ACTIVE)
    assert decision.action is Action.PASSED
    assert (decision.score, decision.threshold, decision.reason) == (0.98, 0.99, "sqli:rule")


def test_clean_request_scores_zero() -> None:
    """A request in which nothing was found was scored: 0.0, not None."""
    decision = decide(Verdict(), Policy(), Mode.ACTIVE)
    assert (decision.action, decision.score, decision.finding) == (Action.PASSED, 0.0, None)
    assert (decision.reason, decision.threshold) == ("", 0.95)


def test_zero_threshold_needs_a_finding() -> None:
    """Even a threshold of 0 does not block a request in which nothing was found."""
    assert not decide(Verdict(), Policy(ScoreOptions(threshold=0.0)), Mode.ACTIVE).is_refused


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
    decision = decide(verdict, Policy(on_oversize=on_oversize), mode)
    assert (decision.action, decision.refuse_status) == (action, status)


def test_attack_beats_oversize() -> None:
    """An attack in the part that was read is refused as one."""
    verdict = found(("xss", 0.95), uninspected=(Uninspected.OVERSIZE,))
    decision = decide(verdict, Policy(on_oversize=OnOversize.BLOCK), Mode.ACTIVE)
    assert (decision.refuse_status, decision.reason) == (403, "xss:rule")


@pytest.mark.parametrize("why", [*Uninspected])
@pytest.mark.parametrize("mode", [*Mode])
@pytest.mark.parametrize("on_failure", [*OnFailure])
def test_failure_obeys_policy(why: Uninspected, mode: Mode, on_failure: OnFailure) -> None:
    """Only active mode with ``closed`` refuses what was not scored, with 503 and no score."""
    decision = undecided(why, Policy(on_failure=on_failure), mode)
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
