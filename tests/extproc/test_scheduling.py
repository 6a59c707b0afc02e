"""Threads of gRPC wait their turn; the thread that scores keeps its own policy."""

import os
import threading

import pytest

from extproc.scheduling import patient_threads
from tests.needs import need


@pytest.fixture
def linux() -> None:
    need(hasattr(os, "SCHED_BATCH"), "Linux alone has SCHED_BATCH")


def policy_of_a_thread() -> int:
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(os.sched_getscheduler(0)))
    thread.start()
    thread.join(10)
    return found[0]


@pytest.mark.usefixtures("linux")
def test_only_threads_started_within_are_patient() -> None:
    """The policy is inherited by new threads, and given back."""
    with patient_threads():
        assert policy_of_a_thread() == os.SCHED_BATCH
    assert os.sched_getscheduler(0) == os.SCHED_OTHER
    assert policy_of_a_thread() == os.SCHED_OTHER


@pytest.mark.usefixtures("linux")
def test_another_policy_is_left_alone() -> None:
    """Who runs the service as SCHED_IDLE, say, has a reason."""
    found: list[int] = []

    def run() -> None:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        with patient_threads():
            found.append(os.sched_getscheduler(0))
        found.append(os.sched_getscheduler(0))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    assert found == [os.SCHED_IDLE, os.SCHED_IDLE]


@pytest.mark.usefixtures("linux")
def test_policy_comes_back_after_an_error() -> None:
    """A server that can't start leaves the thread as it was."""
    with pytest.raises(ZeroDivisionError), patient_threads():
        raise ZeroDivisionError
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


@pytest.mark.parametrize("call", ["sched_getscheduler", "sched_setscheduler"])
@pytest.mark.parametrize("error", [OSError(38, "not implemented"), AttributeError("none here")])
def test_refusal_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, call: str, error: Exception
) -> None:
    """Where a container or a C library forbids the call the service starts all the same."""

    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(os, call, refuse, raising=False)
    ran = []
    with patient_threads():
        ran.append(True)
    assert ran
