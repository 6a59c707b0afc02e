"""Says on stderr how far something long is."""

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
        worded: Callable[[int, float], str],
        *,
        is_live: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Say what ``worded`` makes of how many steps there were, in how many seconds."""
        self._stream = stream
        self._worded = worded
        self._clock = clock
        self._is_live = is_live
        self._every_s = _EVERY_S if is_live else _EVERY_LINE_S
        self._started = self._shown = clock()
        self._count = 0

    def step(self) -> None:
        """Count a step, and say so when it is time."""
        self._count += 1
        now = self._clock()
        if now - self._shown >= self._every_s:
            self._shown = now
            text = self._worded(self._count, now - self._started)
            self._write(f"\r\x1b[K{text}" if self._is_live else f"{text}\n")

    @property
    def text(self) -> str:
        """Return how far it is now."""
        return self._worded(self._count, self._clock() - self._started)

    def close(self) -> None:
        """Take the line off the terminal."""
        if self._is_live:
            self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        if self._stream:
            self._stream.write(text)
            self._stream.flush()
