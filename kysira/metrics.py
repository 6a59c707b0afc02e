"""Prometheus metrics of a front-end; names and labels are the deployment guide's."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

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


class GuardMetrics:
    """Counts decisions under ``{prefix}_*``; every label value is there from the start."""

    def __init__(self, prefix: str, registry: CollectorRegistry) -> None:
        requests = Counter(
            f"{prefix}_requests",
            "Total requests processed by action.",
            ["action"],
            registry=registry,
        )
        durations = Histogram(
            f"{prefix}_request_duration_seconds",
            "Seconds a decision took, upstream time left out.",
            ["action"],
            buckets=BUCKETS_S,
            registry=registry,
        )
        uninspected = Counter(
            f"{prefix}_uninspected",
            "Requests not fully inspected, by reason.",
            ["reason"],
            registry=registry,
        )
        self._requests = {action: requests.labels(action.value) for action in Action}
        self._durations = {action: durations.labels(action.value) for action in Action}
        self._uninspected = {reason: uninspected.labels(reason.value) for reason in Uninspected}
        self._flagged = Counter(
            f"{prefix}_flagged", "Requests over the threshold, in either mode.", registry=registry
        )
        self._killed = Counter(
            f"{prefix}_killed", "Requests blocked in active mode.", registry=registry
        )
        self._errors = Counter(
            f"{prefix}_inference_errors", "Requests that could not be scored.", registry=registry
        )

    def observe(self, decision: Decision) -> None:
        """Count one decision."""
        action = decision.action
        self._requests[action].inc()
        self._durations[action].observe(decision.latency_s)
        if action is Action.ACTIVE_KILL or action is Action.SHADOW_KILL:
            self._flagged.inc()
            if action is Action.ACTIVE_KILL:
                self._killed.inc()
        elif action is Action.ERROR:
            self._errors.inc()
        for reason in decision.verdict.uninspected:
            self._uninspected[reason].inc()

    def count_unread(self, why: Uninspected) -> None:
        """Count a part of a request, otherwise counted already, that was not read."""
        self._uninspected[why].inc()


def mode_gauge(prefix: str, registry: CollectorRegistry) -> Gauge:
    """Return a gauge that is 1 in active mode; the caller sets its function."""
    return Gauge(f"{prefix}_mode_active", "1 in active mode, 0 in shadow.", registry=registry)


def is_active(mode: Mode) -> float:
    """Return the gauge's value for a mode."""
    return 1.0 if mode is Mode.ACTIVE else 0.0
