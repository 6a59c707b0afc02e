"""When an exclusion ends, as a user says it."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

DEFAULT = "90d"
"""A quarter: an app has changed by then, and somebody should look whether it still needs it."""
NEVER = "never"
_SPAN = re.compile(r"(\d{1,4})(d|w|h|m)")
_DAYS = {"d": 1.0, "w": 7.0, "h": 1 / 24, "m": 1 / 1440}


def read_expiry(text: str, now: Callable[[], float] = time.time) -> float | None:
    """Return Unix seconds of ``30d``, ``12w``, ``8h``, a date or a time, None for ``never``.

    Days end at midnight, UTC, as a date does. Raises ValueError, for what has passed too.
    """
    if text == NEVER:
        return None
    moment = now()
    if span := _SPAN.fullmatch(text):
        at = moment + int(span[1]) * _DAYS[span[2]] * 86400
        return _end_of_day(at) if span[2] in "dw" else float(int(at))
    from kysira.policy_model import read_moment  # noqa: PLC0415 - pydantic

    try:
        told = read_moment(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is no end: write 30d, 12w, 8h, 2026-12-31, 2026-12-31T18:00:00Z or {NEVER}"
        ) from None
    if told <= moment:
        raise ValueError(f"{text!r} has passed")
    return told


def _end_of_day(unix_seconds: float) -> float:
    day = datetime.fromtimestamp(unix_seconds, UTC).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    return (day + timedelta(days=1)).timestamp()


def written(unix_seconds: float) -> str:
    """Return an end as a person would write it: a date where it is one's end."""
    at = datetime.fromtimestamp(unix_seconds, UTC)
    if (at.hour, at.minute, at.second) == (0, 0, 0):
        return (at - timedelta(days=1)).date().isoformat()
    return at.isoformat().replace("+00:00", "Z")
