"""App, ext-proc and Envoy together: what a user runs."""

import asyncio
import string
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.app import App
from tests.envoy import Envoy, rendered
from tests.management import read_metrics, set_mode
from tests.processes import ExtProc

CLUSTER = "kysira_ext_proc"
GUIDE = Path(__file__).parents[1] / "data" / "envoy" / "guide.yaml"


@dataclass
class Stack:
    """A running data path and a client for it."""

    app: App
    ext_proc: ExtProc
    envoy: Envoy
    client: aiohttp.ClientSession

    @property
    def url(self) -> str:
        """Return where clients send requests."""
        return self.envoy.url

    async def set_mode(self, mode: str) -> None:
        """Flip the mode over the management API."""
        await set_mode(self.client, f"http://{self.ext_proc.http}", mode)

    async def until_scored(self) -> None:
        """Return once a request is scored again: Envoy tells nobody when it takes ext-proc back."""
        async with asyncio.timeout(20):
            while True:
                async with self.client.get(f"{self.url}/again") as answer:
                    if answer.status == 200 and self._is_scored("/again"):
                        return
                await asyncio.sleep(0.05)

    def _is_scored(self, target: str) -> bool:
        last = [seen for seen in self.app.received if seen.target == target][-1]
        return "x-kysira-score" in last.headers

    async def metrics(self) -> dict[str, float]:
        """Return ext-proc's metrics: name with labels → value."""
        return await read_metrics(self.client, f"http://{self.ext_proc.http}")


@asynccontextmanager
async def running(
    folder: Path, *options: str, config: dict[str, str] | None = None, **settings: str
) -> AsyncIterator[Stack]:
    """Run everything with rendered options, or with the guide's configuration filled in.

    ``settings`` are ext-proc's environment variables.
    """
    app = App()
    await app.start()
    try:
        with ExtProc(folder / "state", **settings) as ext_proc:
            text = (
                rendered(app.url, ext_proc.grpc, *options)
                if config is None
                else guide(app, ext_proc, config)
            )
            with Envoy(text, folder) as envoy:
                envoy.wait_until_healthy(CLUSTER)
                async with aiohttp.ClientSession() as client:
                    yield Stack(app, ext_proc, envoy, client)
    finally:
        await app.stop()


def guide(app: App, ext_proc: ExtProc, config: dict[str, str]) -> str:
    """Return the deployment guide's configuration with ports and the given values."""
    values = {
        "BUFFER": "65536",
        "FAILURE_MODE_ALLOW": "false",
        "OBSERVABILITY": "false",
        "BODY_MODE": "BUFFERED",
        "TRAILER_MODE": "SKIP",
        "RESPONSE_HEADER_MODE": "SKIP",
        "EXT_PROC_PORT": ext_proc.grpc.rpartition(":")[2],
        "APP_PORT": app.url.rpartition(":")[2],
        **config,
    }
    return string.Template(GUIDE.read_text()).substitute(values)
