"""The report about the ways in: its goals, and that it names only what was measured."""

from benchmarks.report import State
from benchmarks.ways import _COMPARED, goals
from benchmarks.ways_stack import WAYS
from tests.benchmarks.runs import run

NAMES = [way.name for way in WAYS]


def test_pairs_are_measured() -> None:
    """A name that is not there would be found out after minutes."""
    assert {name for pair in _COMPARED for name in (pair.above, pair.below)} <= set(NAMES)


def test_goal_compares_the_proxy_with_itself() -> None:
    """What scoring adds to the same proxy, at most one and a half of it; the whole is shown too."""
    cost = {"unscored": 100.0, "rules": 249.0}
    runs = [run(name, server_us=cost.get(name, 70.0)) for name in NAMES]
    lines = goals(runs, [State(name, 90.0, None, 0) for name in NAMES]).splitlines()
    assert lines[:2] == [
        "Python CPU, (rules - unscored) / unscored, 32 connections: 1.49 (rounds 1.49);"
        " goal: at most 1.5, met",
        "Python CPU, rules / unscored, 32 connections: 2.49 (rounds 2.49)",
    ]


def test_lost_events_are_told() -> None:
    """Work that was not done would make a way in look cheap."""
    runs = [run(name) for name in NAMES]
    states = [State(name, 90.0, None, 0, lost=5 if name == "rules" else 0) for name in NAMES]
    lines = goals(runs, states).splitlines()
    assert "events lost, rules: 5; goal: at most 0, missed" in lines
    assert "events lost, njs: 0; goal: at most 0, met" in lines
