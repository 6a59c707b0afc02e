"""Runs as the tests of reports make them up."""

from benchmarks.load import Run


def run(target: str, round_: int = 0, connections: int = 32, **more: float) -> Run:
    """Return a run of 1,000 requests, 100 µs of Python each, unless told otherwise."""
    numbers = {
        "requests": 1000, "per_second": 500.0, "p50_ms": 1.0, "p99_ms": 2.0, "server_us": 100.0,
        "edge_us": 10.0, "failed": 0, "noise": 0.0, **more,
    }  # fmt: skip
    return Run(target, round_, connections, **numbers)  # type: ignore[arg-type]
