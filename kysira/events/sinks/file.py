"""Events in a file of the state folder, rotated by size."""

import json
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from kysira.events.sinks.appending import Appended, AppendedFile
from kysira.events.sinks.base import Line
from kysira.events.sinks.worker import Worker

log = logging.getLogger(__name__)
EVENTS_FILE = "events.jsonl"
_CHUNK = 1 << 16
_LONGEST = 1 << 20
_MOST_READ = 1 << 25
"""Bytes that ``tail`` reads at most: foreign lines may fill a file."""


class FileSink:
    """Appends events to ``events.jsonl``; a full file becomes ``events.jsonl.1``, that one ``.2``.

    ``files`` full ones are kept. A disk that is full, stalled or can't be written is warned of
    once, tried again with the next events, and costs only the events.
    """

    name = "file"

    def __init__(self, folder: Path, max_bytes: int, files: int) -> None:
        self._file = AppendedFile(folder / EVENTS_FILE)
        self._max_bytes = max_bytes
        self._files = files
        self._worker = Worker("kysira-file-sink")
        self._is_failing = False
        self.dropped = 0

    async def start(self) -> None:
        """Recover the file, and delete full ones over the number that is kept now."""
        self._note(Appended(0, await self._worker.call(self._prepare)))

    async def write(self, lines: Sequence[Line]) -> None:
        """Append the lines; those that can't be are dropped."""
        wanted = [line.json for line in lines]
        appended = await self._worker.call(partial(self._append, wanted))
        self.dropped += len(lines) - appended.lines
        self._note(appended)

    async def close(self) -> None:
        """Return when all is on the disk."""
        self._note(Appended(0, await self._worker.call(self._finish)))
        self._worker.end()

    def _note(self, appended: Appended) -> None:
        """Log the first failure, and the end of them."""
        if appended.error and not self._is_failing:
            log.error(
                "events_file_failed path=%s error=%r effect='events are dropped meanwhile'",
                self._file.path, str(appended.error),
            )  # fmt: skip
        elif self._is_failing and appended.lines:
            log.warning("events_file_works path=%s dropped=%d", self._file.path, self.dropped)
        self._is_failing = bool(appended.error) or (self._is_failing and not appended.lines)

    def _prepare(self) -> OSError | None:
        try:
            self._file.size()
            for number, path in _numbered(self._file.path):
                if number > self._files:
                    path.unlink()
        except OSError as error:
            return error
        return None

    def _append(self, lines: Sequence[bytes]) -> Appended:
        done = 0
        try:
            while done < len(lines):
                size = self._file.size()
                count = self._fitting(lines[done:], size)
                if count == 0:
                    self._rotate()
                    continue
                appended = self._file.append(lines[done : done + count])
                done += appended.lines
                if appended.error:
                    return Appended(done, appended.error)
        except OSError as error:
            self._file.close()
            return Appended(done, error)
        return Appended(done)

    def _fitting(self, lines: Sequence[bytes], size: int) -> int:
        """Return how many of the lines the file takes; an empty one takes any first line."""
        for count, line in enumerate(lines):
            size += len(line) + 1
            if size > self._max_bytes and size > len(line) + 1:
                return count
        return len(lines)

    def _rotate(self) -> None:
        self._file.close()
        path = self._file.path
        if self._files == 0:
            path.unlink()
            return
        for number in range(self._files, 1, -1):
            with suppress(FileNotFoundError):
                os.replace(_full(path, number - 1), _full(path, number))
        os.replace(path, _full(path, 1))

    def _finish(self) -> OSError | None:
        try:
            self._file.sync()
            self._file.close()
        except OSError as error:
            return error
        return None


def tail(folder: Path, count: int) -> list[bytes]:
    """Return the last events in the files of a folder, oldest first, at most ``count``.

    Lines that are torn or no events are left out. It blocks, reads no more than it needs, and a
    file that can't be read counts as empty.
    """
    path = folder / EVENTS_FILE
    found: list[bytes] = []
    read = 0
    for each in [path, *(full for _, full in _numbered(path))]:
        for line in _backwards(each, _MOST_READ - read):
            read += len(line) + 1
            if _is_event(line):
                found.append(line)
            if len(found) == count:
                return found[::-1]
    return found[::-1]


def _full(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def _numbered(path: Path) -> list[tuple[int, Path]]:
    """Return the full files that there are, the newest first."""
    try:
        names = [entry.name for entry in os.scandir(path.parent)]
    except OSError:
        return []
    texts = [name.removeprefix(f"{path.name}.") for name in names if name.startswith(path.name)]
    numbers = [int(text) for text in texts if text.isascii() and text.isdecimal()]
    return [(number, _full(path, number)) for number in sorted({*numbers} - {0})]


def _backwards(path: Path, most: int) -> Iterator[bytes]:
    """Yield the lines of a file from its last to its first, within its last ``most`` bytes."""
    try:
        if not path.is_file():  # a pipe in its place would block
            return
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            least = max(end - most, 0)
            rest = b""
            while end > least:
                start = max(end - _CHUNK, least)
                file.seek(start)
                first, *lines = (file.read(end - start) + rest).split(b"\n")
                yield from reversed(lines)
                # What is this long is no event; nor is what begins it.
                end, rest = start, first if len(first) < _LONGEST else b""
            if end == 0:
                yield rest
    except OSError as error:
        log.warning("events_file_not_read path=%s error=%r", path, str(error))


def _is_event(line: bytes) -> bool:
    if not line.startswith(b"{"):
        return False
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(row, dict) and isinstance(row.get("id"), str)
