"""Before a sink: order, a bound, and an end in time, whatever the sink does."""

import asyncio

import pytest

from kysira.events.sinks.queue import SinkQueue
from tests.kysira.events.sinks.lines import FakeSink, lines


async def test_queue_hands_over_in_order() -> None:
    """The sink is started first, and gets everything as it was put."""
    sink = FakeSink()
    queue = SinkQueue(sink)
    queue.start()
    for first in range(0, 3000, 10):
        queue.put(lines(10, first=first))
    await queue.flush()
    assert sink.given == lines(3000)
    await queue.close()
    assert sink.calls == ["start", "close"]
    assert queue.dropped == 0


async def test_queue_drops_what_does_not_fit() -> None:
    """Beyond its limit, what the sink has in hand included, lines are dropped and counted."""
    sink = FakeSink()
    sink.gate.clear()
    sink.dropped = 5
    queue = SinkQueue(sink, limit=10)
    queue.start()
    queue.put(lines(4))
    await sink.is_entered.wait()
    queue.put(lines(20, first=4))
    assert queue.dropped == 14 + 5
    sink.gate.set()
    await queue.flush()
    queue.put(lines(1, first=100))
    await queue.close()
    assert sink.given == [*lines(10), *lines(1, first=100)], "the oldest stay, and it goes on"


async def test_put_never_waits() -> None:
    """Before it is started, and while the sink does nothing, putting returns at once."""
    queue = SinkQueue(FakeSink())
    queue.put(lines(3))
    assert queue.dropped == 0
    queue.start()
    await queue.close()
    assert queue.sink.given == lines(3)  # type: ignore[attr-defined]


async def test_bug_of_a_sink_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A sink that raises loses what it had, counted and logged; the next lines reach it."""
    sink = FakeSink()
    sink.failures = 1
    queue = SinkQueue(sink)
    queue.start()
    queue.put(lines(2))
    await queue.flush()
    queue.put(lines(2, first=2))
    await queue.close()
    assert sink.given == lines(2, first=2)
    assert queue.dropped == 2
    assert "sink_failed sink=fake count=2" in caplog.text


async def test_close_takes_what_waits_along() -> None:
    """Everything put before is written before the sink is closed; later lines are dropped."""
    sink = FakeSink()
    queue = SinkQueue(sink)
    queue.start()
    queue.put(lines(2500))
    await queue.close()
    queue.put(lines(1))
    assert sink.given == lines(2500)
    assert sink.calls[-1] == "close"
    assert queue.dropped == 1


async def test_close_does_not_wait_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    """A sink that never returns costs its lines, counted, and no more than the deadline."""
    sink = FakeSink()
    sink.gate.clear()
    queue = SinkQueue(sink)
    queue.start()
    queue.put(lines(3))
    await sink.is_entered.wait()
    queue.put(lines(4))
    async with asyncio.timeout(60):
        await queue.close(0.05)
        await queue.flush()
    assert queue.dropped == 7
    assert "events_not_written sink=fake count=7" in caplog.text
    assert "sink_not_closed sink=fake" in caplog.text


async def test_unstarted_queue_closes() -> None:
    """What was never started can be closed; its lines are counted as lost."""
    queue = SinkQueue(FakeSink())
    queue.put(lines(2))
    await queue.close(0.01)
    assert queue.dropped == 2
    assert queue.spool_bytes == 0
