"""What goes wrong between clients and the app: counted, and told of in the log once a second."""

import logging
import time
from collections.abc import Callable, Iterator

from prometheus_client import Metric
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from adapter.proxy.errors import MessageError, ProxyError, UpstreamError
from kysira.rarely import Rarely

log = logging.getLogger(__name__)
_STATUSES = (502, 504)
_LOG_EVERY_S = 1.0


class Faults(Collector):
    """Counts requests that got an error of the proxy's own; they are no decisions, and no events.

    A malformed request is a client's, and only counted: anybody could fill the log with them.
    """

    def __init__(self, target: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.connections: Callable[[], int] = lambda: 0
        """Returns how many clients are connected."""
        self.malformed = self.refused_connections = 0
        self.upstream = dict.fromkeys(_STATUSES, 0)
        self._target = target
        self._failures = Rarely(_LOG_EVERY_S, clock=clock)

    def note(self, error: ProxyError) -> None:
        """Count an error that a client is told of."""
        if isinstance(error, MessageError):
            self.malformed += 1
        elif isinstance(error, UpstreamError):
            self.upstream[error.status] = self.upstream.get(error.status, 0) + 1
            self._tell(error)

    def refuse_connection(self) -> None:
        """Count a client that came when there were too many."""
        self.refused_connections += 1

    def _tell(self, error: UpstreamError) -> None:
        if self._failures.is_due():
            log.warning(
                "upstream_failed target=%s status=%d error=%r cause=%r more=%d",
                self._target, error.status, error.detail, error.cause, self._failures.left_out,
            )  # fmt: skip

    def collect(self) -> Iterator[Metric]:
        """Yield every metric as it stands now."""
        upstream = CounterMetricFamily(
            "kysira_upstream_errors", "Requests that the app did not answer.", labels=["status"]
        )
        for status, count in self.upstream.items():
            upstream.add_metric([str(status)], count)
        yield upstream
        yield CounterMetricFamily(
            "kysira_malformed_requests", "Requests that could not be read.", value=self.malformed
        )
        yield CounterMetricFamily(
            "kysira_refused_connections",
            "Connections refused because there were too many.",
            value=self.refused_connections,
        )
        yield GaugeMetricFamily(
            "kysira_connections", "Clients that are connected.", value=self.connections()
        )

    def describe(self) -> Iterator[Metric]:
        """Yield every metric, so that the registry knows their names."""
        return self.collect()
