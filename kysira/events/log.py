"""The event log: takes what was decided, and tells sinks and readers a little later."""

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from kysira.events.event import Event, target_and_host
from kysira.events.ids import EventIds
from kysira.events.readers import Reader, messages
from kysira.events.settings import SinkKind
from kysira.events.sinks.base import Line, Sink
from kysira.events.sinks.file import tail
from kysira.events.sinks.queue import SinkQueue
from kysira.rarely import Rarely
from kysira.types import Decision, Request

log = logging.getLogger(__name__)
REMEMBERED = 500
"""Events that ``recent`` returns."""
REPLAYED = 200
"""Events that a new reader gets first."""
LIMIT = 10_000
"""Events that may wait to be told."""
INTERVAL_S = 0.1
_SLICE_S = 0.0005
"""Seconds of work before others get their turn: scoring shares the thread."""
_LONGEST_SLICE_S = 0.02
_FEW = 500
"""Of so many waiting events none is in a hurry."""
_MANY = LIMIT // 4
"""From so many on the log works as long as all others did since its last slice."""
_TOLD_AT_ONCE = 250
"""Events that readers are told of at once, or half of what waits where that is more: each piece
costs every reader a write."""
_READERS_AT_ONCE = 32
"""Readers that write before others get their turn."""
CLOSE_S = 5.0
_LOG_EVERY_S = 1.0


