"""One run of wrk against one target, and what it cost."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import cpu_s, usage
from benchmarks.processes import BenchmarkError
from benchmarks.target import Target

RUNS = 256
"""Runs of load.lua that have no value in common."""
_SCRIPT = Path(__file__).with_name("load.lua")


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk says of one run, in the names of load.lua."""

    requests: int
    duration_us: int
    p50_us: int
    p99_us: int
    refused: int
    broken: int

    @property
    def failed(self) -> int:
        """Return how many requests got another answer than 2xx or 3xx, or none."""
        return self.refused + self.broken


@dataclass(frozen=True, slots=True)
class Run:
    """What one run measured."""

    target: str
    round: int
    connections: int
    requests: int
    per_second: float
    p50_ms: float
    p99_ms: float
    server_us: float
    """CPU time of the Python process per request."""
    edge_us: float
    """CPU time of Envoy or nginx per request."""
    failed: int
    """Requests with another answer than 2xx, or with none."""
    noise: float
    """Share of the machine's CPU time that was spent on other things."""

    @property
    def total_us(self) -> float:
        """Return the CPU time per request of everything in front of the app."""
        return self.server_us + self.edge_us


def find_wrk() -> str:
    """Return the path of wrk; raises BenchmarkError."""
    path = shutil.which("wrk")
    if path is None:
        raise BenchmarkError("wrk is missing; install it with apt install wrk, or brew install wrk")
    return path


def measure(target: Target, number: int, *, round_: int, connections: int, seconds: int) -> Run:
    """Load the target with the values of run ``number``; raises BenchmarkError."""
    server = target.server.pid if target.server else 0
    edge = target.edge.pid if target.edge else 0
    before, edge_s, own_s = usage(target.pids), cpu_s(edge), cpu_s(server)
    done = load(target.url, number, connections=connections, seconds=seconds)
    edge_s, own_s = cpu_s(edge) - edge_s, cpu_s(server) - own_s
    requests = max(1, done.requests)
    return Run(
        target.name,
        round_,
        connections,
        done.requests,
        per_second=done.requests / (done.duration_us / 1e6),
        p50_ms=done.p50_us / 1e3,
        p99_ms=done.p99_us / 1e3,
        server_us=own_s / requests * 1e6,
        edge_us=edge_s / requests * 1e6,
        failed=done.failed,
        noise=usage(target.pids).others_since(before),
    )


def load(url: str, number: int, *, connections: int, seconds: int) -> Load:
    """Run wrk with the values of run ``number``; raises BenchmarkError."""
    command = [
        find_wrk(), "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s",
        "-s", str(_SCRIPT), url, "--", str(number % RUNS),
    ]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=seconds + 60, check=False
    )
    if done.returncode:
        raise BenchmarkError(f"wrk failed: {(done.stdout + done.stderr).strip()[-300:]}")
    return read_load(done.stdout)


def read_load(output: str) -> Load:
    """Return what wrk has printed with load.lua, on its last line; raises BenchmarkError."""
    last = output.strip().rpartition("\n")[2]
    try:
        return Load(**json.loads(last))
    except (ValueError, TypeError):
        raise BenchmarkError(f"wrk failed: {output.strip()[-300:]}") from None
