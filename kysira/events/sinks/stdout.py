"""Events on standard output, a line each, for whoever collects the output of processes."""

import errno
import logging
import os
import select
import sys
from collections.abc import Sequence
from functools import partial

from kysira.events.sinks.base import Line
from kysira.events.sinks.worker import Worker
from kysira.rarely import Rarely

log = logging.getLogger(__name__)
_GONE = (errno.EPIPE, errno.EBADF)


class StdoutSink:
    """Writes to a file descriptor, in a thread: a full pipe may hold up nothing but this sink.

    When nobody can read it any more, every further event is dropped.
    """

    name = "stdout"

    def __init__(self, descriptor: int | None = None) -> None:
        """``descriptor`` is that of standard output unless it is given."""
        self._descriptor = 1 if descriptor is None else descriptor
        # A process started without one has its first socket there.
        self._is_gone = descriptor is None and sys.__stdout__ is None
        self._worker = Worker("kysira-stdout-sink")
        self._is_torn = False
        self._log = Rarely()
        self.dropped = 0

    async def start(self) -> None:
        """Say so when there is nobody to write to."""
        if self._is_gone:
            log.error("stdout_failed error='it is closed' effect='its events are dropped'")

    async def write(self, lines: Sequence[Line]) -> None:
        """Write the lines, once the reader has made room for them."""
        if self._is_gone:
            self.dropped += len(lines)
            return
        end = b"\n" if self._is_torn else b""
        data = end + b"".join([line.json + b"\n" for line in lines])
        written, error = await self._worker.call(partial(_write, self._descriptor, data))
        self.dropped += len(lines) - max(data.count(b"\n", 0, written) - len(end), 0)
        if error:
            self._note(error)
        if written:
            self._is_torn = not data.endswith(b"\n", 0, written)

    def _note(self, error: OSError) -> None:
        self._is_gone = error.errno in _GONE
        if self._is_gone or self._log.is_due():
            log.error("stdout_failed error=%r dropped=%d", str(error), self.dropped)

    async def close(self) -> None:
        """Let the thread end; what was written is with the reader already."""
        self._worker.end()


def _write(descriptor: int, data: bytes) -> tuple[int, OSError | None]:
    written = 0
    try:
        while written < len(data):
            try:
                written += os.write(descriptor, data[written:] if written else data)
            except BlockingIOError:  # somebody who shares the pipe has made it so
                poll = select.poll()
                poll.register(descriptor, select.POLLOUT)
                poll.poll()
    except OSError as error:
        return written, error
    return written, None
