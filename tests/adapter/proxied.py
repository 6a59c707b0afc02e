"""A proxy in this process, between raw sockets, with a scorer that does as it is told."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry

from adapter.frontends.reverse_proxy import ReverseProxy
from adapter.proxy.faults import Faults
from adapter.proxy.limits import Limits
from adapter.proxy.pool import Pool
from adapter.proxy.server import ProxyServer
from adapter.proxy.target import Target, read_target
from kysira.client_address import ClientAddress, read_networks
from kysira.guard import Guard
from kysira.metrics import GuardMetrics
from kysira.mode_store import ModeStore
from kysira.policy import Policy
from kysira.serving import listen
from kysira.types import Decision, Finding, Mode, Request, ScoreOptions, Verdict
from tests.adapter.raw import RawApp

ATTACK = Verdict(
    0.98, "sqli:union", "sqli", {"sqli": 0.98},
    (Finding("sqli", 0.98, "sqli:union", "query:q"),),
)  # fmt: skip
EVENT_ID = "0190-event"


class Scorer:
    """Finds an attack wherever the word ``attack`` is, and keeps what it was asked."""

    description = "fake"
    is_failing = False

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.verdict: Verdict | None = None
        """What is said of every request, if there is something to say."""

    def score(self, request: Request, options: ScoreOptions) -> Verdict:
        """Look for the word."""
        self.asked.append(request)
        if self.verdict is not None:
            return self.verdict
        is_attack = b"attack" in request.target or b"attack" in request.body
        return ATTACK if is_attack else Verdict()

    async def close(self) -> None:
        """Do nothing."""


class Events:
    """Keeps what was told."""

    def __init__(self) -> None:
        self.told: list[tuple[Request, Decision]] = []

    def record(self, request: Request, decision: Decision, latency_s: float) -> str:
        """Keep it."""
        self.told.append((request, decision))
        return EVENT_ID


@dataclass
class Proxied:
    """A running proxy and what it is made of."""

    port: int
    scorer: Scorer
    events: Events
    server: ProxyServer
    pool: Pool


@asynccontextmanager
async def proxied(
    app: RawApp | Target,
    *,
    mode: Mode = Mode.SHADOW,
    policy: Policy | None = None,
    limits: Limits | None = None,
    trusted: str = "",
    tls: ssl.SSLContext | None = None,
    prefix: str = "",
    faults: Faults | None = None,
    most: int | None = None,
) -> AsyncIterator[Proxied]:
    """Run a proxy in front of the app."""
    limits = limits or Limits(drain_s=1.0)
    target = app
    if isinstance(app, RawApp):
        target = read_target(f"http://127.0.0.1:{app.port}{prefix}")
    assert isinstance(target, Target)
    scorer, events = Scorer(), Events()
    modes = ModeStore(mode, Path("/nonexistent"))
    metrics = GuardMetrics("kysira", CollectorRegistry())
    guard = Guard(scorer, policy or Policy(), modes, metrics, events)
    pool = Pool(target, limits)
    handler = ReverseProxy(guard, pool, ClientAddress(read_networks(trusted)))
    server = ProxyServer(handler, limits, tls, faults=faults, most=most)
    sock = listen("127.0.0.1", 0)
    await server.start(sock)
    try:
        yield Proxied(sock.getsockname()[1], scorer, events, server, pool)
    finally:
        await server.close()
        pool.close()


async def until_idle(proxy: Proxied) -> None:
    """Return when no client is connected."""
    async with asyncio.timeout(20):
        while proxy.server.open_connections:
            await asyncio.sleep(0.01)
