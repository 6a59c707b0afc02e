"""Prometheus metrics of the inference service."""

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CollectorRegistry, Counter, Histogram

from kysira.metrics import BUCKETS_S
from kysira.types import ScoreOptions, Uninspected, Verdict

PREFIX = "kysira_inference"
OTHER = "other"
"""The endpoint of a request that no route takes, so that clients can't invent labels."""


def endpoint(request: web.Request) -> str:
    """Return the route's path as declared, e.g. ``/score/{detector}``."""
    resource = request.match_info.route.resource
    return OTHER if resource is None else resource.canonical


class ServiceMetrics:
    """Counts requests and verdicts under ``kysira_inference_*``."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            f"{PREFIX}_requests", "Requests by endpoint and HTTP status.",
            ["endpoint", "status"], registry=registry,
        )  # fmt: skip
        self._durations = Histogram(
            f"{PREFIX}_request_duration_seconds",
            "Seconds from a scoring request's last byte to its verdict.",
            ["endpoint"], buckets=BUCKETS_S, registry=registry,
        )  # fmt: skip
        self._flagged = Counter(
            f"{PREFIX}_flagged", "Findings over their detector's threshold.",
            ["detector"], registry=registry,
        )  # fmt: skip
        uninspected = Counter(
            f"{PREFIX}_uninspected", "Requests not fully inspected, by reason.",
            ["reason"], registry=registry,
        )  # fmt: skip
        self._uninspected = {reason: uninspected.labels(reason.value) for reason in Uninspected}

    @web.middleware
    async def count(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Count a request, whatever the answer."""
        response = await handler(request)
        self._requests.labels(endpoint(request), str(response.status)).inc()
        return response

    def observe(self, endpoint: str, seconds: float) -> None:
        """Note how long a verdict took."""
        self._durations.labels(endpoint).observe(seconds)

    def count_verdict(self, verdict: Verdict, options: ScoreOptions) -> None:
        """Count what was found and what was left unread."""
        for finding in verdict.findings:
            if finding.score >= options.threshold_of(finding.detector):
                self._flagged.labels(finding.detector).inc()
        for reason in verdict.uninspected:
            self.count_uninspected(reason)

    def count_uninspected(self, reason: Uninspected) -> None:
        """Count a request that was not scored, or not in full."""
        self._uninspected[reason].inc()
