"""Events over HTTP: whatever the endpoint does, each arrives once it is back, and in order."""

import asyncio
import errno
import itertools
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from kysira.events.sinks.batch import Batch
from kysira.events.sinks.endpoint import Endpoint
from kysira.events.sinks.http import BatchLimits, HttpSink
from kysira.events.sinks.queue import SinkQueue
from kysira.events.sinks.retry import Backoff
from kysira.events.sinks.spool import Spool
from tests.kysira.events.sinks.lines import lines
from tests.kysira.events.sinks.receiver import Got, Receiver
from tests.processes import Program

FAST = Backoff(0.01, 0.05)
BIG = 1 << 24
LIMITS = BatchLimits(events=10, age_s=0.02)
SENDER = """
import asyncio, sys
from pathlib import Path
from kysira.events.sinks.batch import Batch
from kysira.events.sinks.endpoint import Endpoint
from kysira.events.sinks.http import BatchLimits, HttpSink
from kysira.events.sinks.spool import Spool
from tests.kysira.events.sinks.lines import lines
async def main():
    sink = HttpSink(Endpoint(sys.argv[1]), Spool(Path(sys.argv[2]), 1 << 24),
                    limits=BatchLimits(events=10))
    await sink.start()
    for first in range(0, 1 << 40, 10):
        await sink.write(lines(10, first=first))
        print("written", first + 10, flush=True)
        await asyncio.sleep(0.005)
asyncio.run(main())
"""
Open = Callable[..., HttpSink]


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "state" / "spool"


@pytest.fixture
async def sink(receiver: Receiver, spool: Path) -> AsyncIterator[HttpSink]:
    """Return a sink that does not wait long, started."""
    sink = opened(receiver, spool)
    await sink.start()
    yield sink
    await sink.close()


def opened(receiver: Receiver, spool: Path, max_bytes: int = BIG) -> HttpSink:
    # A receiver that is only slow may be taken for a hanging one: it then gets a batch twice.
    endpoint = Endpoint(receiver.url, timeout_s=1)
    return HttpSink(endpoint, Spool(spool, max_bytes), limits=LIMITS, backoff=FAST)


def tries(got: list[Got]) -> list[tuple[str, list[int]]]:
    """Return what was sent, the repetitions of a batch as one; each must be the same batch."""
    runs = []
    for batch_id, run in itertools.groupby(got, key=lambda each: each.batch_id):
        bodies = {each.body for each in run}
        assert len(bodies) == 1, "the same id is the same batch"
        runs.append((batch_id, next(each.numbers for each in got if each.batch_id == batch_id)))
    assert len({batch_id for batch_id, _ in runs}) == len(runs), "sent again only at once"
    return runs


async def test_events_arrive_in_batches(receiver: Receiver, sink: HttpSink) -> None:
    """Full batches are sent, and one that does not fill up after its time."""
    await sink.write(lines(25))
    await receiver.until_taken(25)
    assert [got.numbers for got in receiver.got] == [
        [*range(10)], [*range(10, 20)], [*range(20, 25)]
    ]  # fmt: skip
    assert sink.dropped == 0


async def test_batch_is_bounded_in_bytes(receiver: Receiver, spool: Path) -> None:
    """No batch is over its bytes, but one of a single event that is."""
    limits = BatchLimits(bytes=2000, age_s=0.01)
    sink = HttpSink(Endpoint(receiver.url), Spool(spool, BIG), limits=limits)
    await sink.start()
    await sink.write([*lines(30, padding=300), *lines(1, first=30, padding=5000)])
    await receiver.until_taken(31)
    await sink.close()
    assert receiver.numbers == list(range(31))
    assert all(len(got.body) <= 2000 for got in receiver.got[:-1])
    assert len(receiver.got) == 7


@pytest.mark.parametrize(
    "moods",
    [
        ["503", "500", "204"],
        ["408", "425", "429", "200"],
        ["reset", "reset", "204"],
        ["hang", "204"],
        ["503", "reset", "204", "502", "hang", "204"],
    ],
    ids=" ".join,
)
async def test_failing_endpoint_gets_everything(
    receiver: Receiver, sink: HttpSink, moods: list[str]
) -> None:
    """Through errors, resets and silence each event arrives, in order, each batch under one id."""
    receiver.moods.extend(moods)
    receiver.moods.popleft()
    for first in range(0, 100, 5):
        await sink.write(lines(5, first=first))
    await receiver.until_taken(100)
    assert receiver.numbers == list(range(100))
    failures = sum(not mood.startswith("2") for mood in moods)
    assert len(receiver.got) >= len(tries(receiver.got)) + failures
    assert sink.dropped == 0


