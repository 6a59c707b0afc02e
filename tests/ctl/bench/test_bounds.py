"""A replay ends in time, and says why."""

import pytest

from ctl.bench.bounds import MAX_UNANSWERED, Bounds
from ctl.bench.columns import Outcome
from tests.ctl.bench.made_rows import reply, row

ROWS = [row(str(number)) for number in range(10)]


@pytest.mark.parametrize(("most", "passed"), [(30, 10), (29, 9), (3, 1), (2, 0)])
def test_requests_are_bounded(most: int, passed: int) -> None:
    """A bare payload is three."""
    bounds = Bounds(most, 60)
    assert len(list(bounds.rows(ROWS))) == passed
    assert bounds.stopped == ("" if passed == 10 else f"--max-requests {most} is reached")


def test_time_is_bounded() -> None:
    """By the clock, from the start on."""
    now = iter([100.0, 150.0, 159.0, 161.0])
    bounds = Bounds(1000, 60, lambda: next(now))
    assert len(list(bounds.rows(ROWS))) == 2
    assert bounds.stopped == "--max-minutes 1 have passed"


def test_nobody_is_asked_for_ever() -> None:
    """A column that no longer answers ends the replay."""
    bounds = Bounds(1000, 60)
    unanswered = [Outcome.UNANSWERED] * (MAX_UNANSWERED - 1)
    bounds.watch("far", reply(row(), *unanswered, said="timeout"))
    assert not bounds.stopped
    bounds.watch("far", reply(row(), Outcome.UNSENT, Outcome.UNANSWERED, said="timeout"))
    assert bounds.stopped == f"far did not answer {MAX_UNANSWERED} requests in a row (timeout)"
    assert list(bounds.rows(ROWS)) == []


def test_answer_shows_that_someone_is_there() -> None:
    """Each column counts for itself, and only without a break."""
    bounds = Bounds(1000, 60)
    for _ in range(MAX_UNANSWERED):
        bounds.watch("far", reply(row(), Outcome.UNANSWERED, Outcome.PASSED))
        bounds.watch("near", reply(row(), Outcome.PASSED))
    bounds.watch("near", reply(row(), *[Outcome.UNSENT] * MAX_UNANSWERED))
    assert not bounds.stopped
