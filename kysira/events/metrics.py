"""Prometheus metrics of events: how many there were, and what was lost."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from kysira.events.log import EventLog


class EventMetrics(Collector):
    """Shows an event log's own numbers under ``{prefix}_event*``, as they are when they are read.

    Every place where events can be lost is there from the start.
    """

    def __init__(self, prefix: str, registry: CollectorRegistry, events: EventLog) -> None:
        self._prefix = prefix
        self._events = events
        registry.register(self)

    def describe(self) -> Iterator[Metric]:
        """Yield every metric, so that the registry knows their names and refuses them twice."""
        return self.collect()

    def collect(self) -> Iterator[Metric]:
        """Yield every metric as it stands now."""
        events, prefix = self._events, self._prefix
        yield CounterMetricFamily(
            f"{prefix}_events", "Events of requests, lost ones too.", value=events.recorded
        )
        dropped = CounterMetricFamily(
            f"{prefix}_events_dropped",
            "Events lost: before they were told (queue), in a sink, or to readers cut off.",
            labels=["sink"],
        )
        for place, count in events.dropped.items():
            dropped.add_metric([place], count)
        yield dropped
        yield CounterMetricFamily(
            f"{prefix}_event_readers_dropped",
            "Readers of the event stream that were cut off for being too slow.",
            value=events.readers_dropped,
        )
        yield GaugeMetricFamily(
            f"{prefix}_event_readers", "Readers of the event stream.", value=events.readers
        )
        yield GaugeMetricFamily(
            f"{prefix}_event_spool_bytes",
            "Bytes of disk with events that the http sink could not send yet.",
            value=events.spool_bytes,
        )
