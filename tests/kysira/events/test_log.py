"""What is recorded reaches every sink and reader once and in order, or is counted as lost."""

import asyncio
import json
import logging
import time
from dataclasses import replace
from pathlib import Path

import pytest

from kysira.events.event import Event
from kysira.events.log import LIMIT as LOG_LIMIT
from kysira.events.log import REMEMBERED, REPLAYED, EventLog
from kysira.events.readers import LIMIT, Reader, messages
from kysira.events.sinks.base import Line
from kysira.events.sinks.file import FileSink
from tests.kysira.events.cases import PASSED, ListSink, request

WAIT_S = 20.0


def record(events: EventLog, count: int, *, first: int = 0) -> list[str]:
    return [events.record(request(f"/{first + n}".encode()), PASSED, 0.001) for n in range(count)]


def paths(lines: list[bytes]) -> list[str]:
    return [json.loads(line)["path"] for line in lines]


async def test_sinks_get_all_in_order() -> None:
    """Every sink gets each event once, in the order of recording, with its id."""
    sinks = [ListSink("http"), ListSink("stdout")]
    events = EventLog("proxy", "p", sinks)
    await events.start()
    ids = record(events, 1200)
    await events.flush()
    for sink in sinks:
        assert [line.id for line in sink.lines] == ids
        assert [json.loads(line.json)["id"] for line in sink.lines] == ids
    await events.close()
    assert all(sink.is_closed for sink in sinks)


async def test_events_are_told_by_themselves() -> None:
    """Nobody has to ask: a moment later they are there."""
    events = EventLog("proxy", "p", interval_s=0.001)
    await events.start()
    reader = events.subscribe()
    for n in range(3):
        record(events, 1, first=n)
        assert f'"path":"/{n}"'.encode() in (await asyncio.wait_for(reader.next(), WAIT_S) or b"")
    await events.close()


async def test_event_names_front_end_and_policy() -> None:
    """The policy is the one that decided, or else the one in force at the time."""
    events = EventLog("ext-proc", "old")
    record(events, 1)
    events.policy = "new"
    record(events, 1)
    events.record(request(b"/"), replace(PASSED, policy="its-own"), 0.001)
    await events.flush()
    rows = [json.loads(line) for line in events.recent()]
    assert [(row["front_end"], row["policy"]) for row in rows] == [
        ("ext-proc", "old"), ("ext-proc", "new"), ("ext-proc", "its-own"),
    ]  # fmt: skip


async def test_last_events_are_remembered() -> None:
    """As many as the API says, oldest first."""
    events = EventLog("proxy", "p")
    record(events, REMEMBERED + 20)
    await events.flush()
    assert paths(events.recent()) == [f"/{n}" for n in range(20, REMEMBERED + 20)]


async def test_too_many_events_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    """Over the limit the newest are dropped, have an id all the same, and are logged once."""
    events = EventLog("proxy", "p", limit=10)
    ids = record(events, 25)
    assert len(set(ids)) == 25
    assert (events.recorded, events.dropped["queue"]) == (25, 15)
    await events.flush()
    assert paths(events.recent()) == [f"/{n}" for n in range(10)]
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert warnings == ["events_dropped reason='too many wait to be told' total=1"]
    record(events, 5)
    assert events.dropped["queue"] == 15


async def test_slow_sink_delays_no_other() -> None:
    """A sink that hangs holds up neither recording nor the other sinks nor readers."""
    slow, quick = ListSink("http"), ListSink("stdout")
    slow.may_write.clear()
    events = EventLog("proxy", "p", [slow, quick])
    await events.start()
    ids = record(events, 100)
    flushed = asyncio.ensure_future(events.flush())
    while len(quick.lines) < 100:
        await asyncio.sleep(0)
    assert not flushed.done()
    assert not slow.lines
    assert len(events.recent()) == 100
    slow.may_write.set()
    await flushed
    assert [line.id for line in slow.lines] == ids
    await events.close()


async def test_close_brings_all_to_the_sinks() -> None:
    """What was recorded before is there, what comes later is counted, readers end."""
    sink = ListSink()
    events = EventLog("proxy", "p", [sink])
    await events.start()
    reader = events.subscribe()
    ids = record(events, 700)
    await events.close()
    assert [line.id for line in sink.lines] == ids
    assert sink.is_closed
    assert (await reader.next() or b"").count(b"data: ") == 700
    assert await reader.next() is None
    record(events, 2)
    assert events.dropped["queue"] == 2


