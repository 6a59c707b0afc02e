"""The proxy that is soaked, seen from outside: its memory, its files and its own metrics."""

import asyncio
import os
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import metrics
from benchmarks.machine import rss_mb
from benchmarks.nginx import app_files, start_nginx
from benchmarks.processes import Program
from benchmarks.soak_report import Sample
from benchmarks.stack import MODELS
from benchmarks.ways_stack import PROXY, environment
from ctl.envoy.options import Address, read_address

PREFIX = "kysira"
"""What the names of its metrics begin with."""
_APP_IDLE_S = 5
"""When the app closes connections that nobody uses: before file descriptors are counted."""
_PATIENCE_S = 60.0
_POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class Proxy:
    """The proxy that runs."""

    address: Address
    pid: int

    @property
    def url(self) -> str:
        """Return where it takes requests."""
        return f"http://{self.address}"

    def descriptors(self) -> int:
        """Return how many files and sockets it has open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def metrics(self) -> str:
        """Return its metrics; raises OSError."""
        return metrics.read(f"{self.url}/metrics")

    def sample(self, at_s: float) -> Sample:
        """Return what it is like now; raises OSError."""
        text = self.metrics()
        return Sample(
            at_s=at_s,
            rss_mb=rss_mb(self.pid),
            requests=metrics.total(text, f"{PREFIX}_requests_total"),
            readers=metrics.total(text, f"{PREFIX}_event_readers"),
            descriptors=self.descriptors(),
        )

    async def settled_descriptors(self) -> int:
        """Return how many are open once that stays as it is, or after a minute anyway."""
        deadline = time.monotonic() + _PATIENCE_S
        known, since = -1, 0.0
        while (now := time.monotonic()) < deadline:
            found = self.descriptors()
            if found != known:
                known, since = found, now
            elif now - since > _APP_IDLE_S + 1:
                break
            await asyncio.sleep(_POLL_S)
        return known


def start_proxy(programs: ExitStack, folder: Path, *, has_models: bool) -> Proxy:
    """Return a proxy as it is installed, with the file sink, in front of an app that answers 200.

    Raises BenchmarkError.
    """
    app = partial(app_files, idle_s=_APP_IDLE_S)
    _, where = start_nginx(programs, folder / "app", app)
    settings = dict.fromkeys(MODELS, "packaged" if has_models else "none")
    env = environment(folder / "state", where, settings)
    program = programs.enter_context(Program([sys.executable, *PROXY], env))
    return Proxy(read_address(program.find(r"listening http=(\S+)")[1]), program.pid)
