"""A recorded event is decided again by what was found."""

from typing import Any

import pytest

from ctl.events.record import Record
from ctl.replay.outcome import Change, Doubt
from ctl.replay.recorded import findings, is_scored, outcome, recorded, redecided
from kysira.policy import Policy
from kysira.types import DETECTORS, Action, Mode
from tests.ctl.replay.made import event, finding, policy

ACTIVE = (Mode.ACTIVE, Mode.ACTIVE)
Q = [{"name": "q", "path": "/search", "location": "query:q", "detector": "sqli"}]


def action(made: Record, by: Policy) -> Action:
    """Return what becomes of an event while the mode is active."""
    return redecided(made, by, Mode.ACTIVE).decision.action


@pytest.mark.parametrize(
    ("declared", "wanted"),
    [
        ({}, Action.ACTIVE_KILL),
        ({"threshold": 1.0}, Action.PASSED),
        ({"detectors": {"sqli": {"threshold": 1}}}, Action.PASSED),
        ({"detectors": {"sqli": {"enabled": False}}}, Action.PASSED),
        ({"exclusions": Q}, Action.PASSED),
        ({"exclusions": [{**Q[0], "path": "/sear"}]}, Action.ACTIVE_KILL),
        ({"exclusions": [{**Q[0], "location": "form:q"}]}, Action.ACTIVE_KILL),
        ({"exclusions": [{**Q[0], "detector": "xss"}]}, Action.ACTIVE_KILL),
        ({"exclusions": [{**Q[0], "expires": "2020-01-01"}]}, Action.ACTIVE_KILL),
        ({"routes": [{"name": "r", "match": {"path": "/search"}, "mode": "shadow"}]},
         Action.SHADOW_KILL),
        ({"routes": [{"name": "r", "match": {"host": "shop.example"}, "threshold": 1.0}]},
         Action.PASSED),
        ({"routes": [{"name": "r", "match": {"methods": ["POST"]}, "threshold": 1.0}]},
         Action.ACTIVE_KILL),
    ],
)  # fmt: skip
def test_event_is_decided_by_the_policy(declared: dict[str, Any], wanted: Action) -> None:
    """Thresholds, detectors, exclusions and routes hold as for the request."""
    assert action(event(finding()), policy(**declared)) is wanted


def test_body_that_is_left_unread_counts_nothing() -> None:
    """A route that leaves bodies unread drops what was found there, and in the head does not."""
    by = policy(routes=[{"name": "r", "match": {"path": "/search"}, "inspect_body": False}])
    assert action(event(finding(location="json:a.b")), by) is Action.SKIPPED
    assert action(event(finding(location="query:q"), finding("xss", "form:a")), by) is (
        Action.ACTIVE_KILL
    )
    cut = event(finding(location="form:a"), uninspected=["oversize"])
    assert action(cut, policy(on_oversize="pass")) is Action.SKIPPED
    assert action(event(uninspected=["oversize"]), policy(on_oversize="block")) is (
        Action.ACTIVE_KILL
    )


def test_other_findings_still_decide() -> None:
    """The best of what is left is compared, not the one that decided then."""
    made = event(finding(), finding("xss", "query:r", 0.97))
    again = redecided(made, policy(exclusions=Q), Mode.ACTIVE).decision
    assert (again.action, again.reason, again.score) == (Action.ACTIVE_KILL, "xss:rule", 0.97)


def test_low_score_of_a_model_counts() -> None:
    """A score that was too low to be told as a finding is over a lower threshold."""
    made = event(breakdown={"sqli": 0.4})
    assert action(made, policy(threshold=0.3)) is Action.ACTIVE_KILL
    assert action(made, Policy()) is Action.PASSED
    assert [each.score for each in findings(made)] == [0.4]


def doubts(made: Record, **declared: Any) -> set[Doubt]:
    """Return what is not known of an event by a policy."""
    return {*redecided(made, policy(**declared), Mode.ACTIVE).doubts}


