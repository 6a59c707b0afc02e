"""Prometheus metrics of a front-end; names and labels are the deployment guide's."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from prometheus_client import (
    CollectorRegistry,
    Gauge,
    Metric,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from kysira.policy import Policy
from kysira.routes import AMBIGUOUS
from kysira.types import Action, Decision, Mode, Uninspected

BUCKETS_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
"""Decision times in seconds, 0.1 ms to 1 s."""


def new_registry() -> CollectorRegistry:
    """Return a registry of one service, with the process's own metrics."""
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return registry


class _Counts:
    """Decisions with one action: how many took how long."""

    __slots__ = ("by_bucket", "seconds")

    def __init__(self) -> None:
        self.by_bucket = [0] * (len(BUCKETS_S) + 1)
        self.seconds = 0.0

    @property
    def total(self) -> int:
        return sum(self.by_bucket)

    def cumulative(self) -> list[tuple[str, float]]:
        bounds = [*map(floatToGoString, BUCKETS_S), "+Inf"]
        return list(zip(bounds, accumulate(self.by_bucket), strict=True))


class GuardMetrics(Collector):
    """Counts decisions under ``{prefix}_*``; every label value is there from the start.

    One thread at a time may count. Plain numbers, put into Prometheus' form when they are read:
    its own counters would take a tenth of what a decision costs.
    """

    def __init__(self, prefix: str, registry: CollectorRegistry) -> None:
        self._prefix = prefix
        self._counts = {action: _Counts() for action in Action}
        self._uninspected = dict.fromkeys(Uninspected, 0)
        self.hits: dict[str, int] = {}
        """How often each exclusion has dropped or withheld something, by its name."""
        self.route_requests: dict[str, int] = {}
        """How many requests each route has decided, by its name."""
        registry.register(self)

    def count_for(self, policy: Policy) -> None:
        """Count for this policy's exclusions and routes from now on; those that stay go on."""
        exclusions = [each.name for each in policy.exclusions]
        routes = [each.name for each in policy.routes]
        self.hits = {name: self.hits.get(name, 0) for name in exclusions}
        if routes:
            routes.append(AMBIGUOUS)
        self.route_requests = {name: self.route_requests.get(name, 0) for name in routes}

    def observe(self, decision: Decision, latency_s: float) -> None:
        """Count one decision that took ``latency_s`` seconds."""
        counts = self._counts[decision.action]
        counts.by_bucket[bisect_left(BUCKETS_S, latency_s)] += 1
        counts.seconds += latency_s
        verdict = decision.verdict
        for reason in verdict.uninspected:
            self._uninspected[reason] += 1
        if verdict.excluded:
            _count(self.hits, verdict.excluded)
        if decision.route:
            _count(self.route_requests, (decision.route,))

    def count_unread(self, why: Uninspected) -> None:
        """Count a part of a request, otherwise counted already, that was not read."""
        self._uninspected[why] += 1

    def describe(self) -> Iterator[Metric]:
        """Yield every metric, so that the registry knows their names and refuses them twice."""
        return self.collect()

    def collect(self) -> Iterator[Metric]:
        """Yield every metric as it stands now."""
        requests = self._counter("requests", "Total requests processed by action.", "action")
        durations = HistogramMetricFamily(
            f"{self._prefix}_request_duration_seconds",
            "Seconds a decision took, upstream time left out.",
            labels=["action"],
        )
        for action, counts in self._counts.items():
            requests.add_metric([action.value], counts.total)
            durations.add_metric([action.value], counts.cumulative(), counts.seconds)
        uninspected = self._counter(
            "uninspected", "Requests not fully inspected, by reason.", "reason"
        )
        for reason, count in self._uninspected.items():
            uninspected.add_metric([reason.value], count)
        yield from (requests, durations, uninspected)
        yield self._by_name(
            "exclusion_hits",
            "Requests of which an exclusion dropped or withheld something.",
            "exclusion",
            self.hits,
        )
        yield self._by_name(
            "route_requests", "Requests decided by a route.", "route", self.route_requests
        )
        killed = self._counts[Action.ACTIVE_KILL].total
        flagged = killed + self._counts[Action.SHADOW_KILL].total
        errors = self._counts[Action.ERROR].total
        for name, text, value in (
            ("flagged", "Requests over the threshold, in either mode.", flagged),
            ("killed", "Requests blocked in active mode.", killed),
            ("inference_errors", "Requests that could not be scored.", errors),
        ):
            yield CounterMetricFamily(f"{self._prefix}_{name}", text, value=value)

    def _by_name(
        self, name: str, text: str, label: str, counts: Mapping[str, int]
    ) -> CounterMetricFamily:
        family = self._counter(name, text, label)
        for value, count in counts.items():
            family.add_metric([value], count)
        return family

    def _counter(self, name: str, text: str, label: str) -> CounterMetricFamily:
        return CounterMetricFamily(f"{self._prefix}_{name}", text, labels=[label])


def _count(counts: dict[str, int], names: Iterable[str]) -> None:
    """Count what is known: a name may be a service's, or the policy's before this one."""
    for name in names:
        if name in counts:
            counts[name] += 1


def mode_gauge(prefix: str, registry: CollectorRegistry) -> Gauge:
    """Return a gauge that is 1 in active mode; the caller sets its function."""
    return Gauge(f"{prefix}_mode_active", "1 in active mode, 0 in shadow.", registry=registry)


def is_active(mode: Mode) -> float:
    """Return the gauge's value for a mode."""
    return 1.0 if mode is Mode.ACTIVE else 0.0
