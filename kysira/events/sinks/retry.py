"""When a batch is sent again, and how long after."""

import email.utils
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

LONGEST_RETRY_AFTER_S = 300.0
_PASSING = frozenset({401, 403, 404, 407, 408, 425, 429})


def is_passing(status: int) -> bool:
    """Return True for a status that is not about the batch, so that it may be taken later.

    The endpoint is busy, or somebody has to mend a key, a path or a URL that has moved
    (RFC 9110 §15).
    """
    return status in _PASSING or status >= 500 or 300 <= status < 400


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits twice as long after each failure, up to a bound, and not in step with others."""

    first_s: float = 0.5
    longest_s: float = 60.0
    chance: Callable[[], float] = random.random
    """Returns numbers from 0 to 1."""

    def delay_s(self, failures: int) -> float:
        """Return how long to wait after so many failures in a row, at least half of the bound."""
        bound = min(self.first_s * 2.0 ** min(failures - 1, 64), self.longest_s)
        return bound * (0.5 + self.chance() / 2)


def retry_after_s(text: str | None, now: float | None = None) -> float | None:
    """Return the seconds that a Retry-After asks for, at most five minutes; None for no sense.

    It holds seconds, or a date (RFC 9110 §10.2.3).
    """
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdecimal():
        return min(float(text), LONGEST_RETRY_AFTER_S)
    try:
        date = email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    wait = date - (time.time() if now is None else now)
    return min(max(wait, 0.0), LONGEST_RETRY_AFTER_S)
