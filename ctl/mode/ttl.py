"""Times: how long a flip holds, as operators write it, and what is left of it."""

import re
import time
from datetime import UTC, datetime

_TTL = re.compile(r"(\d{1,7})([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
MAX_TTL_S = 30 * 86400
"""What the services take at most."""


def read_ttl(text: str) -> float:
    """Return the seconds of ``30s``, ``30m``, ``2h`` or ``1d``: at least 1 s, at most 30 days."""
    match = _TTL.fullmatch(text)
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if not 1 <= seconds <= MAX_TTL_S:
        raise ValueError(f"{text!r} is not a time from 1s to 30d, such as 30m, 2h or 1d")
    return float(seconds)


def left_text(seconds: float) -> str:
    """Return a time to come in its two largest units: ``29m 58s``."""
    rest, parts = max(0, round(seconds)), []
    for unit in "dhms":
        count, rest = divmod(rest, _SECONDS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"


def until_text(expires_at: float | None, *, now: float | None = None) -> str:
    """Return when a flip ends, and how long that is from now; "for good" when it does not."""
    if expires_at is None:
        return "for good"
    left = expires_at - (time.time() if now is None else now)
    return f"{iso(expires_at)} (in {left_text(left)})"


def iso(unix_seconds: float) -> str:
    """Return a time in RFC 3339, in UTC, to the second."""
    return datetime.fromtimestamp(round(unix_seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
