"""Logs on stderr: one key=value line an event, or one JSON object."""

import json
import logging
import sys
import time

from kysira.errors import SettingsError
from kysira.settings import LogFormat

LEVELS = ("debug", "info", "warning", "error")
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


def configure(level: str, log_format: LogFormat) -> None:
    """Send every log of this process to stderr; raises SettingsError on an unknown level."""
    if level.lower() not in LEVELS:
        raise SettingsError(f"log level {level!r} must be one of {', '.join(LEVELS)}")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if log_format is LogFormat.JSON else _Text())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
