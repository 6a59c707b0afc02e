"""The last events of every service."""

from ctl.events.live import Full, recent, why_silent
from kysira.events.log import REMEMBERED
from tests.ctl.events.made import at, made, row
from tests.ctl.events.service import services, which


async def test_recent_is_by_time() -> None:
    """Those of all services, each with the name of its own; what is no event is left out."""
    async with services(2) as (one, two):
        one.events = [at(1), {"no": "event"}, at(4)]
        two.events = [at(2), at(3)]
        told = await recent(which(one, two))
    assert [(each.id[:4], each.source) for each in told.events] == [
        ("0001", one.name), ("0002", two.name), ("0003", two.name), ("0004", one.name),
    ]  # fmt: skip
    assert (told.services, told.silent, told.is_silent) == (2, [], False)


async def test_recent_can_be_written() -> None:
    """A service that answers halves of characters crashes nobody."""
    async with services(1) as (one,):
        one.events = [{**at(1), "path": "/\ud800"}]
        (told,) = (await recent(which(one))).events
    assert told.text("path").encode() == "/\ufffd".encode()


async def test_recent_names_who_is_silent() -> None:
    """A refusal, no answer and a strange one: each with its reason."""
    async with services(3) as (refusing, strange, gone):
        refusing.status = 401
        strange.events = {"mode": "shadow"}  # type: ignore[assignment]
        await gone.stop()
        told = await recent(which(refusing, strange, gone))
        await gone.start()
    assert told.is_silent
    assert [why_silent(reply) for reply in told.silent] == [
        f"{refusing.name}: answered 401: send the token",
        f"{strange.name}: answered something that is no list of events",
        f"{gone.name}: connection refused",
    ]


async def test_recent_tells_whose_memory_is_full() -> None:
    """One that told as many as it remembers may have seen more; one that told less has not."""
    events = [row(id=str(number)) for number in range(REMEMBERED)]
    async with services(2) as (one, two):
        one.events, two.events = events, events[1:]
        told = await recent(which(one, two))
    assert told.full == [Full(one.name, REMEMBERED, made().at)]
