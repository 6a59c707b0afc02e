"""A batch of events, and its file in the spool."""

import re
import uuid
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from kysira.events.sinks.base import Line

_BLOCK = 4096
_NAME = re.compile(r"([0-9]{16})-([0-9]{1,9})-([0-9]{1,12})-([0-9a-f]{8})-([0-9a-f]{32})\.ndjson")


@dataclass(frozen=True, slots=True)
class Batch:
    """What is known of a batch without its events; all of it is in its file's name."""

    number: int
    """Batches are sent in the order of these."""
    count: int
    """Its events."""
    size: int
    """Bytes of its events, a line each."""
    checksum: int
    id: str
    """What the endpoint may tell a batch by that it is sent twice."""

    @property
    def file_name(self) -> str:
        """Return the name of its file."""
        head = f"{self.number:016d}-{self.count}-{self.size}"
        return f"{head}-{self.checksum:08x}-{self.id}.ndjson"

    @property
    def disk_bytes(self) -> int:
        """Return what it takes on a disk: whole blocks, or many small ones would go uncounted."""
        return -(-self.size // _BLOCK) * _BLOCK

    def is_whole(self, data: bytes) -> bool:
        """Return True when this is what was written: after a power cut it may not be."""
        return len(data) == self.size and zlib.crc32(data) == self.checksum


def new_batch(number: int, lines: Sequence[Line]) -> tuple[Batch, bytes]:
    """Return a batch of these events, and its data: an event a line."""
    data = b"".join([line.json + b"\n" for line in lines])
    return Batch(number, len(lines), len(data), zlib.crc32(data), uuid.uuid4().hex), data


def named(file_name: str) -> Batch | None:
    """Return the batch of a file in the spool, None for a file that is none."""
    match = _NAME.fullmatch(file_name)
    if match is None:
        return None
    number, count, size, checksum, batch_id = match.groups()
    return Batch(int(number), int(count), int(size), int(checksum, 16), batch_id)
