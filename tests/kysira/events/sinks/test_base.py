"""What lasts is not logged all the time, and sinks are told apart."""

from kysira.events.sinks.base import Sink, Spooling
from tests.kysira.events.sinks.lines import FakeSink


async def test_spooling_is_told_apart() -> None:
    """A sink without a spool is none that has one."""
    sink: Sink = FakeSink()
    assert not isinstance(sink, Spooling)
