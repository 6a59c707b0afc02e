"""Batches that wait to be sent: on disk, so that they outlive the process; in memory if need be."""

import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kysira.events.sinks.base import Line
from kysira.events.sinks.batch import Batch, new_batch
from kysira.events.sinks.spool_files import SpoolFiles
from kysira.events.sinks.worker import Worker
from kysira.rarely import Rarely

log = logging.getLogger(__name__)
MEMORY_BYTES = 1 << 23
"""What is kept in memory while the disk can't be written, at most."""


@dataclass(slots=True)
class _Share:
    """Room for batches, and how much of it is taken."""

    limit: int
    used: int = 0


class Spool:
    """A bounded queue of batches, each a file of the folder; the oldest is dropped first.

    Files outlive the process, even when it is killed; a power cut may cost the latest, which are
    then found broken. A batch is in memory only while the disk can't be written, or may hold none.
    One task may ``put`` while another one takes.
    """

    def __init__(self, folder: Path, max_bytes: int, *, memory_bytes: int = MEMORY_BYTES) -> None:
        self._files = SpoolFiles(folder)
        self._disk = _Share(max_bytes)
        self._memory = _Share(memory_bytes)
        self._waiting: deque[Batch] = deque()
        self._in_memory: dict[int, bytes] = {}
        self._taken: Batch | None = None
        self._next = 0
        self._is_failing = False
        self._worker = Worker("kysira-spool")
        self._drop_log = Rarely()
        self.dropped = 0
        """Events lost: for want of room, or with a broken file."""

    @property
    def disk_bytes(self) -> int:
        """Return the bytes of disk that are taken."""
        return self._disk.used

    def __len__(self) -> int:
        """Return how many batches wait."""
        return len(self._waiting)

    async def load(self) -> None:
        """Find what an earlier process left; call it before anything else."""
        self._waiting.extend(
            sorted(await self._worker.call(self._files.scan), key=lambda b: b.number)
        )
        self._disk.used = sum(batch.disk_bytes for batch in self._waiting)
        if self._waiting:
            self._next = self._waiting[-1].number + 1
            log.warning("spool_restored batches=%d bytes=%d", len(self), self.disk_bytes)
        await self._make_room()

    async def put(self, lines: Sequence[Line]) -> None:
        """Add a batch of these events."""
        batch, data = new_batch(self._next, lines)
        self._next += 1
        if await self._save(batch, data):
            self._disk.used += batch.disk_bytes
        else:
            self._in_memory[batch.number] = data
            self._memory.used += batch.size
        self._waiting.append(batch)
        await self._make_room()

    async def take(self) -> tuple[Batch, bytes] | None:
        """Return the oldest batch that can be read, and its data; None when there is none.

        It stays until it is ``done``, and does so even when there is no room. Raises OSError when
        the process is short of something for now.
        """
        while self._waiting:
            batch = self._taken = self._waiting[0]
            data = self._in_memory.get(batch.number)
            if data is None:
                data = await self._worker.call(partial(self._files.read, batch))
            if data is not None:
                return batch, data
            self.dropped += batch.count
            await self.done(batch)
        return None

    async def done(self, batch: Batch) -> None:
        """Forget the batch that was taken."""
        self._taken = None
        await self._forget(batch)

    async def close(self) -> None:
        """Write what is in memory to the disk, if that works by now; the rest is lost."""
        self._taken = None
        for batch in [each for each in self._waiting if each.number in self._in_memory]:
            if await self._save(batch, self._in_memory[batch.number]):
                self._memory.used -= len(self._in_memory.pop(batch.number))
                self._disk.used += batch.disk_bytes
        await self._make_room()
        if lost := sum(each.count for each in self._waiting if each.number in self._in_memory):
            self.dropped += lost
            log.error("events_not_sent count=%d: they could not be spooled either", lost)
        self._worker.end()

    async def _make_room(self) -> None:
        """Drop the oldest batches, but never the one that is being sent: it may have arrived."""
        lost = 0
        for share in (self._disk, self._memory):
            while share.used > share.limit and (batch := self._oldest(share)):
                lost += batch.count
                await self._forget(batch)
        self.dropped += lost
        if lost and self._drop_log.is_due():
            log.warning(
                "events_dropped sink=http reason='the spool is full' total=%d", self.dropped
            )

    def _oldest(self, share: _Share) -> Batch | None:
        is_memory = share is self._memory
        for batch in self._waiting:
            if batch is not self._taken and (batch.number in self._in_memory) is is_memory:
                return batch
        return None

    async def _forget(self, batch: Batch) -> None:
        self._waiting.remove(batch)
        data = self._in_memory.pop(batch.number, None)
        if data is not None:
            self._memory.used -= batch.size
            return
        self._disk.used -= batch.disk_bytes
        error = await self._worker.call(partial(self._files.delete, batch))
        if error:
            log.error("spool_file_not_deleted name=%s error=%r", batch.file_name, str(error))

    async def _save(self, batch: Batch, data: bytes) -> bool:
        if self._disk.limit == 0:
            return False
        error: Exception | None
        try:
            error = await self._worker.call(partial(self._files.write, batch, data))
        except RuntimeError as failure:  # no thread can be started for now
            error = failure
        if error and not self._is_failing:
            log.error(
                "spool_failed path=%s error=%r effect='events are kept in memory' most_bytes=%d",
                self._files.folder, str(error), self._memory.limit,
            )  # fmt: skip
        elif self._is_failing and not error:
            log.warning("spool_works path=%s", self._files.folder)
        self._is_failing = error is not None
        return error is None
