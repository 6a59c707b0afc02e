"""App, adapter and nginx together, the nginx configuration as rendered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp

from ctl.envoy.options import read_address, read_target
from ctl.nginx.options import NginxOptions
from tests.app import App
from tests.management import read_metrics
from tests.nginx import Adapter, Nginx, rendered

SQLI = "' UNION SELECT password FROM users--"
SCORE = "x-kysira-score"


@dataclass
class NginxStack:
    """A running data path and a client for it."""

    app: App
    adapter: Adapter
    nginx: Nginx
    client: aiohttp.ClientSession

    @property
    def url(self) -> str:
        """Return where clients send requests."""
        return self.nginx.url

    @property
    def management(self) -> str:
        """Return where the adapter is managed."""
        return f"http://{self.adapter.address}"

    async def until_scored(self) -> None:
        """Bring the adapter back, and return once a request is scored again."""
        await asyncio.to_thread(self.adapter.revive)
        async with asyncio.timeout(30):
            while True:
                async with self.client.get(f"{self.url}/again") as answer:
                    is_here = answer.status == 200
                if is_here and SCORE in self.app.received[-1].headers:
                    return
                await asyncio.sleep(0.05)

    async def events(self, count: int) -> list[dict[str, Any]]:
        """Return the adapter's events once there are as many: they are told a moment later."""
        async with asyncio.timeout(20):
            while True:
                async with self.client.get(f"{self.management}/api/events/recent") as answer:
                    rows: list[dict[str, Any]] = await answer.json()
                if len(rows) >= count:
                    return rows
                await asyncio.sleep(0.02)

    async def metrics(self) -> dict[str, float]:
        """Return the adapter's metrics: name with labels → value."""
        return await read_metrics(self.client, self.management)


def start_adapter(folder: Path, mode: str, **settings: str) -> Adapter:
    """Return a running adapter that has rules alone."""
    rules = {"KYSIRA_SQLI_MODEL": "none", "KYSIRA_PI_MODEL": "none"}
    return Adapter(folder / "state", KYSIRA_MODE=mode, **rules, **settings)


def placed(options: NginxOptions, app_url: str, adapter: Adapter) -> NginxOptions:
    """Return the options with the addresses of this app and adapter, the first of several."""
    adapters = (read_address(adapter.address), *options.adapters[1:])
    return replace(options, target=read_target(app_url), adapters=adapters)


@asynccontextmanager
async def running(
    folder: Path,
    options: NginxOptions,
    *,
    mode: str = "active",
    more: str = "",
    edits: dict[str, str] | None = None,
    **settings: str,
) -> AsyncIterator[NginxStack]:
    """Run everything; ``settings`` are the adapter's environment variables."""
    app = App()
    await app.start()
    try:
        with start_adapter(folder, mode, **settings) as adapter:
            files = rendered(placed(options, app.url, adapter), more=more, edits=edits)
            with Nginx(files, folder, is_tls=bool(options.tls_cert)) as nginx:
                async with aiohttp.ClientSession() as client:
                    yield NginxStack(app, adapter, nginx, client)
    finally:
        await app.stop()
