"""The engine behind the scoring port, in this process."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVarTuple

from inference.engine import Engine
from kysira.errors import ScoringOverload, ScoringTimeout
from kysira.types import Request, ScoreOptions, Verdict

Arguments = TypeVarTuple("Arguments")
INLINE_BYTES = 16384
"""A larger request is scored in a thread, so that it does not hold up the event loop."""
MAX_WAITING = 64
"""Requests that may wait for a thread; more are refused at once rather than all too late."""
MAX_WAIT_S = 0.25
"""Seconds after which nobody waits for a request any more: a front-end's deadline is 0.3 s."""

THREADS = min(4, os.cpu_count() or 1)


class EngineScorer:
    """Scores small requests at once and large ones, and models, in threads."""

    description = "in-process"
    is_failing = False  # what one request is refused for says nothing of the next

    def __init__(
        self, engine: Engine, *, threads: int = THREADS, max_wait_s: float = MAX_WAIT_S
    ) -> None:
        """Work that has waited longer than ``max_wait_s`` is dropped: nobody waits for it any more.

        More threads than one help as models run without the interpreter's lock.
        """
        self._engine = engine
        self._max_wait_s = max_wait_s
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="scorer")
        self._waiting = 0

    def score(self, request: Request, options: ScoreOptions) -> Verdict | Awaitable[Verdict]:
        """Return the verdict, or what to await while a thread works on it.

        That raises ScoringOverload when too many requests wait, ScoringTimeout after a long wait.
        """
        if not _is_small(request):
            return self._in_thread(self._engine.score, request, options)
        inspection = self._engine.inspect(request, options)
        if not inspection.needs_models:
            return self._engine.conclude(inspection)
        return self._in_thread(self._engine.conclude, inspection)

    async def _in_thread(
        self, work: Callable[[*Arguments], Verdict], *arguments: *Arguments
    ) -> Verdict:
        if self._waiting >= MAX_WAITING:
            raise ScoringOverload("too many requests are being scored")
        latest = time.monotonic() + self._max_wait_s

        def unless_late() -> Verdict:
            if time.monotonic() > latest:
                raise ScoringTimeout("the request waited too long for a thread")
            return work(*arguments)

        future = asyncio.get_running_loop().run_in_executor(self._threads, unless_late)
        self._waiting += 1
        # A deadline abandons the wait, not the work: the place is free when the work is done.
        future.add_done_callback(self._done)
        return await asyncio.shield(future)

    def _done(self, future: asyncio.Future[Verdict]) -> None:
        self._waiting -= 1
        if not future.cancelled():
            future.exception()  # retrieved, whether or not anyone still waits

    async def close(self) -> None:
        """Let running work finish, and drop what waits for a thread."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _is_small(request: Request) -> bool:
    if request.body and any(name == "content-encoding" for name, _ in request.headers):
        return False  # it may grow
    size = sum([len(value) for _, value in request.headers])
    return size + len(request.target) + len(request.body) <= INLINE_BYTES
