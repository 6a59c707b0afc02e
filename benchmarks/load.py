"""One run of wrk against one target, and what it cost."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import cpu_s, usage
from benchmarks.processes import BenchmarkError
from benchmarks.stack import Target

RUNS = 256
"""Runs of load.lua that have no value in common."""
_SCRIPT = Path(__file__).with_name("load.lua")


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
    """CPU time of the ext_proc process per request."""
    envoy_us: float
    failed: int
    """Requests with another answer than 2xx, or with none."""
    noise: float
    """Share of the machine's CPU time that was spent on other things."""


def find_wrk() -> str:
    """Return the path of wrk; raises BenchmarkError."""
    path = shutil.which("wrk")
    if path is None:
        raise BenchmarkError("wrk is missing; install it with apt install wrk, or brew install wrk")
    return path


def measure(target: Target, number: int, *, round_: int, connections: int, seconds: int) -> Run:
    """Load the target with the values of run ``number``; raises BenchmarkError."""
    server = target.server.pid if target.server else 0
    before, envoy, own = usage(target.pids), cpu_s(target.envoy.pid), cpu_s(server)
    row = _wrk(target.url, number, connections, seconds)
    envoy, own = cpu_s(target.envoy.pid) - envoy, cpu_s(server) - own
    requests = max(1, row["requests"])
    return Run(
        target.name,
        round_,
        connections,
        row["requests"],
        per_second=row["requests"] / (row["duration_us"] / 1e6),
        p50_ms=row["p50_us"] / 1e3,
        p99_ms=row["p99_us"] / 1e3,
        server_us=own / requests * 1e6,
        envoy_us=envoy / requests * 1e6,
        failed=row["refused"] + row["broken"],
        noise=usage(target.pids).others_since(before),
    )


def _wrk(url: str, number: int, connections: int, seconds: int) -> dict[str, int]:
    command = [
        find_wrk(), "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s",
        "-s", str(_SCRIPT), url, "--", str(number % RUNS),
    ]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=seconds + 60, check=False
    )
    last = done.stdout.strip().rpartition("\n")[2]
    if done.returncode or not last.startswith("{"):
        raise BenchmarkError(f"wrk failed: {(done.stdout + done.stderr).strip()[-300:]}")
    row: dict[str, int] = json.loads(last)
    return row
