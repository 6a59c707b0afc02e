"""What lasts is not logged all the time, and sinks are told apart."""

from kysira.events.sinks.base import Rarely, Sink, Spooling
from tests.kysira.events.sinks.lines import FakeSink


async def test_rarely_is_due_once_a_period() -> None:
    """It is due at once, then not before a period is over."""
    now = [100.0]
    rarely = Rarely(60, clock=lambda: now[0])
    assert [rarely.is_due(), rarely.is_due()] == [True, False]
    now[0] += 59.9
    assert not rarely.is_due()
    now[0] += 0.1
    assert [rarely.is_due(), rarely.is_due()] == [True, False]


async def test_spooling_is_told_apart() -> None:
    """A sink without a spool is none that has one."""
    sink: Sink = FakeSink()
    assert not isinstance(sink, Spooling)
