"""Asks the services everything that doctor wants to know of them, and changes nothing."""

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ctl.doctor.node import node, number, rows, text
from ctl.fleet.client import FleetClient, Reply, fleet_client
from ctl.fleet.open import Fleet
from ctl.fleet.target import Target
from kysira.settings import EngineSettings, GuardSettings, OnFailure
from kysira.types import Mode

RECENT = "/api/events/recent"
_SAMPLE = re.compile(r"(kysira_\w+?)(?:\{(.*)\})? (\S+)(?: \d+)?")


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """What one service said."""

    health: Reply
    mode: Reply
    metrics: Reply
    policy: Reply
    """``/_kysira/policy``, asked with our token; older services have none."""
    events: Reply
    """The last events, asked with our token."""
    stranger: Reply
    """The same, asked without one."""

    @property
    def target(self) -> Target:
        """Return which service it is."""
        return self.health.target

    @property
    def name(self) -> str:
        """Return what tables call it."""
        return self.health.target.name

    @property
    def is_front_end(self) -> bool:
        """Return True when it answers as a front-end of Kysira does."""
        service = text(self.health.body, "service")
        has_mode = text(self.health.body, "mode") in set(Mode)
        return self.health.is_ok and service.startswith("kysira-") and has_mode

    def samples(self, suffix: str) -> Mapping[str, float]:
        """Return the metrics whose name ends so: labels, as written → value."""
        written = self.metrics.body if isinstance(self.metrics.body, str) else ""
        return {label: value for name, label, value in _samples(written) if name.endswith(suffix)}

    def total(self, suffix: str) -> float:
        """Return the sum of the metrics whose name ends so."""
        return sum(self.samples(suffix).values())


def _samples(written: str) -> Iterator[tuple[str, str, float]]:
    for line in written.splitlines():
        match = _SAMPLE.fullmatch(line)
        if match:
            try:
                yield match[1], match[2] or "", float(match[3])
            except ValueError:
                continue


@dataclass(frozen=True, slots=True)
class Limits:
    """What of the policy Envoy must fit; the strictest of all services."""

    on_failure: OnFailure | None = None
    """None where no service could be asked."""
    timeout_s: float = GuardSettings().timeout_ms / 1000
    max_body_bytes: int = EngineSettings().max_body_bytes

    @property
    def is_known(self) -> bool:
        """Return False where these are defaults, as the policy could not be read."""
        return self.on_failure is not None

    @property
    def source(self) -> str:
        """Return whose numbers these are, for people."""
        return "the policy's" if self.is_known else "the default"


async def service_facts(fleet: Fleet, timeout_s: float, *, has_token: bool) -> list[ServiceFacts]:
    """Return what every service says."""
    async with fleet_client("", timeout_s) as stranger:
        asked = (_facts(fleet.client, stranger, each, has_token) for each in fleet.targets)
        return list(await asyncio.gather(*asked))


async def _facts(
    client: FleetClient, stranger: FleetClient, target: Target, has_token: bool
) -> ServiceFacts:
    paths = ("/_kysira/health", "/api/mode", "/metrics", "/_kysira/policy")
    health, mode, metrics, policy, without = await asyncio.gather(
        *(client.ask(target, path) for path in paths), stranger.ask(target, RECENT)
    )
    events = await client.ask(target, RECENT) if has_token else without
    return ServiceFacts(health, mode, metrics, policy, events, without)


def limits(services: Iterable[ServiceFacts]) -> Limits:
    """Return what the services' policies, where they can be read, ask of Envoy."""
    told = [node(each.policy.body, "policy") for each in services if each.policy.is_ok]
    policies = [each for each in told if each]
    if not policies:
        return Limits()
    known = Limits()
    failures = [text(part, "on_failure") for each in policies for part in (each, *_routes(each))]
    return Limits(
        OnFailure.CLOSED if OnFailure.CLOSED in failures else OnFailure.OPEN,
        max(number(p, "timeout_ms", default=known.timeout_s * 1000) / 1000 for p in policies),
        int(max(number(p, "max_body_bytes", default=known.max_body_bytes) for p in policies)),
    )


def _routes(policy: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return rows(policy, "routes")
