"""What every front-end is built from: settings → scorer, guard, events, management paths."""

import asyncio
import dataclasses
import gc
import logging
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Gauge

from kysira.client_address import ClientAddress
from kysira.events.log import EventLog
from kysira.events.metrics import EventMetrics
from kysira.events.settings import EventSettings, SinkKind
from kysira.events.sinks import open_sinks
from kysira.events.stream import EventStream
from kysira.guard import Guard
from kysira.management import Answer, Management, ManagementAccess
from kysira.metrics import GuardMetrics, is_active, mode_gauge, new_registry
from kysira.mode_store import ModeStore
from kysira.pending import PendingScorer
from kysira.policy import Policy
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


@dataclasses.dataclass(frozen=True, kw_only=True)
class FrontEndSettings(ServiceSettings, GuardSettings, EngineSettings, EventSettings):
    """What every front-end is told."""

    @property
    def policy(self) -> Policy:
        """Return what is done with verdicts."""
        return Policy(
            options=ScoreOptions(
                threshold=self.score_threshold, disabled=frozenset(self.disabled_detectors)
            ),
            max_body_bytes=self.max_body_bytes,
            on_oversize=self.on_oversize,
            on_failure=self.on_failure,
            timeout_s=self.timeout_ms / 1000,
        )


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
    state: Path
    """The folder for what outlives a restart."""
    _scorer: PendingScorer
    _events: EventLog
    _stream: EventStream

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

    async def end_streams(self) -> None:
        """End the event streams of all readers: they would hold up the end of the service."""
        await self._stream.close()

    def management(self, more: Mapping[str, Mapping[str, Answer]] | None = None) -> Management:
        """Return the management paths, with those of the event stream and ``more``."""
        answers = {**self._stream.answers(), **(more or {})}
        return Management(self.modes, self.access, self.registry, self.health, answers)

    def health(self) -> dict[str, Any]:
        """Return what health says of every front-end."""
        status = "degraded" if self._scorer.is_failing else "ok"
        return {
            "service": self.kind.service,
            "status": status if self._scorer.is_ready else "loading",
            "mode": self.modes.mode.value,
            "threshold": self.settings.score_threshold,
            "inference": self._scorer.description,
        }


@asynccontextmanager
async def front_end(settings: FrontEndSettings, kind: Kind, port: int) -> AsyncIterator[FrontEnd]:
    """Build the parts, and close them at the end: nothing recorded is lost.

    ``port`` is the one that is listened on: each has a state folder of its own. Raises
    SettingsError.
    """
    registry = new_registry()
    scorer = PendingScorer()
    state = state_folder(settings.data_dir, kind.name, port)
    modes = ModeStore(settings.mode, state)
    events = EventLog(kind.name, settings.policy.hash, open_sinks(settings, state), folder=state)
    access = ManagementAccess(admin_token(settings.admin_token_file))
    stream = EventStream(events, access)
    guard = Guard(scorer, settings.policy, modes, GuardMetrics(kind.metrics, registry), events)
    mode_gauge(kind.metrics, registry).set_function(lambda: is_active(modes.mode))
    _failures(kind.metrics, registry, modes)
    EventMetrics(kind.metrics, registry, events)
    await events.start()
    try:
        yield FrontEnd(
            kind, settings, registry, guard, modes, access,
            ClientAddress(settings.trusted_proxies, settings.client_address_headers), state,
            scorer, events, stream,
        )  # fmt: skip
    finally:
        await scorer.close()
        await events.close()


def _failures(prefix: str, registry: CollectorRegistry, modes: ModeStore) -> None:
    gauge = Gauge(
        f"{prefix}_state_write_failures", "Mode flips that could not be saved.", registry=registry
    )
    gauge.set_function(lambda: modes.write_failures)
