"""Standard output as kysiractl writes it: whoever reads it may go away, and a disk may be full."""

import errno
import io
import os
import sys
from pathlib import Path
from typing import Any


class OutputGone(Exception):
    """Standard output takes no more; its text says why."""

    def __init__(self, error: OSError) -> None:
        super().__init__((error.strerror or str(error)).lower())
        self.is_closed_pipe = error.errno == errno.EPIPE
        """True when the reader has seen enough, as ``head`` has."""


class _Output(io.FileIO):
    """A file descriptor whose first failure is told, and that swallows everything after it.

    Otherwise each library has its own idea of a closed pipe, and Python tries again as it ends.
    """

    _is_gone = False

    def write(self, data: Any, /) -> int:
        if self._is_gone:
            return len(data)
        try:
            return super().write(data)
        except BlockingIOError:  # some other program made the terminal so
            os.set_blocking(self.fileno(), True)
            return super().write(data)
        except OSError as error:
            self._is_gone = True
            raise OutputGone(error) from None


def guard_stdout() -> None:
    """Let failures of standard output come as OutputGone, wherever it is written from.

    What it can't encode is written as an escape.
    """
    if sys.stdout is None:  # closed: whoever did that wants none
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - as long as the process is
        return
    if not isinstance(sys.stdout, io.TextIOWrapper):  # a test's own
        return
    old = sys.stdout
    try:
        raw = _Output(old.fileno(), "w", closefd=False)
    except (OSError, ValueError):
        return
    old.flush()
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=old.encoding, errors="backslashreplace",
        line_buffering=old.line_buffering,
    )  # fmt: skip


def flush_stdout() -> None:
    """Write out what waits; raises OutputGone."""
    sys.stdout.flush()
