"""An event as kysiractl reads it: from a service or a file, of this version or another."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any


@dataclass(frozen=True, slots=True)
class Record:
    """One event, and where it was read."""

    at: float
    """Unix seconds."""
    id: str
    """"" of an event that has none."""
    row: Mapping[str, Any]
    """The event as it was written."""
    source: str = ""
    """The service it is of, as its target or its folder is called."""

    def text(self, key: str) -> str:
        """Return a field that should be a text, as one."""
        value = self.row.get(key)
        return value if isinstance(value, str) else "" if value is None else str(value)

    def number(self, key: str) -> float:
        """Return a field that should be a number, 0 where it is none."""
        return number(self.row.get(key)) or 0.0

    def texts(self, key: str) -> list[str]:
        """Return a field that should be a list of texts, without what is none."""
        return [each for each in self._rows(key) if isinstance(each, str)]

    @property
    def findings(self) -> list[Mapping[str, Any]]:
        """Return what was found, the winner of the decision first."""
        found = [each for each in self._rows("findings") if isinstance(each, dict)]
        detector = self.text("detector")
        return sorted(found, key=lambda each: each.get("detector") != detector)

    def _rows(self, key: str) -> list[Any]:
        value = self.row.get(key)
        return value if isinstance(value, list) else []


def number(value: object) -> float | None:
    """Return a JSON value as a finite number, None when it is none."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if isfinite(found) else None


def record(row: object, source: str = "") -> Record | None:
    """Return the event that a JSON value is, None when it is none."""
    if not isinstance(row, dict):
        return None
    timestamp, action, event_id = row.get("timestamp"), row.get("action"), row.get("id", "")
    if not (isinstance(timestamp, str) and isinstance(action, str) and isinstance(event_id, str)):
        return None
    try:
        at = datetime.fromisoformat(timestamp)
    except ValueError:
        return None
    return Record((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp(), event_id, row, source)


def record_of_line(line: bytes, source: str = "") -> Record | None:
    """Return the event that a line of a file is, None when it is none."""
    if not line.lstrip().startswith(b"{"):
        return None
    try:
        row = json.loads(line, parse_constant=_none)
        return record(mended(row) if b"\\ud" in line.lower() else row, source)
    except (ValueError, RecursionError):
        return None


def mended(row: object) -> object:
    """Return a JSON value without halves of characters and NaN, which can't be written."""
    text = json.dumps(row, ensure_ascii=False)
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return json.loads(text, parse_constant=_none)


def _none(_word: str) -> None:
    """Stand for NaN and Infinity, which are no JSON."""
