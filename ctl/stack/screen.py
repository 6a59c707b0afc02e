"""What ``up`` shows while it starts and runs."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from rich.console import Console

_REFRESH_S = 0.1


class Screen:
    """Progress and log lines on stderr, results on stdout; NO_COLOR and pipes get plain text."""

    def __init__(self, out: Console | None = None, err: Console | None = None) -> None:
        self._out = out or Console(markup=False, highlight=False)
        self._err = err or Console(stderr=True, markup=False, highlight=False)

    def result(self, line: str = "") -> None:
        """Print a line of what the command is for; it is not wrapped."""
        self._out.print(line, soft_wrap=True)

    def say(self, line: str) -> None:
        """Print a line about what is going on."""
        self._err.print(line, soft_wrap=True)

    @asynccontextmanager
    async def step(self, what: str) -> AsyncIterator[None]:
        """Show ``what`` and how long it takes, e.g. "starting ext-proc"."""
        started = time.monotonic()
        if not self._err.is_terminal:
            self.say(f"{what} …")
            yield
            self.say(f"{what} … done in {time.monotonic() - started:.1f} s")
            return
        with self._err.status(what) as status:

            async def tick() -> None:
                while True:
                    status.update(f"{what} … {time.monotonic() - started:.1f} s")
                    await asyncio.sleep(_REFRESH_S)

            ticker = asyncio.create_task(tick())
            try:
                yield
            finally:
                ticker.cancel()
                with suppress(asyncio.CancelledError):
                    await ticker
        self.say(f"{what} … done in {time.monotonic() - started:.1f} s")
