"""A service's own counts are read, and none is taken for zero."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from benchmarks.metrics import by_label, counts, total
from benchmarks.processes import BenchmarkError
from kysira.events.log import EventLog
from kysira.events.metrics import EventMetrics
from kysira.metrics import GuardMetrics
from kysira.types import Action, Decision, Mode, Uninspected, Verdict

TEXT = """\
# HELP kysira_requests_total Total requests processed by action.
# TYPE kysira_requests_total counter
kysira_requests_total{action="passed"} 1.2e+03
kysira_requests_total{action="error"} 3.0
kysira_requests_total_more{action="passed"} 9.0
kysira_event_readers 7.0
kysira_events_dropped_total{sink="queue"} 2.0
kysira_events_dropped_total{sink="reader"} 90.0
kysira_uninspected_total{reason="timeout"} 1.0
"""


def test_numbers_go_by_label() -> None:
    """One metric's lines alone, whatever the form of the number."""
    assert by_label(TEXT, "kysira_requests_total") == {"passed": 1200, "error": 3}
    assert by_label(TEXT, "kysira_event_readers") == {"": 7}
    assert total(TEXT, "kysira_requests_total") == 1203


def test_missing_metric_is_told() -> None:
    """A metric that was renamed is not one that never counted."""
    with pytest.raises(BenchmarkError, match="kysira_gone_total"):
        by_label(TEXT, "kysira_gone_total")
    with pytest.raises(BenchmarkError, match="kysira_extproc_requests_total"):
        counts(TEXT, "kysira_extproc")


def test_errors_are_not_scored_and_slow_readers_lose_alone() -> None:
    """What could not be scored does not count; what one reader missed is with the others."""
    found = counts(TEXT, "kysira")
    assert (found.scored, found.unread, found.lost) == (1200, {"timeout": 1}, 2)


@pytest.mark.parametrize("prefix", ["kysira", "kysira_nginx", "kysira_extproc"])
async def test_counts_read_what_a_front_end_writes(prefix: str) -> None:
    """The names are those of the services."""
    registry = CollectorRegistry()
    guard = GuardMetrics(prefix, registry)
    EventMetrics(prefix, registry, EventLog("proxy", "hash"))
    verdict = Verdict(uninspected=(Uninspected.BUDGET,))
    guard.observe(Decision(Action.SHADOW_KILL, Mode.SHADOW, verdict=verdict), 0.001)
    guard.observe(Decision(Action.ERROR, Mode.SHADOW), 0.001)
    found = counts(generate_latest(registry).decode(), prefix)
    assert (found.scored, found.unread["budget"], found.lost) == (1, 1, 0)
    assert set(found.dropped) == {"queue", "file", "stdout", "http", "reader"}
