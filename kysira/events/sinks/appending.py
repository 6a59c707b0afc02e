"""A file of lines that only grows, and is whole but for its end after a crash."""

import errno
import logging
import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

log = logging.getLogger(__name__)
_CHUNK = 1 << 16


class Appended(NamedTuple):
    """What became of lines: how many of the first are in the file, and why not all of them."""

    lines: int
    error: OSError | None = None


class AppendedFile:
    """Appends whole lines; its calls block.

    The file is opened when it is needed and whenever its path has come to name another one, and
    a torn last line, of a process that was killed while it wrote, is cut off then. Nobody but its
    owner may read it; a folder that is made for it is its owner's alone.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: int | None = None

    def size(self) -> int:
        """Return the bytes of its whole lines, opening it; raises OSError."""
        return os.fstat(self._opened()).st_size

    def append(self, lines: Sequence[bytes]) -> Appended:
        """Append the lines, each with a line break; of what could not be written nothing stays."""
        data = b"".join([line + b"\n" for line in lines])
        written = 0
        try:
            handle = self._opened()
            while written < len(data):
                written += os.write(handle, data[written:] if written else data)
        except OSError as error:
            whole = data.rfind(b"\n", 0, written) + 1
            self._cut(written - whole)
            return Appended(data.count(b"\n", 0, whole), error)
        return Appended(len(lines))

    def sync(self) -> None:
        """Return when what was appended would survive a power cut; raises OSError."""
        if self._handle is not None:
            os.fsync(self._handle)

    def close(self) -> None:
        """Let go of the file; the next append opens it again."""
        handle, self._handle = self._handle, None
        if handle is not None:
            with suppress(OSError):  # whoever needs to know that it arrived has called sync
                os.close(handle)

    def _opened(self) -> int:
        if self._handle is not None and self._is_moved(self._handle):
            self.close()
        if self._handle is None:
            self._handle = _open(self.path)
        return self._handle

    def _is_moved(self, handle: int) -> bool:
        """Return True when somebody has deleted or renamed the file: it would grow unseen."""
        try:
            return not os.path.samestat(os.stat(self.path), os.fstat(handle))
        except FileNotFoundError:
            return True

    def _cut(self, size: int) -> None:
        """Take back the end; what can't be now is a torn line, cut when the file is opened next."""
        try:
            if size and self._handle is not None:
                os.ftruncate(self._handle, os.fstat(self._handle).st_size - size)
        except OSError as error:
            log.warning("file_not_cut path=%s error=%r", self.path, str(error))
        self.close()


def _open(path: Path) -> int:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        _recover(handle, path)
    except OSError:
        os.close(handle)
        raise
    return handle


def _recover(handle: int, path: Path) -> None:
    size = os.fstat(handle).st_size
    whole = _end_of_lines(handle, size)
    if whole < size:
        log.warning("torn_line_cut path=%s bytes=%d", path, size - whole)
        os.ftruncate(handle, whole)


def _end_of_lines(handle: int, size: int) -> int:
    end = size
    while end > 0:
        start = max(end - _CHUNK, 0)
        found = os.pread(handle, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