async def test_endpoint_that_was_down_gets_everything(
    receiver: Receiver, sink: HttpSink, spool: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """While it is down events are on the disk; when it is back all come, in order.

    The log has a line for each of the two.
    """
    await sink.write(lines(10))
    await receiver.until_taken(10)
    await receiver.stop()
    for first in range(10, 200, 10):
        await sink.write(lines(10, first=first))
    assert len(list(spool.iterdir())) == 19
    assert sink.spool_bytes == 19 * 4096
    await receiver.start()
    await receiver.until_taken(200)
    assert receiver.numbers == list(range(200))
    assert len(tries(receiver.got)) == 20
    await sink.close()
    assert (sink.dropped, sink.spool_bytes, list(spool.iterdir())) == (0, 0, [])
    assert caplog.text.count("http_sink_down") == caplog.text.count("http_sink_works") == 1
    assert "secret" not in caplog.text


@pytest.mark.parametrize("after", ["1", "date"])
async def test_retry_after_is_obeyed(receiver: Receiver, sink: HttpSink, after: str) -> None:
    """The endpoint is left alone for as long as it asks, in seconds or by a date."""
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 2.5))
    receiver.moods[0] = f"429 {date if after == 'date' else after}"
    receiver.moods.append("204")
    asked = time.time()
    await sink.write(lines(10))
    await receiver.until_taken(10)
    assert time.time() - asked >= 1, "the date is cut to whole seconds"
    assert [got.numbers for got in receiver.got] == [[*range(10)]] * 2


