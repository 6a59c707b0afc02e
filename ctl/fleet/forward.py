"""A ``kubectl port-forward`` that runs: where it listens, and its end by its own handle."""

import asyncio
import re
import subprocess
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

from ctl.console import printable

_READY = re.compile(rb"Forwarding from 127\.0\.0\.1:(\d+) -> ")
_FAILED = re.compile(rb'an error occurred forwarding [^:]*: ([^"\n]+)')
_START_S = 20.0
"""Seconds until it must listen: kubectl asks the API server about the pod first."""
_STOP_S = 3.0
_LINE_BYTES = 1 << 22


class Forward:
    """A running port-forward; ``port`` is the local one, None when there is none."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.port: int | None = None
        self.problem = ""
        self._process = process
        self._errors: deque[bytes] = deque(maxlen=4)
        self._is_settled = asyncio.Event()
        # Both pipes are read to their end: a full one would stop kubectl.
        self._reading = [
            asyncio.create_task(read()) for read in (self._read_out, self._read_errors)
        ]

    async def start(self) -> None:
        """Return once it listens, or will not."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_START_S):
                await self._is_settled.wait()
        if self.port is not None:
            return
        said = last_line(b"\n".join(self._errors))
        self.problem = said or f"it does not listen after {_START_S:g} s"

    def failure(self) -> str:
        """Return why the last connection failed that could not be carried, "" if none did."""
        found = _FAILED.findall(b"\n".join(self._errors))
        return last_line(found[-1]) if found else ""

    def end(self) -> str:
        """Return why it has ended, "" while it runs: its port may be another program's then."""
        if self._process.returncode is None:
            return ""
        said = last_line(b"\n".join(self._errors)) or "it says not why"
        return f"kubectl has ended: {said}"

    async def stop(self) -> None:
        """End kubectl, politely first."""
        with suppress(ProcessLookupError):  # it has just ended by itself
            self._process.terminate()
        try:
            async with asyncio.timeout(_STOP_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        for task in self._reading:
            task.cancel()
        await asyncio.gather(*self._reading, return_exceptions=True)

    async def _read_out(self) -> None:
        async for line in _lines(self._process.stdout):
            if self.port is None and (match := _READY.match(line)):
                self.port = int(match[1])
                self._is_settled.set()

    async def _read_errors(self) -> None:
        async for line in _lines(self._process.stderr):
            self._errors.append(line)
        self._is_settled.set()  # it has ended


async def _lines(stream: asyncio.StreamReader | None) -> AsyncIterator[bytes]:
    while stream is not None and (line := await stream.readline()):
        yield line


async def forwarding(command: Sequence[str]) -> Forward:
    """Start a port-forward; whether it could is told by its ``port`` and ``problem``."""
    process = await asyncio.create_subprocess_exec(
        *command, "--address=127.0.0.1",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        limit=_LINE_BYTES,
    )  # fmt: skip
    forward = Forward(process)
    try:
        await forward.start()
    except BaseException:
        await forward.stop()
        raise
    return forward


def last_line(text: bytes) -> str:
    """Return the last line that says something, fit for a terminal."""
    lines = [line.strip() for line in text.decode("utf-8", "replace").splitlines()]
    return printable(next((line for line in reversed(lines) if line), ""))
