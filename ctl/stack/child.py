"""A program that ``up`` started: its output is shown, and it never outlives ``up``."""

import asyncio
import ctypes
import os
import re
import signal
import subprocess
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from kysira.errors import StartError

STOP_S = 8.0
"""Seconds a program gets to end by itself."""
KEPT_LINES = 12
_LINE_BYTES = 1 << 22
"""Envoy prints a whole configuration in one line."""


_PR_SET_PDEATHSIG = 1
_PRCTL: Any = getattr(ctypes.CDLL(None), "prctl", None)
"""Looked up before a fork: little may be done between that and the program's start."""


class Child:
    """A running program."""

    def __init__(
        self, name: str, process: asyncio.subprocess.Process, show: Callable[[str], None]
    ) -> None:
        self.name = name
        self._process = process
        self._show = show
        self._last: deque[str] = deque(maxlen=KEPT_LINES)
        self._expected: list[tuple[re.Pattern[str], asyncio.Future[re.Match[str]]]] = []
        self._end = asyncio.gather(
            self._read(process.stdout), self._read(process.stderr), process.wait()
        )

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    async def line(self, pattern: str) -> re.Match[str]:
        """Return the match in the first line that has one; raises StartError when none can come."""
        found: asyncio.Future[re.Match[str]] = asyncio.get_running_loop().create_future()
        self._expected.append((re.compile(pattern), found))
        await self.alive(found)
        return found.result()

    async def alive(self, work: asyncio.Future[re.Match[str]] | asyncio.Task[object]) -> None:
        """Return when the work is done; raises StartError when the program ends before it."""
        await asyncio.wait({work, self._end}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            work.cancel()
            raise self.obituary()

    async def ended(self) -> StartError:
        """Return the error to raise once the program has ended."""
        await asyncio.shield(self._end)
        return self.obituary()

    def obituary(self) -> StartError:
        """Return the error that says how the program ended, with its last lines."""
        lines = ":" + "".join(f"\n  {line}" for line in self._last) if self._last else ""
        return StartError(f"{self.name} ended {_how(self._process.returncode)}{lines}")

    async def stop(self) -> None:
        """End the program: politely, then not. What it says about that is not shown."""
        self._show = _hide
        if self._process.returncode is None:
            # A stopped program does not hear SIGTERM.
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                await asyncio.shield(self._end)
        except TimeoutError:
            os.killpg(self._process.pid, signal.SIGKILL)
            await self._end

    async def _read(self, stream: asyncio.StreamReader | None) -> None:
        while stream is not None and (raw := await stream.readline()):
            line = raw.decode("utf-8", "replace").rstrip()
            self._last.append(line)
            for pattern, found in self._expected:
                if not found.done() and (match := pattern.search(line)):
                    found.set_result(match)
            self._show(line)


def _end_with_parent() -> None:
    """Have the kernel end this program when ``up`` is killed, and can't do it itself."""
    _PRCTL(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _hide(_: str) -> None:
    pass


def _how(status: int | None) -> str:
    if status is not None and status < 0:
        return f"by {signal.Signals(-status).name}"
    return f"with exit code {status}"


@asynccontextmanager
async def running(
    name: str, command: Sequence[str], env: Mapping[str, str], show: Callable[[str], None]
) -> AsyncIterator[Child]:
    """Run a program as long as the block lasts; ``show`` gets its lines of output."""
    process = await asyncio.create_subprocess_exec(
        *command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        limit=_LINE_BYTES,
        # The terminal's ^C is for kysiractl alone, which ends the rest in order.
        process_group=0,
        preexec_fn=_end_with_parent if _PRCTL else None,
    )  # fmt: skip
    child = Child(name, process, show)
    try:
        yield child
    finally:
        await child.stop()
