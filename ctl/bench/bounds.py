"""Ends a replay in time: after so many requests, so many seconds, or when nobody answers."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from ctl.bench.columns import Outcome
from ctl.bench.replay import Reply
from ctl.bench.rows import Row

MAX_UNANSWERED = 50
"""Requests in a row; what hangs on one request may well hold up some others with it."""


class Bounds:
    """Passes rows on until a bound is reached; ``stopped`` then says which, and is "" before."""

    def __init__(
        self, max_requests: int, max_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Count requests for one column, and seconds from now."""
        self.stopped = ""
        self._max_requests = max_requests
        self._max_seconds = max_seconds
        self._clock = clock
        self._end = clock() + max_seconds
        self._unanswered: Counter[str] = Counter()

    def rows(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield rows while there is time, and someone answers."""
        requests = 0
        for row in rows:
            requests += len(row.requests)
            if requests > self._max_requests:
                self.stopped = f"--max-requests {self._max_requests} is reached"
            elif self._clock() > self._end:
                self.stopped = f"--max-minutes {self._max_seconds / 60:g} have passed"
            if self.stopped:
                return
            yield row

    def watch(self, column: str, reply: Reply) -> None:
        """Stop when a column has not answered for long."""
        for answer in reply.answers:
            if answer.outcome is Outcome.UNANSWERED:
                self._unanswered[column] += 1
            elif answer.outcome is not Outcome.UNSENT:
                self._unanswered[column] = 0
            if self._unanswered[column] >= MAX_UNANSWERED:
                self.stopped = (
                    f"{column} did not answer {MAX_UNANSWERED} requests in a row ({answer.said})"
                )
