"""Rows through columns: everyone is asked about every request, and what they say is counted."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from ctl.bench.columns import Answer, Column, Outcome
from ctl.bench.rows import Row
from kysira.types import Request

_ROWS_AHEAD = 2
"""Rows in flight for each thread, so that one slow answer does not leave the others idle."""


@dataclass(slots=True)
class Tally:
    """The rows of one source and label, and what became of them in one column."""

    rows: int = 0
    """Those with at least one request that was answered."""
    flagged: float = 0.0
    """Each row counts as the share of its answered requests that were blocked."""
    causes: dict[str, float] = field(default_factory=dict)
    """What was found (a reason, or a slug) → rows, each as the share of its requests."""

    @property
    def rate(self) -> float:
        """Return the share of the requests that were flagged."""
        return self.flagged / self.rows if self.rows else 0.0


@dataclass(frozen=True, slots=True)
class Key:
    """What is counted together."""

    column: str
    source: str
    is_attack: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """What one column says of one row."""

    row: Row
    answers: tuple[Answer, ...]

    @property
    def share(self) -> float | None:
        """Return the share of the answered requests that were blocked; None if none was."""
        outcomes = [answer.outcome for answer in self.answers]
        blocked = outcomes.count(Outcome.BLOCKED)
        answered = blocked + outcomes.count(Outcome.PASSED)
        return blocked / answered if answered else None

    @property
    def is_right(self) -> bool:
        """Return True where each answered request got what its label asks for."""
        return self.share in (None, 1.0 if self.row.is_attack else 0.0)


@dataclass(slots=True)
class Results:
    """Everything that the tables are made of."""

    by_source: dict[Key, Tally] = field(default_factory=dict)
    by_category: dict[Key, Tally] = field(default_factory=dict)
    scores: dict[tuple[str, str, bool], list[float]] = field(default_factory=dict)
    """(column, detector, is an attack of its kind) → the scores of rows, for the AUC."""
    said: dict[str, Counter[tuple[Outcome, str]]] = field(default_factory=dict)
    """Column → what it said of how many requests, where it says anything but a verdict."""


Watcher = Callable[[str, Reply], None]
"""Sees each column's name and reply, in the order of the rows."""


def replay(
    rows: Iterable[Row], columns: Sequence[Column], *watchers: Watcher, threads: int = 4
) -> Results:
    """Ask every column about every row; remote ones about several requests at once."""
    results = Results()
    for name, reply in _replies(rows, columns, threads):
        _count(results, name, reply)
        for watch in watchers:
            watch(name, reply)
    return results


_Waiting = dict[str, list["Future[Answer]"]]


def _replies(
    rows: Iterable[Row], columns: Sequence[Column], threads: int
) -> Iterator[tuple[str, Reply]]:
    pool = ThreadPoolExecutor(threads, thread_name_prefix="replay")
    remote = [column for column in columns if column.is_remote]
    ahead = threads * _ROWS_AHEAD if remote else 0
    queue: deque[tuple[Row, tuple[Request, ...], _Waiting]] = deque()

    def settled() -> Iterator[tuple[str, Reply]]:
        row, requests, waiting = queue.popleft()
        for column in columns:
            futures = waiting.get(column.name)
            answers = (
                (column.ask(request) for request in requests)
                if futures is None
                else (future.result() for future in futures)
            )
            yield column.name, Reply(row, tuple(answers))

    try:
        for row in rows:
            requests = row.requests
            sent = {c.name: [pool.submit(c.ask, request) for request in requests] for c in remote}
            queue.append((row, requests, sent))
            if len(queue) > ahead:
                yield from settled()
        while queue:
            yield from settled()
    finally:
        pool.shutdown(cancel_futures=True)


def _count(results: Results, column: str, reply: Reply) -> None:
    said = results.said.setdefault(column, Counter())
    said.update((answer.outcome, answer.said) for answer in reply.answers if answer.said)
    share, row = reply.share, reply.row
    if share is None:
        return
    key = Key(column, row.source, row.is_attack)
    _add(results.by_source.setdefault(key, Tally()), reply, share)
    if row.is_attack:
        key = Key(column, row.category or "unnamed", True)
        _add(results.by_category.setdefault(key, Tally()), reply, share)
    for detector in reply.answers[0].scores:
        if row.is_attack and detector != row.category:
            continue  # another attack may hold this one too
        score = max(answer.scores[detector] for answer in reply.answers)
        results.scores.setdefault((column, detector, row.is_attack), []).append(score)


def _add(tally: Tally, reply: Reply, share: float) -> None:
    tally.rows += 1
    tally.flagged += share
    for answer in reply.answers:
        for cause in answer.causes:
            tally.causes[cause] = tally.causes.get(cause, 0.0) + 1 / len(reply.answers)
