"""One of the things that are compared, as it runs."""

import re
from dataclasses import dataclass

from benchmarks import metrics
from benchmarks.metrics import Counts
from benchmarks.processes import Program


@dataclass(frozen=True, slots=True)
class Target:
    """A variant that runs."""

    name: str
    url: str
    edge: Program | None
    """Envoy or nginx, where clients reach that; None where they reach the server itself."""
    server: Program | None
    """The Python process, if there is one."""
    metrics_url: str = ""
    """Where the server tells what it has counted; "" when it counts nothing."""
    metrics_prefix: str = ""
    app: Program | None = None
    """What stands behind: its CPU time is nobody's cost, but no noise either."""

    @property
    def pids(self) -> list[int]:
        """Return the processes behind the URL."""
        return [program.pid for program in (self.edge, self.server, self.app) if program]

    def counts(self) -> Counts | None:
        """Return what the server has counted; raises OSError, and BenchmarkError."""
        if not self.metrics_url:
            return None
        return metrics.counts(metrics.read(self.metrics_url), self.metrics_prefix)

    def cache_hits(self) -> float | None:
        """Stop the server; return the share of the values looked up that the cache knew."""
        found = re.search(
            r"cache hits=(\d+) misses=(\d+)", self.server.stop() if self.server else ""
        )
        looked_up = int(found[1]) + int(found[2]) if found else 0
        return int(found[1]) / looked_up if found and looked_up else None