@pytest.mark.parametrize("mood", ["400", "413", "422"])
async def test_refused_batch_is_dropped(
    receiver: Receiver, sink: HttpSink, mood: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One that the endpoint will never take is counted and logged; the next ones are sent."""
    receiver.moods.extendleft([mood])
    await sink.write(lines(20))
    await receiver.until_taken(10)
    assert [got.numbers for got in receiver.got] == [[*range(10)], [*range(10, 20)]]
    assert sink.dropped == 10
    assert f"status {mood}" in caplog.text


@pytest.mark.parametrize("mood", ["401", "403", "404", "302"])
async def test_wrong_key_or_path_loses_nothing(
    receiver: Receiver, sink: HttpSink, mood: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody mends it, and what waited meanwhile is sent, in order."""
    receiver.moods.extendleft([mood] * 3)
    await sink.write(lines(20))
    await receiver.until_taken(20)
    assert [got.numbers for got in receiver.got] == [[*range(10)]] * 4 + [[*range(10, 20)]]
    assert sink.dropped == 0
    assert f"status {mood}" in caplog.text


async def test_refusals_are_logged_seldom(
    receiver: Receiver, sink: HttpSink, caplog: pytest.LogCaptureFixture
) -> None:
    """A format that the endpoint does not take fills the counter, not the log."""
    receiver.moods[0] = "400"
    await sink.write(lines(100))
    await receiver.until(lambda: len(receiver.got) == 10)
    await sink.close()
    assert sink.dropped == 100
    assert caplog.text.count("http_sink_refused") == 1


@pytest.mark.parametrize("mood", ["hang", "503 300", "reset"])
async def test_restart_goes_on(receiver: Receiver, spool: Path, mood: str) -> None:
    """A new sink on the folder sends what the old one could not, and then what is new.

    It begins with what was being sent, under the same id.
    """
    receiver.moods[0] = mood
    first = opened(receiver, spool)
    await first.start()
    await first.write(lines(35))
    await receiver.until(lambda: len(receiver.got) > 0)
    await first.close()
    assert first.dropped == 0
    receiver.moods[0] = "204"
    second = opened(receiver, spool)
    await second.start()
    await second.write(lines(5, first=35))
    await receiver.until_taken(40)
    await second.close()
    assert receiver.numbers == list(range(40))
    assert len(tries(receiver.got)) == 5
    assert receiver.got[0].batch_id == receiver.taken[0].batch_id


async def test_killed_process_loses_no_batch(receiver: Receiver, spool: Path) -> None:
    """After kill -9, with the endpoint up and down, the next process sends what was spooled."""
    receiver.moods[0] = "204"
    with Program([sys.executable, "-c", SENDER, receiver.url, str(spool)]) as program:
        await receiver.until_taken(100)
        receiver.moods[0] = "hang"
        await receiver.until(lambda: receiver.got[-1].mood == "hang")
        await asyncio.to_thread(program.wait_for, "written")
        program.signal(signal.SIGKILL)
        await asyncio.to_thread(program.wait)
        told = max(int(row.split()[1]) for row in program.output if row.endswith("0\n"))
    receiver.moods[0] = "204"
    sink = opened(receiver, spool)
    await sink.start()
    await receiver.until_taken(told)
    await sink.close()
    assert receiver.numbers == list(range(len(receiver.numbers)))
    assert len(receiver.numbers) >= told
    assert len(tries(receiver.got)) == len(receiver.numbers) / 10


async def test_full_spool_drops_the_oldest(receiver: Receiver, spool: Path) -> None:
    """Beyond the spool's bound the oldest go, counted; what is left arrives in order."""
    await receiver.stop()
    sink = opened(receiver, spool, 4 * 4096)
    await sink.start()
    for first in range(0, 100, 10):
        await sink.write(lines(10, first=first))
    assert sink.dropped == 60
    await receiver.start()
    await receiver.until_taken(40)
    await sink.close()
    assert receiver.numbers[-30:] == list(range(70, 100))
    assert receiver.numbers == sorted(receiver.numbers)


async def test_unwritable_spool_is_bridged(receiver: Receiver, spool: Path) -> None:
    """Without a disk for it, an endpoint that is down for a while still gets everything."""
    spool.parent.mkdir()
    spool.write_text("in the way")
    await receiver.stop()
    sink = opened(receiver, spool)
    await sink.start()
    await sink.write(lines(50))
    assert sink.spool_bytes == 0
    await receiver.start()
    await receiver.until_taken(50)
    await sink.close()
    assert receiver.numbers == list(range(50))
    assert sink.dropped == 0


class ShortOfFiles(Spool):
    """A spool that can't open a file, the first time it is asked."""

    is_short = True

    async def take(self) -> tuple[Batch, bytes] | None:
        """Return what there is, but for the first time."""
        if self.is_short:
            self.is_short = False
            raise OSError(errno.EMFILE, "Too many open files")
        return await super().take()


async def test_short_of_files_is_tried_again(receiver: Receiver, spool: Path) -> None:
    """When the spool can't be read for now, sending goes on later."""
    sink = HttpSink(
        Endpoint(receiver.url), ShortOfFiles(spool, BIG), limits=LIMITS, backoff=FAST
    )  # fmt: skip
    await sink.start()
    await sink.write(lines(10))
    await receiver.until_taken(10)
    await sink.close()
    assert sink.dropped == 0


async def test_close_sends_what_waits(receiver: Receiver, spool: Path) -> None:
    """A batch that is not full is sent when the sink is closed, without its time being waited."""
    endpoint = Endpoint(receiver.url)
    sink = HttpSink(endpoint, Spool(spool, BIG), limits=BatchLimits(age_s=3600))
    queue = SinkQueue(sink)
    queue.start()
    queue.put(lines(3))
    await queue.close()
    assert receiver.numbers == [0, 1, 2]
    assert list(spool.iterdir()) == []


async def test_close_spools_what_is_not_taken(receiver: Receiver, spool: Path) -> None:
    """With an endpoint that is down closing does not wait for it, and loses nothing."""
    await receiver.stop()
    endpoint = Endpoint(receiver.url)
    sink = HttpSink(
        endpoint, Spool(spool, BIG), limits=BatchLimits(age_s=3600), backoff=Backoff(3600, 3600)
    )
    queue = SinkQueue(sink)
    queue.start()
    queue.put(lines(1200))
    await queue.close()
    assert queue.dropped == 0
    assert queue.spool_bytes > 0
    assert len(list(spool.iterdir())) == 3


class ShakySpool(Spool):
    """Fails at its first ``load`` and its first ``take``, as with too few threads, or by a bug."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, BIG)
        self.failures = ["load", "take"]

    def _fail_once(self, name: str) -> None:
        if name in self.failures:
            self.failures.remove(name)
            raise RuntimeError("can't start new thread")

    async def load(self) -> None:
        """Fail once."""
        self._fail_once("load")
        await super().load()

    async def take(self) -> tuple[Batch, bytes] | None:
        """Fail once."""
        self._fail_once("take")
        return await super().take()


async def test_unforeseen_error_does_not_end_the_sink(receiver: Receiver, spool: Path) -> None:
    """It is tried again, and nothing is lost."""
    sink = HttpSink(Endpoint(receiver.url), ShakySpool(spool), limits=LIMITS, backoff=FAST)
    await sink.start()
    await sink.write(lines(25))
    await receiver.until_taken(25)
    await sink.close()
    assert (receiver.numbers, sink.dropped) == (list(range(25)), 0)
