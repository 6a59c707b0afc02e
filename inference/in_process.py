"""The engine behind the scoring port, in this process."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

from inference.engine import Engine, Inspection
from inference.loading import load_engine
from kysira.errors import ScoringOverload, ScoringTimeout
from kysira.settings import Device, EngineSettings
from kysira.types import Request, ScoreOptions, Uninspected, Verdict

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")
INLINE_BYTES = 16384
"""A larger request is scored in a thread, so that it does not hold up the event loop."""
MAX_WAITING = 64
"""Requests that may wait for a thread; more are refused at once rather than all too late."""
MAX_WAIT_S = 0.25
"""Seconds after which nobody waits for a request any more: a front-end's deadline is 0.3 s."""

THREADS = min(4, os.cpu_count() or 1)
GPU_THREADS = 32
"""A GPU scores what many threads ask for in one batch: they wait for it, and cost no CPU."""


def threads_for(device: Device) -> int:
    """Return how many requests may be with the models at a time."""
    return THREADS if device is Device.CPU else GPU_THREADS


class _Threads:
    """Threads with a bounded queue in front."""

    def __init__(self, count: int, name: str) -> None:
        self._executor = ThreadPoolExecutor(count, thread_name_prefix=name)
        self._waiting = 0

    async def run(
        self, latest: float, work: Callable[[*Arguments], Result], *arguments: *Arguments
    ) -> Result:
        """Return what the work returns, unless it can't begin at ``latest`` (monotonic seconds).

        Raises ScoringOverload when too many wait already, ScoringTimeout after a long wait.
        """
        if self._waiting >= MAX_WAITING:
            raise ScoringOverload("too many requests are being scored")

        def unless_late() -> Result:
            if time.monotonic() > latest:
                raise ScoringTimeout("the request waited too long for a thread")
            return work(*arguments)

        future = asyncio.get_running_loop().run_in_executor(self._executor, unless_late)
        self._waiting += 1
        # A deadline abandons the wait, not the work: the place is free when the work is done.
        future.add_done_callback(self._done)
        return await asyncio.shield(future)

    def _done(self, future: "asyncio.Future[Result]") -> None:
        self._waiting -= 1
        if not future.cancelled():
            future.exception()  # retrieved, whether or not anyone still waits

    def close(self) -> None:
        """Let running work finish, and drop what waits."""
        self._executor.shutdown(wait=False, cancel_futures=True)


class EngineScorer:
    """Scores small requests at once and large ones, and models, in threads.

    Each have their own: prose that keeps the models busy must not keep a large body unread.
    """

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
        self.detectors: Mapping[str, str] = engine.backings
        self._bodies = _Threads(1, "scorer-body")
        self._models = _Threads(threads, "scorer-model")

    def score(self, request: Request, options: ScoreOptions) -> Verdict | Awaitable[Verdict]:
        """Return the verdict, or what to await while a thread works on it.

        That raises ScoringOverload when too many large requests wait, ScoringTimeout after a long
        wait. Where only the models are late, the verdict is that of the rules, and says so.
        """
        latest = time.monotonic() + self._max_wait_s
        if not _is_small(request):
            return self._large(latest, request, options)
        inspection = self._engine.inspect(request, options)
        if not inspection.needs_models:
            return self._engine.conclude(inspection)
        return self._judged(latest, inspection)

    async def _large(self, latest: float, request: Request, options: ScoreOptions) -> Verdict:
        inspection = await self._bodies.run(latest, self._engine.inspect, request, options)
        if not inspection.needs_models:
            return self._engine.conclude(inspection)
        return await self._judged(latest, inspection)

    async def _judged(self, latest: float, inspection: Inspection) -> Verdict:
        try:
            async with asyncio.timeout(max(0.0, latest - time.monotonic())):
                return await self._models.run(latest, self._engine.conclude, inspection)
        except ScoringOverload:
            problem = Uninspected.OVERLOAD
        except (ScoringTimeout, TimeoutError):
            problem = Uninspected.TIMEOUT
        return self._engine.conclude_without_models(inspection, problem)

    async def close(self) -> None:
        """Let running work finish, and drop what waits for a thread."""
        self._bodies.close()
        self._models.close()


def load_scorer(settings: EngineSettings) -> EngineScorer:
    """Return the engine that the settings ask for; raises SettingsError or ModelError."""
    return EngineScorer(load_engine(settings), threads=threads_for(settings.device))


def _is_small(request: Request) -> bool:
    if request.body and any(name == "content-encoding" for name, _ in request.headers):
        return False  # it may grow
    size = sum([len(value) for _, value in request.headers])
    return size + len(request.target) + len(request.body) <= INLINE_BYTES