async def test_close_does_not_wait_for_ever() -> None:
    """A sink that hangs costs its events, which are counted, and not the end of the process."""
    sink = ListSink()
    sink.may_write.clear()
    events = EventLog("proxy", "p", [sink])
    await events.start()
    record(events, 30)
    await asyncio.wait_for(events.close(0.05), WAIT_S)
    assert events.dropped["http"] == 30


async def test_close_without_start_is_fine() -> None:
    """A service that fails while it starts can close what it has."""
    sink = ListSink()
    await EventLog("proxy", "p", [sink]).close()
    assert sink.is_closed


async def test_flushes_keep_the_order() -> None:
    """Several that tell at the same time mix nothing up."""
    sink = ListSink()
    events = EventLog("proxy", "p", [sink], interval_s=0)
    await events.start()
    reader = events.subscribe()
    ids: list[str] = []
    taken = b""
    for n in range(20):
        ids += record(events, 60, first=60 * n)
        flushes = [asyncio.ensure_future(events.flush()) for _ in range(3)]
        await asyncio.sleep(0)
        ids += record(events, 7)
        await asyncio.gather(*flushes)
        taken += await reader.next() or b""
    await events.close()
    assert [line.id for line in sink.lines] == ids
    while piece := await reader.next():
        taken += piece
    told = [line[4:].decode() for line in taken.splitlines() if line.startswith(b"id: ")]
    assert told == ids


