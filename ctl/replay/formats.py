"""Which kind of file it is, and the file open."""

import gzip
import json
import os
import re
import sys
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from ctl.events.record import record
from kysira.errors import CorpusError

STDIN = "-"
_GZIP = b"\x1f\x8b"
_SAMPLE = 1 << 16
_HAR = re.compile(rb'\s*\{\s*"log"\s*:')
_EVENT = re.compile(rb'\{\s*"timestamp"\s*:.*"action"\s*:', re.DOTALL)


class Format(StrEnum):
    """What requests are read from."""

    AUTO = "auto"
    EVENTS = "events"
    HAR = "har"
    ACCESS_LOG = "access-log"


def opened(name: str, held: ExitStack) -> BinaryIO:
    """Return a file, or standard input, inflated; raises CorpusError saying why not."""
    if name == STDIN and sys.stdin is None:
        raise CorpusError("standard input is closed")
    try:
        file = sys.stdin.buffer if name == STDIN else _open(Path(name), held)
        is_gzip = cast(Any, file).peek(len(_GZIP))[: len(_GZIP)] == _GZIP
    except OSError as error:
        raise CorpusError(f"{name}: {_why(error)}") from None
    return cast(BinaryIO, gzip.GzipFile(fileobj=file) if is_gzip else file)


def format_of(name: str) -> Format:
    """Return what kind of file it is, by how it begins; raises CorpusError for an empty one.

    A folder is a service's events. Of standard input nothing is taken.
    """
    if name != STDIN and Path(name).is_dir():
        return Format.EVENTS
    with ExitStack() as held:
        file = opened(name, held)
        try:
            sample = cast(Any, file).peek(_SAMPLE) if name == STDIN else file.read(_SAMPLE)
        except (OSError, EOFError) as error:
            raise CorpusError(f"{name}: {error}") from None
    return _of_sample(sample.removeprefix(b"\xef\xbb\xbf").lstrip(), name)


def _of_sample(sample: bytes, name: str) -> Format:
    if not sample:
        raise CorpusError(f"{name}: is empty")
    if not sample.startswith(b"{"):
        return Format.ACCESS_LOG
    if _HAR.match(sample):
        return Format.HAR
    line = sample.partition(b"\n")[0]
    return Format.EVENTS if _is_event(line) else Format.ACCESS_LOG


def _is_event(line: bytes) -> bool:
    try:
        return record(json.loads(line)) is not None
    except (ValueError, RecursionError):  # a long one is cut off in the sample
        return bool(_EVENT.match(line))


def _open(path: Path, held: ExitStack) -> IO[bytes]:
    return held.enter_context(path.open("rb"))


def _why(error: OSError) -> str:
    return os.strerror(error.errno).lower() if error.errno else str(error)
