"""What every front-end is built from: settings → scorer, guard, events, management paths."""

import asyncio
import dataclasses
import gc
import logging
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge

from kysira import __version__
from kysira.client_address import ClientAddress
from kysira.events.log import EventLog
from kysira.events.metrics import EventMetrics
from kysira.events.settings import EventSettings, SinkKind
from kysira.events.sinks import open_sinks
from kysira.events.stream import EventStream
from kysira.guard import Guard
from kysira.management import OWN_FOLDER, Answer, Management, ManagementAccess, readable
from kysira.metrics import GuardMetrics, is_active, mode_gauge, new_registry
from kysira.mode_store import ModeStore
from kysira.pending import PendingScorer
from kysira.policy import Policy
from kysira.policy_answer import PolicyAnswer
from kysira.policy_metrics import PolicyMetrics
from kysira.policy_source import Apply, PolicySource
from kysira.scorer import HttpScorer, Scorer
from kysira.settings import (
    EngineSettings,
    GuardSettings,
    ServiceSettings,
    admin_token,
    state_folder,
)
from kysira.types import ScoreOptions

log = logging.getLogger(__name__)
READY_PATH = f"{OWN_FOLDER}ready"


@dataclasses.dataclass(frozen=True, kw_only=True)
class FrontEndSettings(ServiceSettings, GuardSettings, EngineSettings, EventSettings):
    """What every front-end is told."""

    @property
    def stated_policy(self) -> Policy:
        """Return what the settings alone say of the policy."""
        return Policy(
            options=ScoreOptions(
                threshold=self.score_threshold, disabled=frozenset(self.disabled_detectors)
            ),
            max_body_bytes=self.max_body_bytes,
            on_oversize=self.on_oversize,
            on_failure=self.on_failure,
            timeout_s=self.timeout_ms / 1000,
            mode=self.mode,
            trusted_proxies=self.trusted_proxies,
            client_address_headers=self.client_address_headers,
        )

    @property
    def over_file(self) -> dict[str, Any]:
        """Return what options and variables say; what of it is a policy's beats a policy file."""
        return {name: getattr(self, name) for name in self.given}


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """Which front-end it is."""

    service: str
    """The program's name, e.g. ``kysira-proxy``."""
    name: str
    """What its events and its state folder are called by, e.g. ``proxy``."""
    metrics: str
    """What the names of its metrics begin with."""


@dataclasses.dataclass(frozen=True, slots=True)
class FrontEnd:
    """The parts of a running front-end."""

    kind: Kind
    settings: FrontEndSettings
    registry: CollectorRegistry
    guard: Guard
    modes: ModeStore
    access: ManagementAccess
    clients: ClientAddress
    policies: PolicySource
    state: Path
    """The folder for what outlives a restart."""
    _scorer: PendingScorer
    _events: EventLog
    _stream: EventStream
    _metrics: GuardMetrics
    _draining: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)

    async def load(self, engine: Callable[[], Scorer]) -> None:
        """Get ready to score: in this process with what ``engine`` returns, unless a URL is set."""
        if self.settings.inference_url:
            self._scorer.ready(HttpScorer(self.settings.inference_url))
        else:
            self._scorer.ready(await asyncio.to_thread(engine))
        # Keep the garbage collector off what lives as long as the process, the detectors above all.
        gc.collect()
        gc.freeze()

    def announce(self, where: str) -> None:
        """Say that requests are served, and how; events have standard output for themselves."""
        sinks = ",".join(self.settings.sinks) or "none"
        stream = sys.stderr if SinkKind.STDOUT in self.settings.sinks else sys.stdout
        print(
            f"{self.kind.service} listening {where} mode={self.modes.mode} sinks={sinks}",
            file=stream, flush=True,
        )  # fmt: skip

    def drain(self) -> None:
        """Say from now on that no more requests are wanted; those that come are served."""
        self._draining.set()

    async def end_streams(self) -> None:
        """End the event streams of all readers: they would hold up the end of the service."""
        await self._stream.close()

    def management(self, more: Mapping[str, Mapping[str, Answer]] | None = None) -> Management:
        """Return the management paths, with those of the event stream and ``more``."""
        policy = PolicyAnswer(self.policies, self.modes, self._metrics, self.access)
        ready = {READY_PATH: readable(self._get_ready)}
        answers = {**ready, **self._stream.answers(), **policy.answers(), **(more or {})}
        return Management(self.modes, self.access, self.registry, self.health, answers)

    async def _get_ready(self, _: web.BaseRequest) -> web.StreamResponse:
        """Answer whether requests should come here, by the status alone.

        A remote engine that fails makes no front-end unready: all would be at once, and on_failure
        says what becomes of requests then.
        """
        status = "ready" if self._scorer.is_ready else "loading"
        status = "draining" if self._draining.is_set() else status
        return web.json_response({"status": status}, status=200 if status == "ready" else 503)

    def health(self) -> dict[str, Any]:
        """Return what health says of every front-end."""
        status = "degraded" if self._scorer.is_failing else "ok"
        policy, error = self.policies.policy, self.policies.complaint
        disabled = policy.options.disabled
        backings = self._scorer.detectors.items()
        detectors = {slug: backing for slug, backing in backings if slug not in disabled}
        return {
            "service": self.kind.service,
            "version": __version__,
            "status": status if self._scorer.is_ready else "loading",
            "mode": self.modes.mode.value,
            "threshold": policy.options.threshold,
            "inference": self._scorer.description,
            "policy": policy.hash,
            **({"policy_error": error} if error else {}),
            **({"detectors": detectors} if detectors else {}),
        }


