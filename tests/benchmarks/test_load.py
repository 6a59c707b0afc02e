"""What wrk prints is read, or the run fails."""

import pytest

from benchmarks.load import read_load
from benchmarks.processes import BenchmarkError

LAST = '{"requests":10,"duration_us":2000,"p50_us":3,"p99_us":4,"refused":5,"broken":6}'


def test_last_line_is_read() -> None:
    """Wrk's own words before it don't matter; refused and broken both failed."""
    found = read_load(f"Running 2s test\n  1 threads\n{LAST}\n")
    assert (found.requests, found.p99_us, found.failed) == (10, 4, 11)


@pytest.mark.parametrize(
    "output",
    ["", "unable to connect", "{}", "[1]", LAST[:-1], LAST.replace("broken", "torn")],
)
def test_anything_else_is_a_failure(output: str) -> None:
    """A run without numbers is not one of zeros."""
    with pytest.raises(BenchmarkError, match="wrk failed"):
        read_load(output)
