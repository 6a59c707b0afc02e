"""Following services: every event once and in order, whatever happens to the connection."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from ctl.events.follow import follow
from ctl.events.record import Record
from ctl.fleet.client import fleet_client
from ctl.fleet.open import Fleet
from kysira.errors import StartError
from tests.ctl.events.made import at
from tests.ctl.events.service import Service, services


class Screen:
    """What a user sees."""

    def __init__(self, limit: int = 1000) -> None:
        self.ids: list[str] = []
        self.notes: list[str] = []
        self._limit = limit
        self._has_news = asyncio.Event()

    def show(self, event: Record) -> bool:
        """Take an event."""
        self.ids.append(event.id[:4])
        self._has_news.set()
        return len(self.ids) < self._limit

    def note(self, text: str) -> None:
        """Take a note."""
        self.notes.append(text)
        self._has_news.set()

    async def until(self, is_true: Callable[[], bool]) -> None:
        """Return once it shows what is waited for."""
        async with asyncio.timeout(30):
            while not is_true():
                self._has_news.clear()
                await self._has_news.wait()


@asynccontextmanager
async def following(*told: Service, replay: bool = True) -> AsyncIterator[Screen]:
    """Follow services for as long as the block lasts."""
    screen = Screen()
    async with fleet_client("", 5) as client:
        fleet = Fleet(tuple(each.target for each in told), client)
        task = asyncio.create_task(follow(fleet, screen.show, screen.note, has_replay=replay))
        try:
            yield screen
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def test_follow_tells_past_and_present() -> None:
    """What was before comes first, then each event as it happens; nothing is said of it."""
    async with services(1) as (one,):
        one.events = [at(1), at(2)]
        async with following(one) as screen:
            await one.until_followed()
            one.tell(at(3))
            await screen.until(lambda: len(screen.ids) == 3)
    assert screen.ids == ["0001", "0002", "0003"]
    assert screen.notes == []
    assert one.resumed == ["0002-0"]


async def test_follow_without_past() -> None:
    """Only what happens from now on, also after a break."""
    async with services(1) as (one,):
        one.events = [at(1), at(2)]
        async with following(one, replay=False) as screen:
            await one.until_followed()
            one.tell(at(3))
            await screen.until(lambda: len(screen.ids) == 1)
            one.cut()
            await one.until_followed()
            one.tell(at(4))
            await screen.until(lambda: len(screen.ids) == 2)
    assert screen.ids == ["0003", "0004"]


async def test_follow_merges_by_time() -> None:
    """The past of several services is one, in order."""
    async with services(2) as (one, two):
        one.events = [at(1), at(4), at(5)]
        two.events = [at(2), at(3), at(6)]
        async with following(one, two) as screen:
            await screen.until(lambda: len(screen.ids) == 6)
    assert screen.ids == sorted(screen.ids)


async def test_follow_goes_on_after_a_restart() -> None:
    """It says so, asks for what came after the last event, and shows none twice or never."""
    async with services(2) as (one, two):
        one.events, two.events = [at(1)], [at(2)]
        async with following(one, two) as screen:
            await one.until_followed()
            await screen.until(lambda: len(screen.ids) == 2)
            await one.stop()
            await screen.until(lambda: any("refused" in note for note in screen.notes))
            two.tell(at(3))
            await screen.until(lambda: "0003" in screen.ids)
            one.events.append(at(4))
            await one.start()
            await one.until_followed()
            one.tell(at(5))
            await screen.until(lambda: "0005" in screen.ids)
    assert screen.ids == ["0001", "0002", "0003", "0004", "0005"]
    assert screen.notes == [
        f"{one.name}: the stream ended; connecting again",
        f"{one.name}: connection refused; trying again",
        f"{one.name}: connected again, going on after 0004-0",
    ]
    assert one.resumed == ["0001-0", "0004-0"]


async def test_follow_tells_of_a_gap() -> None:
    """A service that has forgotten what was told last may have forgotten more."""
    async with services(1) as (one,):
        one.events = [at(1), at(2)]
        async with following(one) as screen:
            await one.until_followed()
            await screen.until(lambda: len(screen.ids) == 2)
            one.events = [at(1, 9), at(8), at(9)]
            one.cut()
            await screen.until(lambda: len(screen.ids) == 4)
    assert screen.ids == ["0001", "0002", "0008", "0009"]
    assert "some events after 2026-11-26T01:00:02.000Z may be missing" in screen.notes[1]


async def test_follow_of_an_absent_service_goes_on() -> None:
    """One that is not there at first is named, and joins when it comes."""
    async with services(2) as (one, late):
        await late.stop()
        async with following(one, late) as screen:
            await screen.until(lambda: len(screen.notes) == 1)
            await late.start()
            await late.until_followed()
            late.tell(at(1))
            await screen.until(lambda: len(screen.ids) == 1)
    assert screen.notes[0] == f"{late.name}: connection refused; trying again"
    assert "connected again" in screen.notes[1]


async def test_follow_tells_of_a_stream_that_never_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that hangs is not taken for one where nothing happens."""
    monkeypatch.setattr("ctl.events.follow._HEAD_S", 0.2)
    async with services(1) as (service,):
        service.is_deaf = True
        async with following(service) as screen:
            await screen.until(lambda: bool(screen.notes))
            assert "the stream broke (TimeoutError); connecting again" in screen.notes[0]
            service.is_deaf = False
            await screen.until(lambda: "connected again" in screen.notes[-1])


async def test_follow_of_nobody_is_an_error() -> None:
    """When none answers at the start there is nothing to wait for."""
    async with services(2) as (one, two):
        one.status = 403
        await two.stop()
        with pytest.raises(StartError, match="no service answers: "):
            async with asyncio.timeout(20), fleet_client("", 5) as client:
                fleet = Fleet((one.target, two.target), client)
                await follow(fleet, lambda _: True, lambda _: None)
        await two.start()


async def test_follow_ends_when_no_more_is_wanted() -> None:
    """After so many events it returns, and shows none more."""
    async with services(2) as (one, two):
        one.events, two.events = [at(1), at(3)], [at(2), at(4)]
        screen = Screen(limit=3)
        async with asyncio.timeout(20), fleet_client("", 5) as client:
            await follow(Fleet((one.target, two.target), client), screen.show, screen.note)
    assert screen.ids == ["0001", "0002", "0003"]


async def test_follow_shows_what_is_held_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Ctrl-C in the moment that events are held for loses none of them."""
    monkeypatch.setattr("ctl.events.follow._HOLD_S", 60)
    async with services(2) as (one, two):
        one.events, two.events = [at(2)], [at(1)]
        async with following(one, two) as screen:
            await one.until_followed()
            await two.until_followed()
            assert screen.ids == []
    assert screen.ids == ["0001", "0002"]
