"""A body holds its source back, wakes who waits, and tells why there is no more."""

import asyncio

import pytest

from adapter.proxy.body import Body
from adapter.proxy.limits import HIGH_WATER_BYTES


class Source:
    """Remembers whether it is held back."""

    is_paused = False

    def pause_reading(self) -> None:
        """Remember."""
        self.is_paused = True

    def resume_reading(self) -> None:
        """Forget."""
        self.is_paused = False


async def test_pieces_come_in_order_and_end() -> None:
    """Those that wait come together."""
    body = Body(Source())
    body.feed(b"a")
    body.feed(b"b")
    assert not body.is_complete
    assert await body.read() == b"ab"
    body.feed(b"c")
    body.end()
    assert (body.is_complete, body.is_over) == (True, False)
    assert await body.read() == b"c"
    assert (await body.read(), body.is_over) == (b"", True)


async def test_source_is_held_back() -> None:
    """While more waits than should."""
    source = Source()
    body = Body(source)
    body.feed(b"x" * HIGH_WATER_BYTES)
    assert not source.is_paused
    body.feed(b"x")
    assert source.is_paused
    body.take()
    assert not source.is_paused


async def test_reader_is_woken() -> None:
    """By data, by a failure, and by a nudge that brings nothing."""
    body = Body(Source())
    waiting = asyncio.create_task(body.wait())
    await asyncio.sleep(0)
    body.nudge()
    await waiting
    assert not body.has_news
    reading = asyncio.create_task(body.read())
    await asyncio.sleep(0)
    body.feed(b"a")
    assert await reading == b"a"
    reading = asyncio.create_task(body.read())
    await asyncio.sleep(0)
    body.fail(ConnectionResetError("gone"))
    with pytest.raises(ConnectionResetError):
        await reading


async def test_failure_comes_after_what_came() -> None:
    """The first one counts; after the end there is none."""
    body = Body(Source())
    body.feed(b"a")
    body.fail(ValueError("first"))
    body.fail(ValueError("second"))
    assert body.take() == b"a"
    with pytest.raises(ValueError, match="first"):
        body.take()
    body = Body(Source())
    body.end()
    body.fail(ValueError("late"))
    assert (body.take(), body.is_over) == (b"", True)


async def test_failed_body_has_no_end() -> None:
    """Whoever reads it may not take a broken one for whole."""
    body = Body(Source())
    body.feed(b"a")
    body.fail(ValueError("broken"))
    body.end()
    assert (body.take(), body.is_over) == (b"a", False)
    with pytest.raises(ValueError, match="broken"):
        body.take()
