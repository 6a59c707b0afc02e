"""Events posted to an HTTP endpoint in batches; while it is down they wait in the spool."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from kysira.events.sinks.base import Line
from kysira.events.sinks.endpoint import Endpoint, EndpointClient, Outcome
from kysira.events.sinks.retry import Backoff
from kysira.events.sinks.spool import Spool
from kysira.rarely import Rarely

log = logging.getLogger(__name__)
CLOSE_S = 3.0
"""Seconds that an endpoint which is not down gets at the end, before the rest stays spooled."""


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """When a batch is full."""

    events: int = 500
    bytes: int = 1_000_000
    age_s: float = 1.0


class HttpSink:
    """Posts batches, one at a time and in order, each until the endpoint has answered for it.

    Every batch is in the spool before it is sent, so that not even a process that is killed loses
    it; after a restart it is sent again under the same id. An endpoint may so get a batch twice,
    and out of order never.
    """

    name = "http"

    def __init__(
        self,
        endpoint: Endpoint,
        spool: Spool,
        *,
        limits: BatchLimits | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._spool = spool
        self._limits = limits or BatchLimits()
        self._backoff = backoff or Backoff()
        self._open: list[Line] = []
        self._open_bytes = 0
        self._filling = asyncio.Lock()
        self._has_open = asyncio.Event()
        self._has_batches = asyncio.Event()
        self._is_settled = asyncio.Event()
        """Set when all is sent, or the endpoint has failed."""
        self._failures = 0
        self._refused = 0
        self._down_log, self._refused_log = Rarely(), Rarely()
        self._is_down_logged = False
        self._client: EndpointClient | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def dropped(self) -> int:
        """Return how many events the endpoint has refused, or the spool lost."""
        return self._refused + self._spool.dropped

    @property
    def spool_bytes(self) -> int:
        """Return how many bytes of disk the waiting batches take."""
        return self._spool.disk_bytes

    async def start(self) -> None:
        """Take up what an earlier process left, and begin to send."""
        while not await self._is_loaded():
            await asyncio.sleep(self._backoff.delay_s(1))
        self._client = EndpointClient(self._endpoint)
        self._note_batches()
        self._tasks = [
            asyncio.create_task(self._age(), name="http sink, batches"),
            asyncio.create_task(self._deliver(self._client), name="http sink, sending"),
        ]

    async def write(self, lines: Sequence[Line]) -> None:
        """Put the lines into batches; full ones are spooled when this returns."""
        async with self._filling:
            for line in lines:
                if self._open_bytes + len(line.json) + 1 > self._limits.bytes:
                    await self._seal()
                self._open.append(line)
                self._open_bytes += len(line.json) + 1
                if len(self._open) >= self._limits.events:
                    await self._seal()
            self._has_open.set()

    async def close(self) -> None:
        """Send what waits, unless the endpoint is down; what it does not take now is kept."""
        try:
            async with self._filling:
                await self._seal()
            if self._client and not self._failures:
                with suppress(TimeoutError):
                    async with asyncio.timeout(CLOSE_S):
                        await self._is_settled.wait()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            if self._client:
                await self._client.close()
        await self._spool.close()

    async def _age(self) -> None:
        """Seal a batch that does not fill up in time."""
        while True:
            await self._has_open.wait()
            await asyncio.sleep(self._limits.age_s)
            async with self._filling:
                self._has_open.clear()
                await self._seal()

    async def _seal(self) -> None:
        """Make what has come so far a batch; the caller holds the lock."""
        if self._open:
            lines, self._open, self._open_bytes = self._open, [], 0
            await self._spool.put(lines)
            self._note_batches()

    def _note_batches(self) -> None:
        self._is_settled.clear()
        self._has_batches.set()

    async def _is_loaded(self) -> bool:
        try:
            await self._spool.load()
        except RuntimeError as error:  # no thread can be started for now
            if self._down_log.is_due():
                log.error("http_sink_not_started error=%r effect='tried again'", str(error))
            return False
        return True

    async def _deliver(self, client: EndpointClient) -> None:
        while True:
            await self._has_batches.wait()
            try:
                outcome = await self._deliver_one(client)
            except OSError as error:
                outcome = Outcome(False, why=str(error))
            except Exception as error:  # a bug must not end the task; its text may quote the URL
                outcome = Outcome(False, why=type(error).__name__)
            if not outcome.is_done:
                await self._pause(outcome)

    async def _deliver_one(self, client: EndpointClient) -> Outcome:
        taken = await self._spool.take()
        if taken is None:
            self._has_batches.clear()
            self._is_settled.set()
            return Outcome(True)
        batch, data = taken
        outcome = await client.post(batch, data)
        if outcome.is_done:
            self._note_done(outcome, batch.count)
            await self._spool.done(batch)
        return outcome

    async def _pause(self, outcome: Outcome) -> None:
        self._failures += 1
        self._is_settled.set()
        if not self._is_down_logged and self._down_log.is_due():
            self._is_down_logged = True
            log.warning(
                "http_sink_down endpoint=%s error=%r effect='events are spooled'",
                self._endpoint.name, outcome.why,
            )  # fmt: skip
        await asyncio.sleep(outcome.wait_s or self._backoff.delay_s(self._failures))

    def _note_done(self, outcome: Outcome, count: int) -> None:
        if self._is_down_logged:
            log.warning(
                "http_sink_works endpoint=%s batches_waiting=%d",
                self._endpoint.name, len(self._spool) - 1,
            )  # fmt: skip
        self._failures, self._is_down_logged = 0, False
        if not outcome.is_refused:
            return
        self._refused += count
        if self._refused_log.is_due():
            log.error(
                "http_sink_refused endpoint=%s why=%r dropped=%d",
                self._endpoint.name, outcome.why, self._refused,
            )  # fmt: skip
