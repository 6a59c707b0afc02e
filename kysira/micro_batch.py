"""Work of several requests done back to back, so that each finds the processor's caches warm."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")

_LONGEST_S = 0.002
"""Seconds after which others get a turn of the event loop: one request alone may take longer."""


class MicroBatch(Generic[Result]):
    """Does what was asked for in one turn of the event loop at the end of it, one after the other.

    What the loop does for a request between two steps of another pushes the other's code and data
    out of the processor's caches; step by step over several requests it costs less (the idea of
    vector packet processing, https://fd.io). A request that comes alone waits for no other.
    """

    def __init__(self, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._waiting: deque[tuple[Callable[[], Result], asyncio.Future[Result]]] = deque()

    async def run(self, work: Callable[[], Result]) -> Result:
        """Return what the work returns; what it raises is raised here, and nowhere else.

        As if it had been done at once, an asker that is cancelled has its answer first: what was
        asked for is done once, and the next thing that the asker awaits is cancelled. Within a
        timeout there must be such a thing, or Python before 3.13 cancels what comes after it.
        """
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._work_off)
        future: asyncio.Future[Result] = loop.create_future()
        self._waiting.append((work, future))
        try:
            return await future
        except asyncio.CancelledError as error:
            if not future.cancelled() and future.exception() is error:
                raise  # the work's own
            _cancel_later()
            return work() if future.cancelled() else future.result()

    def _work_off(self) -> None:
        until = self._clock() + _LONGEST_S
        for _ in range(len(self._waiting)):
            work, future = self._waiting.popleft()
            if not future.cancelled():
                _do(work, future)
                if self._clock() >= until:
                    break
        if self._waiting:  # first in the next turn, before what is asked for until then
            asyncio.get_running_loop().call_soon(self._work_off)


def _do(work: Callable[[], Result], future: "asyncio.Future[Result]") -> None:
    """Have the future end as the work does; raises nothing, or others would wait for ever."""
    try:
        future.set_result(work())
    except StopIteration as error:  # no future takes it
        future.set_exception(RuntimeError(f"work raised {error!r}"))
    except BaseException as error:  # a panic in Rust is no Exception
        future.set_exception(error)


def _cancel_later() -> None:
    """Have the running task cancelled at what it awaits next, in place of now."""
    if task := asyncio.current_task():
        task.uncancel()  # the same one, not one more: timeouts count them
        task.cancel()
