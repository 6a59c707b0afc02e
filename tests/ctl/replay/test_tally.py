"""Outcomes are counted."""

import pytest

from ctl.replay.item import Unread
from ctl.replay.outcome import Change, Doubt, Outcome, Side
from ctl.replay.tally import Counts, Tally

SQLI, XSS, NONE = Side(True, "a", "sqli"), Side(True, "b", "xss"), Side(False, "b")


def tally(*sides: tuple[Side, Side], most: int = 10) -> Tally:
    """Return what is counted of requests with these sides."""
    made = Tally(most)
    for number, (before, after) in enumerate(sides):
        made.add(Outcome(str(number), "GET", "/", "", before, after, frozenset({Doubt.HIDDEN})))
    return made


def test_changes_are_counted() -> None:
    """All, by the route that is now, and by what decides."""
    made = tally((SQLI, NONE), (NONE, XSS), (SQLI, XSS), (SQLI, SQLI), (NONE, NONE))
    assert made.all == Counts(5, 3, 3, 1, 1)
    assert made.routes == {"b": Counts(4, 2, 2, 1, 1), "a": Counts(1, 1, 1)}
    assert made.detectors == {"sqli": Counts(3, 3, 1, 0, 1), "xss": Counts(2, 0, 2, 1, 0)}
    assert made.doubts == {Doubt.HIDDEN: 5}


def test_samples_are_bounded() -> None:
    """Of each kind of change so many are kept."""
    made = tally(*[(SQLI, NONE), (NONE, XSS)] * 5, most=2)
    assert {change: len(kept) for change, kept in made.samples.items()} == {
        Change.NO_LONGER_BLOCKED: 2, Change.NEWLY_BLOCKED: 2,
    }  # fmt: skip
    assert tally((SQLI, NONE), most=0).samples == {Change.NO_LONGER_BLOCKED: []}


def test_rate_has_an_interval() -> None:
    """The share that is blocked, with Wilson's interval; of nothing it is unknown."""
    made = tally(*[(NONE, SQLI)] * 1, *[(NONE, NONE)] * 99)
    assert made.rate == pytest.approx(0.01)
    assert made.interval == pytest.approx((0.00176770, 0.05448620), abs=1e-6)
    assert (Tally().rate, Tally().interval) == (0.0, (0.0, 1.0))


def test_unread_parts_are_counted_with_their_first_places() -> None:
    """So that a person can look at one."""
    made = Tally()
    for line in range(100):
        made.add_unread(Unread(f"a.log:{line}", "is odd"))
    assert made.as_json()["unread"] == [
        {"why": "is odd", "count": 100, "first": [f"a.log:{n}" for n in range(5)]}
    ]


def test_routes_of_files_are_bounded() -> None:
    """An event may say anything: what is new after thousands is counted together."""
    made = Tally()
    for number in range(10_050):
        side = Side(False, f"r{number}")
        made.add(Outcome("", "GET", "/", "", side, side))
    assert len(made.routes) == 10_001
    assert made.routes["…"].requests == 50