class EventLog:
    """Tells of every decision, in order, without ever holding up the request it is about.

    One thread uses it: the event loop's.
    """

    def __init__(
        self,
        front_end: str,
        policy: str,
        sinks: Sequence[Sink] = (),
        *,
        folder: Path | None = None,
        limit: int = LIMIT,
        interval_s: float = INTERVAL_S,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        """``folder`` is where the file sink's events are: the last ones are remembered from it."""
        self.policy = policy
        """The hash of the policy in force, told of decisions that don't say theirs."""
        self.recorded = 0
        self.readers_dropped = 0
        self._front_end = front_end
        self._folder = folder
        self._limit = limit
        self._interval_s = interval_s
        self._clock = clock
        self._timer = timer
        self._slice_ended = 0.0
        self._ids = EventIds()
        self._waiting: deque[Event] = deque()
        self._has_work = asyncio.Event()
        self._lock = asyncio.Lock()
        self._recent: deque[Line] = deque(maxlen=REMEMBERED)
        self._queues = [SinkQueue(sink) for sink in sinks]
        self._replay: bytes | None = None
        self._readers: set[Reader] = set()
        self._task: asyncio.Task[None] | None = None
        self._lost = self._lost_by_readers = 0
        self._overflow_log, self._failure_log = Rarely(_LOG_EVERY_S), Rarely(_LOG_EVERY_S)

    def record(self, request: Request, decision: Decision, latency_s: float) -> str:
        """Note one decision, which took so many seconds, and return the event's id."""
        now = self._clock()
        event_id = self._ids.new(now)
        self.recorded += 1
        if len(self._waiting) >= self._limit:
            self._lose()
            return event_id
        target, host = target_and_host(request)
        self._waiting.append(
            Event(
                event_id, now, self._front_end, request.method, target, host, request.source_ip,
                decision, latency_s, decision.policy or self.policy,
            )
        )  # fmt: skip
        self._has_work.set()
        return event_id

    def recent(self) -> list[bytes]:
        """Return the last events as JSON, oldest first."""
        return [line.json for line in self._recent]

    @property
    def dropped(self) -> dict[str, int]:
        """Return how many events were lost, by where: every place is there."""
        lost = {"queue": self._lost, **{kind.value: 0 for kind in SinkKind}}
        for queue in self._queues:
            lost[queue.name] = queue.dropped
        return {**lost, "reader": self._lost_by_readers}

    @property
    def readers(self) -> int:
        """Return how many read the stream now."""
        return len(self._readers)

    @property
    def spool_bytes(self) -> int:
        """Return the bytes of disk that hold events which could not be sent yet."""
        return sum(queue.spool_bytes for queue in self._queues)

    def subscribe(self, last_event_id: str | None = None) -> Reader:
        """Return a new reader of what comes after that event, or of the last REPLAYED and on."""
        ids = [line.id for line in self._recent]
        if last_event_id in ids:
            after = ids.index(last_event_id) + 1
            reader = Reader(messages(list(self._recent)[after:]))
        else:
            reader = Reader(self._replayed())
        self._readers.add(reader)
        return reader

    def unsubscribe(self, reader: Reader) -> None:
        """Forget a reader."""
        self._readers.discard(reader)

    async def start(self) -> None:
        """Remember the events from before the start, and begin to tell."""
        if self._folder and any(queue.name == SinkKind.FILE for queue in self._queues):
            self._recent.extend(await asyncio.to_thread(_past, self._folder))
            self._replay = None
        for queue in self._queues:
            queue.start()
        self._task = asyncio.create_task(self._run(), name="events")

    async def flush(self) -> None:
        """Return when all that was recorded was told, and taken by the sinks."""
        # To its end even when who waits gives up: readers may miss none.
        await asyncio.shield(asyncio.create_task(self._tell_all()))
        for queue in self._queues:
            await queue.flush()

    async def close(self, deadline_s: float = CLOSE_S) -> None:
        """Tell of all that was recorded, close the sinks within the deadline, end the readers."""
        self._limit = 0
        async with self._lock:
            if self._task:
                self._task.cancel()
                with suppress(asyncio.CancelledError):
                    await self._task
            await self._tell()
        for reader in self._readers:
            reader.end()
        await asyncio.gather(*(queue.close(deadline_s) for queue in self._queues))

    async def _run(self) -> None:
        while True:
            await self._has_work.wait()
            await asyncio.sleep(self._interval_s)
            self._has_work.clear()
            await self._tell_all()

    async def _tell_all(self) -> None:
        async with self._lock:
            await self._tell()

    async def _tell(self) -> None:
        """Tell of what waits now, in slices."""
        left = len(self._waiting)
        self._slice_ended = self._timer()
        while left > 0:
            count = max(_TOLD_AT_ONCE, len(self._waiting) // 2)
            left -= await self._tell_some(min(left, count))

    async def _tell_some(self, count: int) -> int:
        told: list[Line] = []
        left = count
        while left > 0:
            left = self._turn(left, told)
            await asyncio.sleep(0)
        for queue in self._queues:  # not at each turn: every write of a sink's wakes its thread
            queue.put(told)
        # At once, so that a new reader gets each event once: from here or from the past.
        self._recent.extend(told)
        self._replay = None
        await self._publish(told, list(self._readers))
        return count

    def _turn(self, count: int, lines: list[Line]) -> int:
        """Turn waiting events into lines, one at least; return how many of ``count`` are left."""
        now = self._timer()
        until = now + slice_s(len(self._waiting), now - self._slice_ended)
        while True:
            event = self._waiting.popleft()
            count -= 1
            try:
                lines.append(Line(event.id, event.line()))
            except Exception:  # a bug must not end the task: all later events would be lost with it
                self._lost += 1
                if self._failure_log.is_due():
                    log.exception("event_failed id=%s", event.id)
            now = self._timer()
            if count == 0 or now >= until:
                self._slice_ended = now
                return count

    async def _publish(self, lines: Sequence[Line], readers: Sequence[Reader]) -> None:
        if not lines or not readers:
            return
        piece = messages(lines)
        for at, reader in enumerate(readers, 1):
            if lost := reader.put(piece, len(lines)):
                self._readers.discard(reader)
                self._lost_by_readers += lost
                self.readers_dropped += 1
            if at % _READERS_AT_ONCE == 0:
                await asyncio.sleep(0)

    def _replayed(self) -> bytes:
        """Return what a new reader gets first, made once for all who come now."""
        if self._replay is None:
            self._replay = messages(list(self._recent)[-REPLAYED:])
        return self._replay

    def _lose(self) -> None:
        self._lost += 1
        if self._overflow_log.is_due():
            log.warning("events_dropped reason='too many wait to be told' total=%d", self._lost)


def slice_s(waiting: int, others_s: float) -> float:
    """Return how long to work at once, when others worked so long since the last time.

    An event costs less than the request that it is of, so a share of the time that requests take
    is enough for as many events as they make: the more wait, the larger it is.
    """
    if waiting <= _FEW:
        return _SLICE_S
    return min(max(_SLICE_S, others_s * min(waiting / _MANY, 1.0)), _LONGEST_SLICE_S)


def _past(folder: Path) -> list[Line]:
    """Return the last events of a folder; a line with a return would be two in a stream."""
    lines = [line for line in tail(folder, REMEMBERED) if b"\r" not in line]
    past = [Line(json.loads(line)["id"], line) for line in lines]
    return [line for line in past if line.id.isascii() and line.id.isprintable()]
