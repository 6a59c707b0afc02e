"""kysira-proxy in front of the app: what a user runs who has no other proxy."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.app import App
from tests.management import read_metrics, set_mode
from tests.processes import Program

COMMAND = [sys.executable, "-c", "from adapter.__main__ import proxy; proxy()"]
ENV = {"KYSIRA_SQLI_MODEL": "none", "KYSIRA_PI_MODEL": "none", "KYSIRA_PROXY_PORT": "0"}


@dataclass
class ProxyStack:
    """A running app, the proxy before it, and a client."""

    app: App
    program: Program
    url: str
    admin: str
    """Where the management paths are."""
    client: aiohttp.ClientSession

    @property
    def port(self) -> int:
        """Return the traffic port."""
        return int(self.url.rpartition(":")[2])

    async def set_mode(self, mode: str) -> None:
        """Flip the mode over the management API."""
        await set_mode(self.client, self.admin, mode)

    async def metrics(self) -> dict[str, float]:
        """Return the metrics: name with labels → value."""
        return await read_metrics(self.client, self.admin)


@asynccontextmanager
async def running_proxy(folder: Path, **settings: str) -> AsyncIterator[ProxyStack]:
    """Run an app and a proxy before it; ``settings`` are environment variables."""
    app = App()
    await app.start()
    try:
        env = {**ENV, "KYSIRA_DATA_DIR": str(folder), "TARGET_URL": app.url, **settings}
        with Program(COMMAND, env=env) as program:
            line = (await asyncio.to_thread(program.wait_for, r"listening .*")).string
            found = dict(re.findall(r"(https?|admin)=(\S+)", line))
            url = next(f"{name}://{found[name]}" for name in ("http", "https") if name in found)
            admin = f"http://{found['admin']}" if "admin" in found else url
            async with aiohttp.ClientSession() as client:
                yield ProxyStack(app, program, url, admin, client)
    finally:
        await app.stop()
