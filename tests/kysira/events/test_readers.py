"""A reader gets every event in order, or is cut off: what waits for it is bounded."""

import asyncio

import pytest

from kysira.events.readers import Reader, messages
from kysira.events.sinks.base import Line

ONE, TWO = Line("id-1", b'{"n":1}'), Line("id-2", b'{"n":2}')


def test_messages_are_server_sent_events() -> None:
    """Each has its id and its data on a line of their own, and an empty line behind it."""
    assert messages([ONE, TWO]) == b'id: id-1\ndata: {"n":1}\n\nid: id-2\ndata: {"n":2}\n\n'
    assert messages([]) == b""


async def test_reader_gets_the_past_first() -> None:
    """What was there before comes first, then all that waits at once, and None at the end."""
    reader = Reader(messages([ONE]))
    assert reader.put(b"a", 1) == 0
    assert await reader.next() == messages([ONE]) + b"a"
    assert not reader.has_waiting
    reader.put(b"b", 1)
    reader.put(b"c", 1)
    assert reader.has_waiting
    reader.end()
    assert reader.put(b"d", 1) == 0
    assert await reader.next() == b"bc"
    assert await reader.next() is None
    assert await reader.next() is None


async def test_reader_waits_for_news() -> None:
    """Nothing is returned before there is something."""
    reader = Reader()
    waiting = asyncio.ensure_future(reader.next())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(waiting), 0.01)
    reader.put(b"a", 1)
    assert await waiting == b"a"


async def test_slow_reader_is_dropped() -> None:
    """Over the limit all that waits is lost and counted, its connection is cut, and it ends."""
    cut: list[bool] = []
    reader = Reader(messages([ONE, TWO]), limit=3)
    reader.drop = lambda: cut.append(True)
    assert reader.put(b"a", 2) == 0
    assert reader.put(b"b", 1) == 0
    assert not cut
    assert reader.put(b"c", 2) == 5
    assert cut == [True]
    assert reader.put(b"d", 1) == 0
    assert await reader.next() is None


async def test_quick_reader_may_get_much_at_once() -> None:
    """A single piece over the limit is no sign of slowness: nothing waited before it."""
    reader = Reader(limit=3)
    assert reader.put(b"a", 10) == 0
    assert await reader.next() == b"a"
    assert reader.put(b"b", 10) == 0
