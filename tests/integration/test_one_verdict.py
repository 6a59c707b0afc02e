"""The same request gets the same verdict wherever it enters.

That is through Envoy with ext_proc, Envoy with ext_authz, the proxy, and nginx with njs.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from ctl.nginx.options import NginxOptions, Via
from tests.app import App
from tests.envoy import Envoy, rendered
from tests.integration.contour import contour
from tests.integration.nginx_stack import placed
from tests.integration.proxy import COMMAND
from tests.integration.same_requests import Named, same_requests, send
from tests.integration.stack import CLUSTER
from tests.management import set_mode
from tests.nginx import Adapter, Nginx
from tests.nginx import rendered as rendered_nginx
from tests.processes import ExtProc, Program

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]
# Nobody may be late on a busy machine, and no model busy: what is compared are verdicts.
PATIENT = {
    "KYSIRA_TIMEOUT_MS": "60000", "KYSIRA_SQLI_MODEL": "none", "KYSIRA_PI_MODEL": "none",
    "KYSIRA_SINKS": "none",
}  # fmt: skip
TOLD = ("x-kysira-score", "x-kysira-reason", "x-kysira-mode", "x-kysira-would-have-killed")
COMPARED = (
    "score", "reason", "detector", "mode", "action", "threshold", "breakdown", "findings",
    "uninspected", "policy", "method", "path", "query",
)  # fmt: skip
"""Of an event, what must be equal: all but id, time, front-end and addresses."""
LEAST = 200
MOST_REFUSED = 20


@dataclass
class Way:
    """One way in: where requests enter, and where its events are told."""

    name: str
    port: int
    management: str
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By id."""


@dataclass
class Ways:
    """The four ways to one app."""

    app: App
    ways: list[Way]
    client: aiohttp.ClientSession

    async def follow(self) -> None:
        """Begin to collect every way's events."""
        self._readers = [asyncio.create_task(_read(self.client, way)) for way in self.ways]

    async def event(self, way: Way, event_id: str) -> dict[str, Any]:
        """Return the event once it has been told."""
        async with asyncio.timeout(30):
            while event_id not in way.events:
                await asyncio.sleep(0.02)
        return way.events[event_id]


async def _read(client: aiohttp.ClientSession, way: Way) -> None:
    timeout = aiohttp.ClientTimeout(total=None)
    async with client.get(f"{way.management}/api/events", timeout=timeout) as stream:
        async for line in stream.content:
            if line.startswith(b"data: "):
                event = json.loads(line[6:])
                way.events[event["id"]] = event


@asynccontextmanager
async def all_ways(folder: Path) -> AsyncIterator[Ways]:
    """Run everything."""
    app = App()
    await app.start()
    with ExitStack() as programs:
        ext_proc = programs.enter_context(ExtProc(folder / "ext-proc", **PATIENT))
        config = rendered(app.url, ext_proc.grpc, "--message-timeout", "60s")
        envoy = programs.enter_context(Envoy(config, folder))
        envoy.wait_until_healthy(CLUSTER)
        # Contour's normalised paths would be other requests.
        as_sent = {"NORMALIZE_PATH": "false", "MERGE_SLASHES": "false"}
        (folder / "authz").mkdir()
        authz = programs.enter_context(
            Envoy(contour(app.url, ext_proc.grpc, **as_sent), folder / "authz")
        )
        adapter = programs.enter_context(Adapter(folder / "adapter", **PATIENT))
        options = placed(NginxOptions(via=Via.NJS, check_timeout=60.0), app.url, adapter)
        nginx = programs.enter_context(Nginx(rendered_nginx(options), folder))
        env = {
            **PATIENT, "KYSIRA_DATA_DIR": str(folder / "proxy"), "KYSIRA_PROXY_PORT": "0",
            "TARGET_URL": app.url,
        }  # fmt: skip
        proxy = programs.enter_context(Program(COMMAND, env=env))
        address = proxy.wait_for(r"listening http=(\S+)")[1]
        async with aiohttp.ClientSession() as client:
            yield Ways(
                app,
                [
                    Way("ext-proc", envoy.port, f"http://{ext_proc.http}"),
                    Way("ext-authz", authz.port, f"http://{ext_proc.http}"),
                    Way("proxy", int(address.rpartition(":")[2]), f"http://{address}"),
                    Way("nginx", nginx.port, f"http://{adapter.address}"),
                ],
                client,
            )
    await app.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ways(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ways]:
    """Return all four, followed."""
    async with all_ways(tmp_path_factory.mktemp("ways")) as made:
        await made.follow()
        yield made


REQUESTS = same_requests()


@dataclass
class Seen:
    """What became of one request on one way, but for its event, which is told later."""

    status: int
    told: dict[str, str]
    """What the app, or a refused client, was told."""
    event_id: str


async def fate(ways: Ways, way: Way, named: Named) -> Seen | None:
    """Send the request one way; None when a server on it refused to read it at all."""
    before = len(ways.app.received)
    answer = await send(way.port, named)
    told = answer.headers
    if len(ways.app.received) > before:
        assert answer.status == 200, (way.name, named.name)
        received = ways.app.received[-1]
        assert received.body == named.request.body, (way.name, named.name)
        told = received.headers
    if "x-kysira-event-id" not in told:
        # Nothing passes that was not scored.
        assert 400 <= answer.status < 500, (way.name, named.name, answer)
        return None
    # nginx sends no empty header.
    return Seen(answer.status, {n: told.get(n, "") for n in TOLD}, told["x-kysira-event-id"])


async def difference(ways: Ways, named: Named, fates: list[Seen]) -> str:
    """Return in what the request fared differently, "" when it did in nothing."""
    rows = []
    for way, seen in zip(ways.ways, fates, strict=True):
        event = await ways.event(way, seen.event_id)
        told = {"status": seen.status, **seen.told}
        rows.append({**told, **{name: event[name] for name in COMPARED}})
    differing = [name for name in rows[0] if any(row[name] != rows[0][name] for row in rows)]
    if not differing:
        return ""
    names = [way.name for way in ways.ways]
    parts = (f"{name}: " + json.dumps([row[name] for row in rows]) for name in differing)
    return f"{named.name} ({', '.join(names)}): " + "; ".join(parts)


@pytest.mark.parametrize("mode", ["shadow", "active"])
async def test_verdict_is_the_same_everywhere(ways: Ways, mode: str) -> None:
    """Equal scores, reasons, findings, decisions and events on every way, in both modes."""
    for way in ways.ways:
        await set_mode(ways.client, way.management, mode)
    taken: list[tuple[Named, list[Seen]]] = []
    refused: list[str] = []
    for named in REQUESTS:
        fates = [await fate(ways, way, named) for way in ways.ways]
        seen = [each for each in fates if each]
        if len(seen) == len(fates):
            taken.append((named, seen))
        else:
            ends = [each and each.status for each in fates]
            refused.append(f"{named.name}: {ends}")
    found = [await difference(ways, named, seen) for named, seen in taken]
    assert list(filter(None, found)) == []
    assert len(taken) >= LEAST
    # Servers may refuse odd requests by themselves, each in its own way; few are that odd.
    assert len(refused) <= MOST_REFUSED, refused