@pytest.mark.parametrize(
    ("made", "declared", "wanted"),
    [
        (event(finding()), {}, set()),
        (event(), {}, set()),
        (event(finding()), {"exclusions": Q}, {Doubt.HIDDEN, Doubt.MODELS}),
        (event(finding(reason="sqli:model")), {"exclusions": Q}, {Doubt.HIDDEN}),
        (event(finding(reason="sqli:model (decoded)")), {"exclusions": Q}, {Doubt.HIDDEN}),
        (event(finding()), {"detectors": {"sqli": {"enabled": False}}}, {Doubt.MODELS}),
        (event(breakdown={"sqli": 0.0}), {}, {Doubt.NOT_RUN}),
        (event(excluded=["gone"]), {}, {Doubt.EXCLUDED}),
        (event(excluded=["q"]), {"exclusions": Q}, set()),
        (event(excluded=["q"], path="/x"), {"exclusions": Q}, {Doubt.EXCLUDED}),
        (event(uninspected=["policy"]), {}, {Doubt.UNREAD}),
        (event(uninspected=["oversize"], action="skipped"), {}, {Doubt.UNREAD}),
        (event(uninspected=["oversize"], action="skipped"), {"on_oversize": "pass"}, set()),
        (event(uninspected=["oversize"]), {}, set()),
        (event(breakdown=dict.fromkeys(DETECTORS, 0.0) | {"sqli": 0.8}),
         {"threshold": 0.7, "exclusions": Q}, {Doubt.MASKED}),
        (event(breakdown=dict.fromkeys(DETECTORS, 0.0) | {"sqli": 0.8}, path="/x"),
         {"threshold": 0.7, "exclusions": Q}, set()),
        (event(finding(location="chat:xxx x!")),
         {"exclusions": [{"name": "a", "location": "json:abc d!"}]}, {Doubt.MASKED}),
        (event(finding(location="form:xxx x!"), path="/x"),
         {"exclusions": [{"name": "a", "path": "/y", "location": "form:abc d!"}]}, set()),
        (event(finding(location="form:xxx x!")),
         {"exclusions": [{"name": "a", "location": "form:abc d!"}]}, {Doubt.MASKED}),
        (event(finding(location="form:[masked]")),
         {"exclusions": [{"name": "a", "location": "query:abc"}]}, set()),
        (event(finding(), path="/reset/[masked]"),
         {"exclusions": [{"name": "a", "path": "/reset/1"}]}, {Doubt.MASKED}),
        (event(finding(), path="/reset/[masked]"),
         {"exclusions": [{"name": "a", "path": "/other"}]}, set()),
        (event(path="/[masked]"), {"routes": [{"name": "r", "match": {"path": "/a"}}]},
         {Doubt.MASKED}),
        (event(path="/[masked]"), {"routes": [{"name": "r", "match": {"methods": ["GET"]}}]},
         set()),
    ],
)  # fmt: skip
def test_doubt_is_told_where_it_may_matter(
    made: Record, declared: dict[str, Any], wanted: set[Doubt]
) -> None:
    """What an event does not say is named, where the decision could be another for it."""
    assert doubts(made, **declared) == wanted


def test_exclusion_of_a_masked_place_is_not_taken_to_hold() -> None:
    """What is not known is decided as if no exclusion held: nothing is promised to pass."""
    by = policy(exclusions=[{"name": "a", "location": "form:abc d!"}])
    assert action(event(finding(location="form:xxx x!")), by) is Action.ACTIVE_KILL
    wide = policy(exclusions=[{"name": "a", "location": "form:*"}])
    assert action(event(finding(location="form:[masked]")), wide) is Action.PASSED


@pytest.mark.parametrize(
    ("was", "mode", "is_blocked"),
    [
        ("shadow_kill", Mode.ACTIVE, True), ("active_kill", Mode.ACTIVE, True),
        ("shadow_kill", Mode.SHADOW, False), ("active_kill", Mode.SHADOW, True),
        ("passed", Mode.ACTIVE, False),
    ],
)  # fmt: skip
def test_recorded_side_is_what_was_decided(was: str, mode: Mode, is_blocked: bool) -> None:
    """Flagged in shadow counts as blocked where active is supposed."""
    told = recorded(event(finding(), action=was), mode)
    assert (told.is_blocked, told.detector, told.location) == (is_blocked, "sqli", "query:q")


def test_outcome_compares_with_the_record_or_a_baseline() -> None:
    """Without a baseline it is what was decided then."""
    made = event(finding(), id="one")
    by = policy(exclusions=Q)
    told = outcome(made, by, None, ACTIVE)
    assert (told.where, told.change) == ("one", Change.NO_LONGER_BLOCKED)
    assert outcome(made, by, by, ACTIVE).change is None
    assert outcome(made, Policy(), by, ACTIVE).change is Change.NEWLY_BLOCKED


def test_shadow_route_of_the_same_policy_blocked_nothing() -> None:
    """An event that this very policy decided tells that its route was in shadow then too."""
    by = policy(mode="active", routes=[
        {"name": "s", "match": {"path": "/search"}, "mode": "shadow"}
    ])  # fmt: skip
    same = outcome(event(finding(), policy=by.hash), by, None, ACTIVE)
    assert (same.before.is_blocked, same.change) == (False, None)
    other = outcome(event(finding(), policy="another"), by, None, ACTIVE)
    assert other.change is Change.NO_LONGER_BLOCKED


def test_score_that_was_rounded_up_to_its_threshold_is_under_it() -> None:
    """Events round scores: what passed with 0.95 at 0.95 was a little less."""
    made = event(finding(score=0.95), action="passed", threshold=0.95)
    assert outcome(made, Policy(), None, ACTIVE).change is None
    assert action(made, policy(threshold=0.9499)) is Action.ACTIVE_KILL
    assert action(event(finding(score=0.95), threshold=0.95), Policy()) is Action.ACTIVE_KILL


def test_event_that_was_not_scored_is_known() -> None:
    """It says nothing of what the request holds."""
    assert not is_scored(event(action="error", uninspected=["timeout"]))
    assert is_scored(event())


@pytest.mark.parametrize(
    "odd", [{"findings": "x"}, {"findings": [1, {"detector": 1}, {"detector": "xss"}]},
            {"findings": [{"detector": "xss", "location": "path", "score": True}]},
            {"breakdown": ["x"]}, {"breakdown": {"sqli": "x"}}, {"path": None},
            {"breakdown": 5}, {"breakdown": {"sqli": 10**400}}, {"score": 10**400},
            {"findings": [{"detector": "xss", "location": "path", "score": 10**400}]}],
)  # fmt: skip
def test_odd_event_is_no_crash(odd: dict[str, Any]) -> None:
    """A file may hold anything; what is no finding is none."""
    assert redecided(event(**odd), Policy(), Mode.ACTIVE).decision.action is Action.PASSED
