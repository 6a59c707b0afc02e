"""Which kind of file it is, and the file open."""

import json
import re
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from ctl.events.record import Record, record
from ctl.inputs import BROKEN, STDIN, inflated, sampled, why
from kysira.errors import CorpusError

_HAR = re.compile(rb'\s*\{\s*"log"\s*:|\{.*"log"\s*:\s*\{.*"entries"\s*:\s*\[', re.DOTALL)
_EVENT = re.compile(rb'\{\s*"timestamp"\s*:.*"action"\s*:', re.DOTALL)


class Format(StrEnum):
    """What requests are read from."""

    AUTO = "auto"
    EVENTS = "events"
    HAR = "har"
    ACCESS_LOG = "access-log"


@dataclass(frozen=True, slots=True)
class Source:
    """Where requests are read from."""

    name: str
    """A file or folder, or ``-``."""
    kind: Format
    file: BinaryIO | None = None
    """Open, and unpacked; None for events that are found by the name: they may be rotated."""
    live: Sequence[Record] | None = None
    """The events themselves, by time, where services told them."""


def sources(names: Iterable[str], kind: Format, held: ExitStack) -> list[Source]:
    """Return every file, opened once: a pipe gives nothing twice.

    Raises CorpusError for one that can't be read, or is empty.
    """
    return [_source(name, kind, held) for name in dict.fromkeys(names)]


def _source(name: str, kind: Format, held: ExitStack) -> Source:
    if name != STDIN and kind in (Format.AUTO, Format.EVENTS) and Path(name).is_dir():
        return Source(name, Format.EVENTS)
    shown = "standard input" if name == STDIN else name
    try:
        sample, file = sampled(inflated(_open(name, held)))
        if not sample:
            file.read(1)  # says why, unless it is empty
    except BROKEN as error:
        raise CorpusError(f"{shown}: {why(error)}") from None
    sample = sample.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not sample:
        raise CorpusError(f"{shown}: is empty")
    found = _of_sample(sample) if kind is Format.AUTO else kind
    is_by_name = found is Format.EVENTS and name != STDIN and Path(name).is_file()
    return Source(name, found, None if is_by_name else file)


def _open(name: str, held: ExitStack) -> BinaryIO:
    if name != STDIN:
        return held.enter_context(Path(name).open("rb"))
    if sys.stdin is None:
        raise CorpusError("standard input is closed")
    return sys.stdin.buffer


def _of_sample(sample: bytes) -> Format:
    if not sample.startswith(b"{"):
        return Format.ACCESS_LOG
    line = sample.partition(b"\n")[0]
    if _is_event(line):
        return Format.EVENTS
    return Format.HAR if _HAR.match(sample) else Format.ACCESS_LOG


def _is_event(line: bytes) -> bool:
    try:
        return record(json.loads(line)) is not None
    except (ValueError, RecursionError):  # a long one is cut off in the sample
        return bool(_EVENT.match(line))
