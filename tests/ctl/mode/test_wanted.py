"""What is asked for, held against the state of a service."""

import pytest

from ctl.mode.state import State
from ctl.mode.wanted import Result, Wanted, already_note, verdict
from kysira.types import Mode

S, A = Mode.SHADOW, Mode.ACTIVE


@pytest.mark.parametrize(
    ("state", "wanted", "result"),
    [
        (State(S), Wanted(A), None),
        (State(A), Wanted(A), Result.ALREADY),
        (State(A), Wanted(A, 60), Result.ALREADY),  # it would go back to active
        (State(A, 9.0), Wanted(A), None),  # the end goes
        (State(A, 9.0), Wanted(A, 60), None),  # the end moves
        (State(S), Wanted(A, None, S), None),
        (State(A, 9.0), Wanted(A, None, S), Result.LEFT),
        (State(S), Wanted(A, 60, A), Result.LEFT),
        (State(A), Wanted(A, None, S), Result.ALREADY),  # the second run of the same command
    ],
)
def test_verdict_asks_only_for_changes(state: State, wanted: Wanted, result: Result | None) -> None:
    """A service is asked when that changes something, and --if-mode allows it."""
    assert verdict(state, wanted) is result


def test_wanted_body_is_the_apis() -> None:
    """What is posted has a time only where there is one."""
    assert Wanted(A).body == {"mode": "active"}
    assert Wanted(A, 60.0).body == {"mode": "active", "ttl_seconds": 60.0}
    assert Wanted(A, None, S).body == {"mode": "active", "if_mode": "shadow"}


def test_already_note_warns_of_time() -> None:
    """Who asks for a time hears where there will be no end."""
    assert already_note(Wanted(A)) == ""
    assert "does not end that" in already_note(Wanted(A, 60))


def test_result_done_is_as_asked() -> None:
    """Two results mean that the service is as asked for; all others are a part that is not."""
    assert [result for result in Result if result.is_done] == [Result.CHANGED, Result.ALREADY]
