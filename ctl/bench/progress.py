"""Says on stderr how far a replay is."""

import time
from collections.abc import Callable
from typing import TextIO

from ctl import progress
from ctl.bench.replay import Reply


class Progress(progress.Progress):
    """Tells rows: one is done when every column replied."""

    def __init__(
        self,
        stream: TextIO,
        columns: int,
        rows: int,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Expect a reply of every one of so many columns to every one of so many rows."""

        def worded(replies: int, seconds: float) -> str:
            return f"{replies // columns:,} of {rows:,} rows in {seconds:.0f} s"

        super().__init__(stream, worded, is_live=stream.isatty(), clock=clock)

    def watch(self, _: str, __: Reply) -> None:
        """Count a reply, and say so when it is time."""
        self.step()
