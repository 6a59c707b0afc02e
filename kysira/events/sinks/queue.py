"""A bounded queue before each sink, so that a slow one delays nothing else."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from kysira.events.sinks.base import Line, Sink, Spooling
from kysira.rarely import Rarely

log = logging.getLogger(__name__)
LIMIT = 10_000
"""Events that may wait for a sink."""
SLICE = 1000
"""Events that a sink is given at once."""
CLOSE_S = 5.0
_LEAST_CLOSE_S = 1.0


class SinkQueue:
    """Hands lines to one sink, in order; what does not fit is dropped and counted."""

    def __init__(self, sink: Sink, *, limit: int = LIMIT) -> None:
        self.sink = sink
        self.name = sink.name
        self._limit = limit
        self._waiting: deque[Line] = deque()
        self._in_hand = 0
        self._overflowed = 0
        self._has_lines = asyncio.Event()
        self._is_done = asyncio.Event()
        self._is_done.set()
        self._is_closed = False
        self._task: asyncio.Task[None] | None = None
        self._overflow_log = Rarely()
        self._failure_log = Rarely()

    @property
    def dropped(self) -> int:
        """Return how many events were lost, before the sink and in it."""
        return self._overflowed + self.sink.dropped

    @property
    def spool_bytes(self) -> int:
        """Return the bytes of disk on which the sink keeps events for later, 0 if it never does."""
        return self.sink.spool_bytes if isinstance(self.sink, Spooling) else 0

    def start(self) -> None:
        """Begin to drain; starting the sink is part of that, however long it takes."""
        self._task = asyncio.create_task(self._drain(), name=f"sink {self.name}")

    def put(self, lines: Sequence[Line]) -> None:
        """Queue these lines without waiting."""
        room = 0 if self._is_closed else self._limit - len(self._waiting) - self._in_hand
        taken = lines[: max(room, 0)]
        if lost := len(lines) - len(taken):
            self._lose(lost)
        if taken:
            self._waiting.extend(taken)
            self._is_done.clear()
            self._has_lines.set()

    async def flush(self) -> None:
        """Return when the sink has taken all that was put so far, or is closed."""
        await self._is_done.wait()

    async def close(self, deadline_s: float = CLOSE_S) -> None:
        """Let the sink take what waits, then close it, both within the deadline.

        A sink too slow for that gets a last second to close, and what still waited is dropped.
        """
        self._is_closed = True
        loop = asyncio.get_running_loop()
        deadline = loop.time() + deadline_s
        with suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                await self._is_done.wait()
        await self._stop()
        try:
            async with asyncio.timeout(max(deadline - loop.time(), _LEAST_CLOSE_S)):
                await self.sink.close()
        except TimeoutError:
            log.error("sink_not_closed sink=%s error='it took too long'", self.name)
        except Exception:  # one sink's bug must not keep the next from being closed
            log.exception("sink_not_closed sink=%s", self.name)

    async def _stop(self) -> None:
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if lost := len(self._waiting) + self._in_hand:
            self._overflowed += lost
            log.error("events_not_written sink=%s count=%d", self.name, lost)
        self._waiting.clear()
        self._in_hand = 0
        self._is_done.set()

    async def _drain(self) -> None:
        try:
            await self.sink.start()
        except Exception:  # write may still work
            log.exception("sink_not_started sink=%s", self.name)
        while True:
            await self._has_lines.wait()
            lines = [self._waiting.popleft() for _ in range(min(SLICE, len(self._waiting)))]
            self._in_hand = len(lines)
            await self._write(lines)
            self._in_hand = 0
            if not self._waiting:
                self._has_lines.clear()
                self._is_done.set()

    async def _write(self, lines: Sequence[Line]) -> None:
        try:
            await self.sink.write(lines)
        except Exception:  # a bug must not end the task: all later events would be lost with it
            self._overflowed += len(lines)
            if self._failure_log.is_due():
                log.exception("sink_failed sink=%s count=%d", self.name, len(lines))

    def _lose(self, count: int) -> None:
        self._overflowed += count
        if self._overflow_log.is_due():
            log.warning(
                "events_dropped sink=%s reason='too many wait for it' total=%d",
                self.name, self._overflowed,
            )  # fmt: skip
