"""Services to set the mode of: Kysira's own management paths, and faults on demand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from ctl.fleet.client import FleetClient, fleet_client
from ctl.fleet.options import Which
from ctl.fleet.target import Target, read_target
from kysira.management import Management, ManagementAccess
from kysira.metrics import new_registry
from kysira.mode_store import ModeStore
from kysira.serving import start_http
from kysira.types import Mode

Fault = Callable[[web.Request], Awaitable[web.StreamResponse | None]]
"""Answers in the service's place, or None to let it answer."""


async def hang(_: web.Request) -> web.StreamResponse | None:
    """Be the fault of a service that does not answer."""
    await asyncio.Event().wait()
    return None


def on_post(fault: Fault, *, first: int = 1) -> Fault:
    """Return the fault of the ``first`` POST and those after it."""
    seen = 0

    async def maybe(request: web.Request) -> web.StreamResponse | None:
        nonlocal seen
        seen += request.method == "POST"
        return await fault(request) if request.method == "POST" and seen >= first else None

    return maybe


@dataclass
class Service:
    """A running service."""

    modes: ModeStore
    target: Target = field(default_factory=lambda: Target("", ""))
    fault: Fault | None = None
    posted: list[Any] = field(default_factory=list)
    """The bodies of the flips that it was asked for."""
    answers: dict[str, Any] = field(default_factory=dict)
    """Path → JSON, of paths that are not the mode's."""

    @property
    def state(self) -> tuple[str, bool]:
        """Return the mode in force, and whether it ends by itself."""
        return self.modes.mode.value, self.modes.expires_at is not None

    @web.middleware
    async def _intercept(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if request.method == "POST":
            self.posted.append(await request.json())
        answer = await self.fault(request) if self.fault else None
        if answer is None and request.path in self.answers:
            answer = web.json_response(self.answers[request.path])
        return await handler(request) if answer is None else answer

    def app(self) -> web.Application:
        """Return what it serves."""
        app = web.Application(middlewares=[self._intercept])
        own = Management(
            self.modes, ManagementAccess(), new_registry(),
            lambda: {"mode": self.modes.mode, "policy": "abc123"},
        )  # fmt: skip
        app.add_routes(own.routes())
        return app


@asynccontextmanager
async def services(
    folder: Path, count: int = 3, mode: Mode = Mode.SHADOW
) -> AsyncIterator[Sequence[Service]]:
    """Run services that are configured to a mode."""
    async with AsyncExitStack() as held:
        made = []
        for number in range(count):
            service = Service(ModeStore(mode, folder / str(number)))
            server = await start_http(service.app(), "127.0.0.1", 0, drain_s=0)
            held.push_async_callback(server.close)
            service.target = Target(server.url.removeprefix("http://"), server.url)
            made.append(service)
        yield made


def which(made: Sequence[Service], timeout_s: float = 5.0) -> Which:
    """Return what names these services."""
    spoken = tuple(read_target(service.target.name) for service in made)
    return Which(spoken, "", "", "", "", timeout_s)


@asynccontextmanager
async def client(timeout_s: float = 5.0) -> AsyncIterator[FleetClient]:
    """Hold a client without a token."""
    async with fleet_client("", timeout_s) as made:
        yield made
