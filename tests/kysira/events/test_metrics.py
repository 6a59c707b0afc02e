"""What happens to events can be seen in the metrics."""

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from kysira.events.log import EventLog
from kysira.events.metrics import EventMetrics
from kysira.metrics import GuardMetrics
from tests.kysira.events.cases import PASSED, ListSink, request

PLACES = ("queue", "file", "stdout", "http", "reader")


def samples(registry: CollectorRegistry) -> dict[str, float]:
    text = generate_latest(registry).decode()
    rows = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in rows}


async def test_every_place_starts_at_zero() -> None:
    """A rate over a place where nothing was lost yet is 0, not missing."""
    registry = CollectorRegistry()
    EventMetrics("k", registry, EventLog("proxy", "p"))
    assert samples(registry) == {
        "k_events_total": 0,
        **{f'k_events_dropped_total{{sink="{place}"}}': 0 for place in PLACES},
        "k_event_readers_dropped_total": 0,
        "k_event_readers": 0,
        "k_event_spool_bytes": 0,
    }


async def test_metrics_follow_the_log() -> None:
    """Events, losses by place, readers and the spool are what they are when they are read."""

    class SpoolingSink(ListSink):
        spool_bytes = 4096

    sink = SpoolingSink("http")
    sink.dropped = 7
    events = EventLog("proxy", "p", [sink], limit=2)
    registry = CollectorRegistry()
    GuardMetrics("k", registry)
    EventMetrics("k", registry, events)
    for _ in range(5):
        events.record(request(), PASSED, 0.001)
    events.subscribe()
    values = samples(registry)
    assert values["k_events_total"] == 5
    assert values['k_events_dropped_total{sink="queue"}'] == 3
    assert values['k_events_dropped_total{sink="http"}'] == 7
    assert (values["k_event_readers"], values["k_event_spool_bytes"]) == (1, 4096)
    with pytest.raises(ValueError, match="Duplicated"):
        EventMetrics("k", registry, events)
