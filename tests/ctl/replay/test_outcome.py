"""Both decisions on a request."""

import pytest

from ctl.replay.outcome import MEANING, Change, Doubt, Outcome, Side, side
from kysira.types import Action, Decision, Finding, Mode


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (True, False, Change.NO_LONGER_BLOCKED),
        (False, True, Change.NEWLY_BLOCKED),
        (True, True, None),
        (False, False, None),
    ],
)
def test_change_is_of_blocking(before: bool, after: bool, change: Change | None) -> None:
    """What is blocked both times, or neither, is no change."""
    outcome = Outcome("1", "GET", "/", "", Side(before), Side(after))
    assert outcome.change is change


def test_side_tells_the_winner() -> None:
    """A side is what decided: its detector, place and score."""
    found = Finding("xss", 0.97, "xss:tag", "query:q")
    decision = Decision(
        Action.ACTIVE_KILL, Mode.ACTIVE, score=0.97, reason="xss:tag", finding=found, route="r"
    )
    assert side(decision) == Side(True, "r", "xss", "query:q", 0.97, "xss:tag")
    assert not side(Decision(Action.SHADOW_KILL, Mode.SHADOW)).is_blocked


def test_every_doubt_is_explained() -> None:
    """People read what a doubt means."""
    assert {*MEANING} == {*Doubt}
