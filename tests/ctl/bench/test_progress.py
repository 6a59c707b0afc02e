"""A long replay says how far it is, on a terminal and in a log."""

import io
from collections.abc import Iterator

import pytest

from ctl.bench.columns import Outcome
from ctl.bench.progress import Progress
from tests.ctl.bench.made_rows import reply, row


class Terminal(io.StringIO):
    """Keeps what was written to it."""

    def isatty(self) -> bool:
        """Return True, as a terminal does."""
        return True


def seconds(step: float) -> Iterator[float]:
    now = 0.0
    while True:
        yield now
        now += step


@pytest.mark.parametrize(
    ("stream", "step", "written"),
    [
        (Terminal(), 0.25, "\r\x1b[K1 of 1,000 rows in 0 s\r\x1b[K2 of 1,000 rows in 1 s\r\x1b[K"),
        (io.StringIO(), 10.0, "1 of 1,000 rows in 20 s\n2 of 1,000 rows in 40 s\n"),
        (io.StringIO(), 1.0, ""),
    ],
)
def test_rows_are_told_now_and_then(stream: io.StringIO, step: float, written: str) -> None:
    """A row is done when every column replied; a terminal's line is rewritten and taken off."""
    clock = seconds(step)
    progress = Progress(stream, 2, 1000, clock=lambda: next(clock))
    for _ in range(2):
        for column in ("one", "two"):
            progress.watch(column, reply(row(), Outcome.PASSED))
    progress.close()
    assert stream.getvalue() == written
