"""The report about Envoy: its goals, and that it names only what was measured."""

from benchmarks.envoy import _COMPARED, goals
from benchmarks.report import State
from benchmarks.stack import VARIANTS
from tests.benchmarks.runs import run

NAMES = [variant.name for variant in VARIANTS]


def test_pairs_are_measured() -> None:
    """A name that is not there would be found out after five minutes."""
    assert {name for pair in _COMPARED for name in (pair.above, pair.below)} <= set(NAMES)


def test_goals_are_about_scoring_and_memory() -> None:
    """Scoring at most doubles the CPU of an ext_proc; shadow mode stays small."""
    runs = [run(name, server_us=300.0 if name == "shadow" else 100.0) for name in NAMES]
    lines = goals(runs, [State(name, 90.0, None, 0) for name in NAMES]).splitlines()
    assert lines[0] == (
        "Python CPU, shadow / no-op, 32 connections: 3.00 (rounds 3.00); goal: at most 2, missed"
    )
    assert lines[-1] == "memory, shadow: 90 MB; goal: at most 150 MB, met"
    assert sum("goal" in text for text in lines) == 2