@asynccontextmanager
async def front_end(settings: FrontEndSettings, kind: Kind, port: int) -> AsyncIterator[FrontEnd]:
    """Build the parts, and close them at the end: nothing recorded is lost.

    ``port`` is the one that is listened on: each has a state folder of its own. Raises
    SettingsError, and PolicyError for a policy file that is broken from the start.
    """
    source = PolicySource(settings.policy, settings.stated_policy, settings.over_file)
    policy = source.policy
    registry = new_registry()
    scorer = PendingScorer()
    state = state_folder(settings.data_dir, kind.name, port)
    modes = ModeStore(policy.mode, state)
    events = EventLog(kind.name, policy.hash, open_sinks(settings, state), folder=state)
    access = ManagementAccess(admin_token(settings.admin_token_file))
    stream = EventStream(events, access)
    metrics = GuardMetrics(kind.metrics, registry)
    guard = Guard(scorer, policy, modes, metrics, events)
    clients = ClientAddress(policy.trusted_proxies, policy.client_address_headers)
    PolicyMetrics(kind.metrics, registry, source)
    mode_gauge(kind.metrics, registry).set_function(lambda: is_active(modes.mode))
    _failures(kind.metrics, registry, modes)
    EventMetrics(kind.metrics, registry, events)
    await events.start()

    async def apply(policy: Policy) -> None:
        # At once, as nothing is awaited before the end: no request gets some of each policy.
        guard.use(policy)
        clients.believe(policy.trusted_proxies, policy.client_address_headers)
        events.policy = policy.hash
        await modes.configure(policy.mode)

    try:
        async with _watching(source, apply):
            yield FrontEnd(
                kind, settings, registry, guard, modes, access, clients, source, state, scorer,
                events, stream, metrics,
            )  # fmt: skip
    finally:
        await scorer.close()
        await events.close()


@asynccontextmanager
async def _watching(source: PolicySource, apply: Apply) -> AsyncIterator[None]:
    """Have a policy file's changes applied: within a second or two, or at once on SIGHUP."""
    if source.path is None:
        yield
        return
    loop = asyncio.get_running_loop()
    with suppress(ValueError, RuntimeError):  # only a main thread has signals
        loop.add_signal_handler(signal.SIGHUP, source.reload)
    task = asyncio.create_task(source.run(apply), name="policy")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        with suppress(ValueError, RuntimeError):
            loop.remove_signal_handler(signal.SIGHUP)


def _failures(prefix: str, registry: CollectorRegistry, modes: ModeStore) -> None:
    gauge = Gauge(
        f"{prefix}_state_write_failures", "Mode flips that could not be saved.", registry=registry
    )
    gauge.set_function(lambda: modes.write_failures)
