"""Points in time as people say them: ``15m`` is that long ago, the rest is RFC 3339."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime

_AGO = re.compile(r"(\d{1,9})(s|m|h|d|w)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_LEAST = re.compile(r"\d{4}-\d\d-\d\d")


def read_time(text: str, now: Callable[[], float] = time.time) -> float:
    """Return Unix seconds; a time without a zone is UTC, a date its first moment."""
    if ago := _AGO.fullmatch(text):
        return now() - int(ago[1]) * _SECONDS[ago[2]]
    try:
        if not _LEAST.match(text):
            raise ValueError
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is no time: say how long ago (90s, 15m, 2h, 1d), or 2026-11-26 or "
            "2026-11-26T01:09:38Z"
        ) from None


def short_time(at: float, now: Callable[[], float] = time.time) -> str:
    """Return a time in UTC, to the second; the date only where it is not today's."""
    text = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return text[11:] if is_today(at, now) else text


def is_today(at: float, now: Callable[[], float] = time.time) -> bool:
    """Return True for a time of this day, in UTC."""
    return datetime.fromtimestamp(at, UTC).date() == datetime.fromtimestamp(now(), UTC).date()
