"""Logs on stderr: one key=value line an event, or one JSON object."""

import json
import logging
import sys
import time

from kysira.errors import SettingsError
from kysira.settings import LogFormat

LEVELS = ("debug", "info", "warning", "error")


class _Text(logging.Formatter):
    converter = time.gmtime

    def __init__(self) -> None:
        super().__init__("%(asctime)sZ %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S")


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
