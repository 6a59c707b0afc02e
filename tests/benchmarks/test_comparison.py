"""Numbers that can't be trusted are not passed off as some that can."""

from benchmarks.comparison import void
from benchmarks.report import State
from tests.benchmarks.runs import run


def test_clean_runs_are_trusted() -> None:
    """What wrk breaks off at the end of a run is expected: a request a connection."""
    runs = [run("a", n) for n in range(3)]
    assert void(runs, [State("a", 50.0, None, unread=3 * 32 + 32)]) == []


def test_one_failed_request_is_a_fault() -> None:
    """Another answer than 2xx, or none."""
    (fault,) = void([run("a", failed=1)], [State("a", 50.0, None, 0)])
    assert fault == "a: 1 of 1000 requests failed"


def test_run_without_an_answer_is_a_fault() -> None:
    """A server that hangs fails no request within a short run."""
    (fault,) = void([run("a", requests=0)], [State("a", 50.0, None, 0)])
    assert fault == "a: no request was answered"


def test_more_unread_than_broken_off_is_a_fault() -> None:
    """A firewall that reads less is cheaper."""
    runs = [run("a"), run("b")]
    states = [State("a", 50.0, None, 65), State("b", 50.0, None, 64)]
    assert void(runs, states) == ["a: 65 requests were not read in full"]


def test_answer_without_a_score_is_a_fault() -> None:
    """Traffic that passes by the firewall costs it nothing."""
    (fault,) = void([run("a")], [State("a", 50.0, None, 0, unscored=1)])
    assert fault == "a: 1 requests passed by without a score"
