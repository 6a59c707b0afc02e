"""A thread for calls that may block for long, such as writing to a stalled disk or a full pipe."""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Worker:
    """Makes calls one after the other, in a thread of its own.

    Unlike a ThreadPoolExecutor's, the thread does not keep the process from ending while a call
    blocks.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]
        self._calls = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def call(self, function: Callable[[], T]) -> T:
        """Return what the function returns or raise what it raises, once it is its turn.

        When the caller is cancelled before that, the function is never called.
        """
        if self._thread is None:
            thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            thread.start()  # may fail, where threads are limited: the next call tries again
            self._thread = thread
        future: Future[T] = Future()
        self._calls.put((future, function))
        return await asyncio.wrap_future(future)

    def end(self) -> None:
        """Let the thread end after the calls that wait; the next call starts another."""
        if self._thread is not None:
            self._calls.put(None)
            self._thread = None

    def _run(self) -> None:
        while call := self._calls.get():
            future, function = call
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = function()
            except Exception as error:  # it is the caller's
                future.set_exception(error)
            else:
                future.set_result(result)
