"""A thread for blocking calls: in order, and no hindrance to the end of the process."""

import asyncio
import subprocess
import sys
import threading

import pytest

from kysira.events.sinks.worker import Worker

BLOCKS = """
import asyncio, threading
from kysira.events.sinks.worker import Worker
entered = threading.Event()
def block():
    entered.set()
    threading.Event().wait()
async def main():
    call = asyncio.create_task(Worker("stuck").call(block))
    await asyncio.to_thread(entered.wait)
    call.cancel()
asyncio.run(main())
print("ended")
"""


async def test_calls_are_made_in_order() -> None:
    """Results come back to whoever asked, and calls never overlap."""
    worker, seen = Worker("test"), []
    answers = await asyncio.gather(
        *(worker.call(lambda n=n: seen.append(n) or n) for n in range(100))  # type: ignore[misc]
    )
    assert answers == seen == list(range(100))
    worker.end()


async def test_error_is_the_callers() -> None:
    """What a call raises is raised to its caller; the next one works."""
    worker = Worker("test")

    def fail() -> None:
        raise OSError("no disk")

    with pytest.raises(OSError, match="no disk"):
        await worker.call(fail)
    assert await worker.call(lambda: 1) == 1
    worker.end()
    assert await worker.call(lambda: 2) == 2, "it starts again when it is needed"
    worker.end()


async def test_cancelled_call_is_not_made() -> None:
    """A call whose caller went away while another blocked is left out; the loop was never held."""
    worker, gate, seen = Worker("test"), threading.Event(), []
    first = asyncio.create_task(worker.call(gate.wait))
    second = asyncio.create_task(worker.call(lambda: seen.append("second")))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    gate.set()
    await first
    await worker.call(lambda: seen.append("third"))
    assert seen == ["third"]
    worker.end()


async def test_thread_that_can_not_start_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where threads are limited a call fails, and the next one does not wait for ever."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    worker = Worker("test")
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="thread"):
            await worker.call(lambda: 1)
    async with asyncio.timeout(20):
        assert await worker.call(lambda: 2) == 2
    worker.end()


def test_blocked_call_lets_the_process_end() -> None:
    """A process whose call never returns still ends."""
    done = subprocess.run(
        [sys.executable, "-c", BLOCKS], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "ended\n"), done.stderr
