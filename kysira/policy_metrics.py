"""Prometheus metrics of the policy: which one is in force, and whether the file could be read."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from kysira.policy_source import PolicySource


class PolicyMetrics(Collector):
    """Tells of the policy under ``{prefix}_policy_*``, as it stands when it is asked."""

    def __init__(self, prefix: str, registry: CollectorRegistry, source: PolicySource) -> None:
        self._prefix = f"{prefix}_policy"
        self._source = source
        registry.register(self)

    def describe(self) -> Iterator[Metric]:
        """Yield every metric, so that the registry knows their names and refuses them twice."""
        return self.collect()

    def collect(self) -> Iterator[Metric]:
        """Yield every metric as it stands now."""
        source = self._source
        info = GaugeMetricFamily(
            f"{self._prefix}_info", "1, with the hash of the policy in force.", labels=["hash"]
        )
        info.add_metric([source.policy.hash], 1)
        yield info
        yield CounterMetricFamily(
            f"{self._prefix}_reload_failures",
            "Changes of the policy file that could not be used.",
            value=source.failures,
        )
        yield GaugeMetricFamily(
            f"{self._prefix}_last_reload_timestamp_seconds",
            "When the policy in force was loaded.",
            value=source.loaded_at,
        )
