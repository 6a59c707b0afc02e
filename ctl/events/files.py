"""Events from files: of a service's folder, of all services, or wherever a user kept them."""

import heapq
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import IO, BinaryIO

from ctl.arguments import usage_error
from ctl.events.record import Record, record_of_line
from ctl.inputs import BROKEN, STDIN, inflated, skip_line, why
from kysira.errors import CorpusError

OPTION = "--from"
EVENTS_FILE = "events.jsonl"
_ROTATED = re.compile(rf"{re.escape(EVENTS_FILE)}(?:\.(\d{{1,6}}))?(?:\.gz)?")
_LONGEST = 1 << 20
_MOST_LOOKS = 4
_NOTHING: Mapping[str, IO[bytes]] = MappingProxyType({})


@dataclass(slots=True)
class Unread:
    """What of the files was no event."""

    foreign: int = 0
    torn: int = 0
    """Last lines without an end, as a crash leaves them."""
    broken: list[str] = field(default_factory=list)
    """Files that could not be read to their end, and why."""

    def notes(self) -> list[str]:
        """Return what a person should know of it."""
        counts = [(self.foreign, "not an event"), (self.torn, "torn off at a file's end")]
        told = [f"{n:,} {'line' if n == 1 else 'lines'} left out: {why}" for n, why in counts if n]
        return [*self.broken, *told]


@dataclass(frozen=True, slots=True)
class _Part:
    """One open file."""

    file: IO[bytes]
    path: str
    source: str


def read_files(
    names: Sequence[str], unread: Unread, given: Mapping[str, IO[bytes]] = _NOTHING
) -> Iterator[Record]:
    """Yield the events of files and folders by time, in flat memory; count what is none.

    All are opened before the first event, but for those that are ``given`` open; raises a usage
    error for one that can't be.
    """
    held = ExitStack()
    try:
        series = [parts for name in names for parts in _opened(name, given, held)]
    except BaseException:
        held.close()
        raise
    return _merged(series, unread, held)


def _merged(series: Sequence[list[_Part]], unread: Unread, held: ExitStack) -> Iterator[Record]:
    with held:
        yield from heapq.merge(
            *(_events(parts, unread) for parts in series), key=lambda event: event.at
        )


def _opened(name: str, given: Mapping[str, IO[bytes]], held: ExitStack) -> list[list[_Part]]:
    """Return the open files that a name stands for: those of a service together, oldest first."""
    if name in given:
        return [[_Part(given[name], name, Path(name).name if name != STDIN else "")]]
    if name == STDIN:
        if sys.stdin is None:
            raise usage_error(OPTION, "standard input is closed")
        return [[_Part(sys.stdin.buffer, "standard input", "")]]
    path = Path(name)
    if path.is_dir():
        folders = [path, *sorted(each for each in path.iterdir() if each.is_dir())]
        found = [parts for folder in folders if (parts := _of_folder(folder, held))]
        if not found:
            raise CorpusError(
                f"{OPTION} {name} has no {EVENTS_FILE}, nor has a folder in it: name a file, or "
                "a service's KYSIRA_DATA_DIR"
            )
        return found
    if path.name == EVENTS_FILE and (parts := _of_folder(path.absolute().parent, held)):
        return [parts]
    try:
        return [[_open(path, path.name, held)]]
    except FileNotFoundError:
        raise CorpusError(f"{OPTION} {name}: no such file") from None


def _of_folder(folder: Path, held: ExitStack) -> list[_Part]:
    """Return the open files of a service, oldest first.

    The service may rotate them meanwhile: an open file keeps its content under any name, and the
    folder is looked at again until nothing in it is new.
    """
    parts: dict[tuple[int, int], tuple[int, _Part]] = {}
    for _ in range(_MOST_LOOKS):
        known = set(parts)
        for number, path in _numbered(folder):
            try:
                part = _open(path, folder.name, held)
            except FileNotFoundError:
                continue  # renamed just now, or deleted
            status = os.fstat(part.file.fileno())
            key = status.st_dev, status.st_ino
            if key in parts:
                part.file.close()
                part = parts[key][1]
            parts[key] = number, part
        if known == set(parts):
            break
    return [part for _, part in sorted(parts.values(), key=lambda each: -each[0])]


def _numbered(folder: Path) -> list[tuple[int, Path]]:
    """Return the files that a service keeps, the newest first."""
    try:
        names = [each.name for each in folder.iterdir() if each.is_file()]
    except OSError as error:
        raise CorpusError(f"{OPTION} {folder}: {why(error)}") from None
    found = [(match, name) for name in names if (match := _ROTATED.fullmatch(name))]
    return sorted((int(match[1] or 0), folder / name) for match, name in found)


def _open(path: Path, source: str, held: ExitStack) -> _Part:
    try:
        return _Part(held.enter_context(path.open("rb")), str(path), source)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise CorpusError(f"{OPTION} {path}: {why(error)}") from None


def _events(parts: Sequence[_Part], unread: Unread) -> Iterator[Record]:
    for part in parts:
        try:
            yield from _of_lines(inflated(part.file), part.source, unread)
        except BROKEN as error:
            unread.broken.append(f"{part.path}: not read to its end: {why(error)}")


def _of_lines(file: BinaryIO, source: str, unread: Unread) -> Iterator[Record]:
    while line := file.readline(_LONGEST):
        is_ended = line.endswith(b"\n")
        if not is_ended and len(line) == _LONGEST:  # nothing this long is an event
            skip_line(file, _LONGEST)
            unread.foreign += 1
        elif event := record_of_line(line, source):
            yield event
        elif line.strip():
            unread.foreign += is_ended
            unread.torn += not is_ended
