"""What one service says of itself: health, mode and metrics, read into one row."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ctl.fleet.client import FleetClient, Reply
from ctl.fleet.target import Target
from kysira.types import Action

HEALTH = "/_kysira/health"
_OK = "ok"
_PREFIX = re.compile(r"(kysira(?:_[a-z]+)?)_requests")


@dataclass(frozen=True, slots=True)
class Service:
    """One row: what could not be asked is "" or None."""

    target: str
    error: str = ""
    """Why nothing is known of it."""
    service: str = ""
    status: str = ""
    mode: str = ""
    until: str = ""
    """When the mode goes back by itself."""
    policy: str = ""
    policy_error: str = ""
    """Why the policy on disk is not the one in force."""
    detectors: Mapping[str, int] = field(default_factory=dict)
    """``model`` and ``regex`` → how many."""
    requests: int | None = None
    flagged: int | None = None
    killed: int | None = None
    errors: int | None = None
    uninspected: Mapping[str, int] = field(default_factory=dict)
    """Reason → requests, of those that there are."""
    dropped: int | None = None
    """Events that were lost."""

    @property
    def is_degraded(self) -> bool:
        """Return True when it answers, but is not as it should be."""
        return not self.error and (self.status != _OK or bool(self.policy_error))

    def as_json(self) -> dict[str, Any]:
        """Return the row for programs."""
        return asdict(self)


async def ask_service(client: FleetClient, target: Target) -> Service:
    """Return what a service says of itself; one that does not answer is a row too."""
    health = await client.ask(target, HEALTH)
    if not isinstance(health.body, dict) or not health.is_ok:
        return Service(target.name, error=health.error or "answered something that is no health")
    mode = await client.ask(target, "/api/mode")
    metrics = await client.ask(target, "/metrics")
    return service(target.name, health.body, mode, metrics)


def service(name: str, health: Mapping[str, Any], mode: Reply, metrics: Reply) -> Service:
    """Return the row of what was answered."""
    told = mode.body if isinstance(mode.body, dict) and mode.is_ok else {}
    text = metrics.body if isinstance(metrics.body, str) and metrics.is_ok else ""
    backings = health.get("detectors")
    kinds = list(backings.values()) if isinstance(backings, dict) else []
    return Service(
        target=name,
        service=str(health.get("service", "")),
        status=str(health.get("status", "")),
        mode=str(told.get("mode") or health.get("mode") or ""),
        until=str(told.get("expires_at", "")),
        policy=str(health.get("policy", "")),
        policy_error=str(health.get("policy_error", "")),
        detectors={kind: kinds.count(kind) for kind in ("model", "regex")} if kinds else {},
        **_numbers(text),
    )


def _numbers(text: str) -> dict[str, Any]:
    """Return the counters of a front-end in Prometheus' text format."""
    families = _families(text)
    prefix = next((match[1] for name in families if (match := _PREFIX.fullmatch(name))), None)
    if prefix is None:
        return {}
    by_action = families[f"{prefix}_requests"]
    killed = by_action.get(Action.ACTIVE_KILL, 0)
    uninspected = families.get(f"{prefix}_uninspected", {})
    return {
        "requests": sum(by_action.values()),
        "flagged": killed + by_action.get(Action.SHADOW_KILL, 0),
        "killed": killed,
        "errors": by_action.get(Action.ERROR, 0),
        "uninspected": {reason: count for reason, count in uninspected.items() if count},
        "dropped": sum(families.get(f"{prefix}_events_dropped", {}).values()),
    }


def _families(text: str) -> dict[str, dict[str, int]]:
    """Return each counter's values by their label, {} for what is no metrics."""
    from prometheus_client.parser import text_string_to_metric_families  # noqa: PLC0415

    families: dict[str, dict[str, int]] = {}
    try:
        for family in text_string_to_metric_families(text):
            if family.type == "counter":
                families[family.name] = {
                    next(iter(sample.labels.values()), ""): int(sample.value)
                    for sample in family.samples
                    if sample.name.endswith("_total")
                }
    except (ValueError, OverflowError, KeyError, IndexError):  # as the parser puts it
        return {}
    return families
