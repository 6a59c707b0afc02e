"""Says on stderr how far a replay is, and how fast."""

import time
from collections.abc import Callable
from typing import TextIO

_EVERY_S = 0.5
_EVERY_LINE_S = 15.0


class Progress:
    """One line that is rewritten where that can be (``is_live``), else a line now and then."""

    def __init__(
        self,
        stream: TextIO | None,
        *,
        is_live: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._is_live = is_live
        self._every_s = _EVERY_S if self._is_live else _EVERY_LINE_S
        self._started = self._shown = clock()
        self.count = 0
        """Requests so far."""

    def step(self) -> None:
        """Count a request, and say so when it is time."""
        self.count += 1
        if self._clock() - self._shown >= self._every_s:
            self._shown = self._clock()
            self._write(f"\r\x1b[K{self.text}" if self._is_live else f"{self.text}\n")

    @property
    def text(self) -> str:
        """Return how many there were, and how many a second."""
        seconds = max(self._clock() - self._started, 1e-9)
        return f"{self.count:,} requests in {seconds:.1f} s, {self.count / seconds:,.0f} a second"

    def close(self) -> None:
        """Take the line off the terminal."""
        if self._is_live:
            self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        if self._stream:
            self._stream.write(text)
            self._stream.flush()