async def test_loop_is_not_held() -> None:
    """While thousands of events are turned into lines, others get their turn many times."""
    events = EventLog("proxy", "p")
    record(events, 3000)
    flushed = asyncio.ensure_future(events.flush())
    turns, held_s = 0, []
    while not flushed.done():
        before = time.thread_time()
        await asyncio.sleep(0)
        held_s.append(time.thread_time() - before)
        turns += 1
    # 3,000 events take some 40 ms: at most a millisecond each turn, which the median stays under
    # on any machine.
    assert turns > 20
    assert sorted(held_s)[len(held_s) // 2] < 0.01


class Turns:
    """A loop under load, in modelled time: each turn some requests are decided, then the log works.

    It asks for the time once for each event.
    """

    def __init__(self, request_s: float, event_s: float) -> None:
        self.held_s: list[float] = []
        """Seconds that the log took in each turn."""
        self._request_s = request_s
        self._event_s = event_s
        self._now = 0.0
        self.events = EventLog("proxy", "p", interval_s=0, timer=self._timer)

    def _timer(self) -> float:
        self._now += self._event_s
        return self._now

    async def turn(self, requests: int) -> None:
        """Decide so many requests, and let the log work."""
        record(self.events, requests)
        self._now += requests * self._request_s
        before = self._now
        await asyncio.sleep(0)
        self.held_s.append(self._now - before)


@pytest.mark.parametrize(
    ("requests", "request_us", "event_us"),
    [(4, 100, 50), (32, 100, 60), (32, 70, 20), (500, 100, 20), (1000, 100, 15)],
)
async def test_log_keeps_up_with_any_load(requests: int, request_us: int, event_us: int) -> None:
    """Nothing is lost however long full load lasts, and each turn gets no longer than double."""
    turns = Turns(request_us / 1e6, event_us / 1e6)
    await turns.events.start()
    count = 3 * LOG_LIMIT // requests + 50
    for _ in range(count):
        await turns.turn(requests)
    await turns.events.flush()
    assert turns.events.dropped["queue"] == 0
    assert turns.events.recorded == count * requests
    most_s = max(requests * request_us / 1e6, 0.0005) + 3 * event_us / 1e6
    assert max(turns.held_s) <= min(most_s, 0.021)
    await turns.events.close()


async def test_log_keeps_up_with_a_crowd_of_readers() -> None:
    """To tell a thousand readers takes many turns: then they are told of more at once."""
    turns = Turns(1e-4, 2e-5)
    await turns.events.start()
    taken = [0] * 1000

    async def read(number: int, reader: Reader) -> None:
        while piece := await reader.next():
            taken[number] += piece.count(b"data: ") if number == 0 else 1

    async with asyncio.TaskGroup() as crowd:
        for number in range(len(taken)):
            crowd.create_task(read(number, turns.events.subscribe()))
        for _ in range(3 * LOG_LIMIT // 32):
            await turns.turn(32)
        await turns.events.close()
    assert set(turns.events.dropped.values()) == {0}
    assert taken[0] == turns.events.recorded
    assert all(taken)


@pytest.mark.parametrize("event_us", [5, 50, 100])
async def test_few_events_hold_the_loop_shortly(event_us: int) -> None:
    """At most a millisecond while a few hundred wait, however long others take for a turn."""
    turns = Turns(0.05, event_us / 1e6)
    await turns.events.start()
    await turns.turn(400)
    for _ in range(500):
        await turns.turn(1)
    assert max(turns.held_s) <= 0.001
    await turns.events.close()
    assert turns.events.dropped["queue"] == 0


async def test_broken_event_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """One that can't be told is lost, counted and logged; those behind it are told."""
    events = EventLog("proxy", "p")
    record(events, 1)
    events.record(request(source_ip=None), PASSED, 0.001)
    record(events, 1, first=1)
    await events.flush()
    assert paths(events.recent()) == ["/0", "/1"]
    assert events.dropped["queue"] == 1
    assert any("event_failed" in r.getMessage() for r in caplog.records)


async def test_reader_gets_the_past_and_then_the_rest() -> None:
    """The last ones first, then each new one once, in order: no gap and no double."""
    events = EventLog("proxy", "p")
    before = record(events, REPLAYED + 50)
    await events.flush()
    reader = events.subscribe()
    after = record(events, 30)
    await events.flush()
    taken = (await reader.next() or b"").decode()
    ids = [line[4:] for line in taken.splitlines() if line.startswith("id: ")]
    assert ids == [*before[-REPLAYED:], *after]


async def test_reader_resumes_after_its_last_event() -> None:
    """From a known id on, however far back it is; from an unknown one the last are replayed."""
    events = EventLog("proxy", "p")
    ids = record(events, 400)
    await events.flush()

    async def resumed(last: str) -> list[str]:
        taken = (await events.subscribe(last).next() or b"").decode()
        return [line[4:] for line in taken.splitlines() if line.startswith("id: ")]

    assert await resumed(ids[-3]) == ids[-2:]
    assert await resumed(ids[50]) == ids[51:]
    assert await resumed("unknown") == ids[-REPLAYED:]
    newest = events.subscribe(ids[-1])
    assert not newest.has_waiting
    more = record(events, 1)
    await events.flush()
    assert more[0].encode() in (await newest.next() or b"")


async def test_slow_reader_is_cut_off_and_counted() -> None:
    """One that takes nothing is dropped with what waited for it; others and recording go on."""
    events = EventLog("proxy", "p")
    cut: list[bool] = []
    slow, quick = events.subscribe(), events.subscribe()
    slow.drop = lambda: cut.append(True)
    taken = b""
    for n in range(12):
        record(events, 100, first=100 * n)
        await events.flush()
        taken += await quick.next() or b""
    assert cut == [True]
    assert (events.readers, events.readers_dropped) == (1, 1)
    assert events.dropped["reader"] == LIMIT + 100
    assert taken.count(b"data: ") == 1200
    events.unsubscribe(quick)
    assert events.readers == 0


async def test_last_events_are_there_after_a_restart(tmp_path: Path) -> None:
    """They are read from the file sink's files, in order, and can be resumed from."""
    first = EventLog("proxy", "p", [FileSink(tmp_path, 1 << 20, 2)], folder=tmp_path)
    await first.start()
    ids = record(first, REMEMBERED + 30)
    await first.close()
    with (tmp_path / "events.jsonl").open("ab") as file:
        file.write(b'\nforeign\n{"id":"a\\nb"}\n{"id":"x"}\r\n{"id": "torn')
    second = EventLog("proxy", "p", [FileSink(tmp_path, 1 << 20, 2)], folder=tmp_path)
    await second.start()
    assert [json.loads(line)["id"] for line in second.recent()][-20:] == ids[-20:]
    more = record(second, 1)
    await second.flush()
    taken = await second.subscribe(ids[-1]).next()
    assert taken == messages([Line(more[0], second.recent()[-1])])
    await second.close()


async def test_old_file_is_left_alone_without_its_sink(tmp_path: Path) -> None:
    """Who switched the file off is not shown what is in it."""
    (tmp_path / "events.jsonl").write_bytes(b'{"id": "x"}\n')
    events = EventLog("proxy", "p", [ListSink("stdout")], folder=tmp_path)
    await events.start()
    assert events.recent() == []
    await events.close()


def test_waiting_event_holds_no_body() -> None:
    """Ten thousand may wait, and a body may have 128 KiB."""
    assert not {"request", "body", "headers"} & set(Event._fields)
