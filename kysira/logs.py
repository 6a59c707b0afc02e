"""Logs on stderr: one key=value line an event, or one JSON object."""

import io
import json
import logging
import select
import sys
import time
from typing import TextIO

from kysira.errors import SettingsError
from kysira.settings import LogFormat

LEVELS = ("debug", "info", "warning", "error")
_PIPE_BUF = 4096
"""Bytes that a pipe or socket takes at once when it is said to be writable (pipe(7))."""
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), 0x7F, 0x85, 0x2028, 0x2029)}


class _Text(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)sZ %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S")
        self.converter = time.gmtime

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """Return one line whatever the message holds: a client must not write lines of its own."""
        return super().formatMessage(record).translate(_CONTROLS)


class _Json(_Text):
    def format(self, record: logging.LogRecord) -> str:
        row = {
            "time": self.formatTime(record, self.datefmt) + "Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            row["traceback"] = self.formatException(record.exc_info)
        return json.dumps(row)


class _Unblocked(logging.StreamHandler[TextIO]):
    """Drops what nobody takes: whoever waits for a full pipe lets all requests wait too.

    How much was dropped is said once there is room again.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._lost = 0
        self._poll: select.poll | None = None
        try:
            self._poll = select.poll()
            self._poll.register(stream.fileno(), select.POLLOUT)
        except io.UnsupportedOperation:  # no file at all: it never blocks
            self._poll = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record, as far as there is room."""
        try:
            text = self.format(record) + "\n"
            if self._lost and self._is_written(f"log_lines_lost count={self._lost}\n"):
                self._lost = 0
            if self._lost or not self._is_written(text):
                self._lost += 1
        except Exception:
            self.handleError(record)

    def _is_written(self, text: str) -> bool:
        size = _PIPE_BUF // 4  # characters, of four bytes at most
        for start in range(0, len(text), size):
            if self._poll is not None and not self._poll.poll(0):
                return False
            self.stream.write(text[start : start + size])
            self.flush()
        return True


def configure(level: str, log_format: LogFormat) -> None:
    """Send every log of this process to stderr; raises SettingsError on an unknown level."""
    if level.lower() not in LEVELS:
        raise SettingsError(f"log level {level!r} must be one of {', '.join(LEVELS)}")
    handler = _Unblocked(sys.stderr)
    handler.setFormatter(_Json() if log_format is LogFormat.JSON else _Text())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
