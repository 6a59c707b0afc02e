"""A deadline expires once, when it was last set to, and not when cleared."""

import asyncio

from adapter.proxy.deadline import Deadline


async def test_deadline_expires_once() -> None:
    """After the time, not before."""
    loop = asyncio.get_running_loop()
    expired = asyncio.Event()
    times: list[float] = []
    started = loop.time()
    deadline = Deadline(loop, lambda: (times.append(loop.time()), expired.set()))  # type: ignore[func-returns-value]
    deadline.set(0.01)
    deadline.set(0.05)
    await asyncio.wait_for(expired.wait(), 10)
    assert times[0] - started >= 0.045
    await asyncio.sleep(0.05)
    assert len(times) == 1


async def test_earlier_deadline_counts() -> None:
    """Moving it forward moves the timer too."""
    expired = asyncio.Event()
    deadline = Deadline(asyncio.get_running_loop(), expired.set)
    deadline.set(3600)
    deadline.set(0.01)
    await asyncio.wait_for(expired.wait(), 10)


async def test_cleared_deadline_is_none() -> None:
    """Nor is a closed one."""
    loop = asyncio.get_running_loop()
    expired = asyncio.Event()
    cleared, closed = Deadline(loop, expired.set), Deadline(loop, expired.set)
    cleared.set(0.01)
    closed.set(0.01)
    cleared.clear()
    closed.close()
    await asyncio.sleep(0.1)
    assert not expired.is_set()
