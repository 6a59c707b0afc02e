"""Says on stderr how far a replay is."""

import time
from collections.abc import Callable
from typing import TextIO

from ctl.bench.replay import Reply

_EVERY_S = 0.5
_EVERY_LINE_S = 15.0


class Progress:
    """One line that is rewritten on a terminal, and now and then a line elsewhere."""

    def __init__(
        self,
        stream: TextIO,
        columns: int,
        rows: int,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Expect a reply of every one of so many columns to every one of so many rows."""
        self._stream = stream
        self._columns = columns
        self._rows = rows
        self._clock = clock
        self._is_live = stream.isatty()
        self._every_s = _EVERY_S if self._is_live else _EVERY_LINE_S
        self._started = self._shown = clock()
        self._replies = 0

    def watch(self, _: str, __: Reply) -> None:
        """Count a reply, and say so when it is time."""
        self._replies += 1
        now = self._clock()
        if now - self._shown >= self._every_s:
            self._shown = now
            rows = self._replies // self._columns
            text = f"{rows:,} of {self._rows:,} rows in {now - self._started:.0f} s"
            self._stream.write(f"\r\x1b[K{text}" if self._is_live else f"{text}\n")
            self._stream.flush()

    def close(self) -> None:
        """Take the line off the terminal."""
        if self._is_live:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
