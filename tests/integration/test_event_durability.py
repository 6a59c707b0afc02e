"""Events of the real proxy under real load, and every way to end it: what is lost, and what never.

The app is the witness: it got the id of each event's request from the proxy.
"""

import asyncio
import itertools
import json
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from kysira.events.sinks.file import EVENTS_FILE
from tests.adapter.raw import connected
from tests.app import App
from tests.integration.proxy import ProxyStack, running_proxy
from tests.kysira.events.sinks.receiver import Receiver

EVENT_ID = "x-kysira-event-id"
LAST_SECOND_MS = 1000
"""What may wait to be told or written when a process is killed."""
LAST_BATCH_MS = 2000
"""What may wait to be spooled then: a batch of the http sink fills for a second more."""
CLIENTS = 16
READERS = 500
SPOOLED_BYTES = 500_000
STOP_S = 40.0
"""Far over what a stop may take on an idle machine, and under what a test may."""
SMALL_FILES = {"KYSIRA_EVENTS_FILE_BYTES": "65536", "KYSIRA_EVENTS_FILES": "1000"}


@asynccontextmanager
async def load(stack: ProxyStack) -> AsyncIterator[None]:
    """Send requests as fast as they are answered, some of them attacks, until the proxy is gone."""
    is_over = asyncio.Event()

    async def client(number: int, session: aiohttp.ClientSession) -> None:
        for count in itertools.count():
            if is_over.is_set():
                return
            query = "1 UNION SELECT password FROM users" if count % 10 == 0 else f"{number}-{count}"
            try:
                async with session.get(f"{stack.url}/item", params={"q": query}) as answer:
                    await answer.read()
            except (aiohttp.ClientError, OSError):
                return

    deadline = aiohttp.ClientTimeout(total=STOP_S)
    async with aiohttp.ClientSession(timeout=deadline) as session, asyncio.TaskGroup() as group:
        for number in range(CLIENTS):
            group.create_task(client(number, session))
        try:
            yield
        finally:
            is_over.set()


async def until_seen(app: App, count: int) -> None:
    """Return once the app has got so many requests more."""
    wanted = len(app.received) + count
    async with asyncio.timeout(STOP_S):
        while len(app.received) < wanted:
            await asyncio.sleep(0.01)


async def until_spooled(stack: ProxyStack) -> None:
    """Return once several batches wait on the disk for their endpoint."""
    async with asyncio.timeout(STOP_S):
        while (await stack.metrics())["kysira_event_spool_bytes"] < SPOOLED_BYTES:
            await asyncio.sleep(0.1)


def seen(app: App) -> set[str]:
    """Return the ids of all requests that have reached the app."""
    return {each.headers[EVENT_ID] for each in app.received}


def milliseconds(event_id: str) -> int:
    """Return when the proxy recorded the event, by its own clock (RFC 9562 §5.7)."""
    return int(event_id.replace("-", "")[:12], 16)


def before_the_last(period_ms: int, ids: set[str]) -> set[str]:
    """Return the ids that are older than the newest one by so much."""
    newest = max(map(milliseconds, ids))
    return {each for each in ids if milliseconds(each) < newest - period_ms}


def state(folder: Path) -> Path:
    """Return the proxy's state folder."""
    (found,) = folder.glob("proxy-*")
    return found


def lines(folder: Path) -> list[bytes]:
    """Return the lines of all files of events, oldest first; the last one may be torn."""
    path = state(folder) / EVENTS_FILE
    numbers = sorted(int(each.suffix[1:]) for each in path.parent.glob(f"{EVENTS_FILE}.*"))
    full = [path.with_name(f"{EVENTS_FILE}.{number}") for number in reversed(numbers)]
    return [line for each in (*full, path) for line in each.read_bytes().splitlines(keepends=True)]


def ids_of(rows: Sequence[bytes]) -> list[str]:
    """Return the ids of events in lines, each whole, in order and there once."""
    ids = [json.loads(row)["id"] for row in rows]
    assert ids == sorted(set(ids))
    return ids


def posted(receiver: Receiver) -> list[str]:
    """Return the ids that an endpoint has taken, in the order they came."""
    return ids_of([row for batch in receiver.taken for row in batch.body.splitlines()])


async def killed(stack: ProxyStack) -> None:
    """End the proxy as a crash would."""
    stack.program.signal(signal.SIGKILL)
    await asyncio.to_thread(stack.program.wait)


async def ended(stack: ProxyStack) -> None:
    """End the proxy as an orchestrator does."""
    stack.program.signal(signal.SIGTERM)
    assert await asyncio.to_thread(stack.program.wait, STOP_S) == 0, "".join(stack.program.output)


def again(port: int, **settings: str) -> dict[str, str]:
    """Return the settings of a proxy that goes on where another on that port was."""
    return {"KYSIRA_PROXY_PORT": str(port), **settings}


@pytest.mark.parametrize("settings", [{}, SMALL_FILES], ids=["one file", "rotated"])
async def test_kill_costs_the_last_second_at_most(tmp_path: Path, settings: dict[str, str]) -> None:
    """The file is readable as it was left, and goes on whole after the next start."""
    async with running_proxy(tmp_path, **settings) as stack:
        async with load(stack):
            await until_seen(stack.app, 200)
            await asyncio.sleep(2 * LAST_SECOND_MS / 1000)
            await killed(stack)
        port, known = stack.port, seen(stack.app)
    left = lines(tmp_path)
    whole = [line for line in left if line.endswith(b"\n")]
    assert left[: len(whole)] == whole, "only the last line may be torn"
    told = ids_of(whole)
    old = before_the_last(LAST_SECOND_MS, known)
    assert len(old) > 100
    assert old <= set(told)
    async with running_proxy(tmp_path, **again(port, **settings)) as stack:
        async with stack.client.get(f"{stack.url}/api/events/recent") as answer:
            assert [row["id"] for row in await answer.json()] == told[-500:]
        async with stack.client.get(f"{stack.url}/next") as answer:
            assert answer.status == 200
        await ended(stack)
        (next_id,) = seen(stack.app)
    assert ids_of(lines(tmp_path)) == [*told, next_id]


@pytest.mark.parametrize("settings", [{}, SMALL_FILES], ids=["one file", "rotated"])
async def test_stop_under_load_loses_nothing(tmp_path: Path, settings: dict[str, str]) -> None:
    """SIGTERM: every request that reached the app is in the file, once and in order."""
    async with running_proxy(tmp_path, **settings) as stack:
        async with load(stack):
            await until_seen(stack.app, 500)
            await ended(stack)
        known = seen(stack.app)
    left = lines(tmp_path)
    assert left[-1].endswith(b"\n")
    assert known <= set(ids_of(left))
    assert not [row for row in stack.program.output if "dropped" in row or "not_written" in row]


async def test_stop_with_readers_and_a_hanging_endpoint_loses_nothing(tmp_path: Path) -> None:
    """Nor do many readers of the stream, or an endpoint that never answers, hold it up for long.

    What the endpoint did not take is spooled, and sent by the next process.
    """
    receiver = Receiver("hang")
    await receiver.start()
    sinks = {"KYSIRA_SINKS": "file,http", "KYSIRA_HTTP_SINK_URL": receiver.url}
    async with running_proxy(tmp_path, **sinks) as stack, AsyncExitStack() as readers:
        port = stack.port
        for _ in range(READERS):
            _, writer = await readers.enter_async_context(connected(port))
            writer.write(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        async with asyncio.timeout(STOP_S):
            while (await stack.metrics())["kysira_event_readers"] < READERS:
                await asyncio.sleep(0.05)
        async with load(stack):
            await until_seen(stack.app, 300)
            await receiver.until(lambda: bool(receiver.got))
            await ended(stack)
        known = seen(stack.app)
    told = ids_of(lines(tmp_path))
    assert known <= set(told)
    receiver.moods[0] = "204"
    async with running_proxy(tmp_path, **again(port, **sinks)):
        await receiver.until(lambda: len(posted(receiver)) >= len(told))
    assert posted(receiver) == told
    await receiver.stop()


async def test_endpoint_that_goes_and_comes_back_gets_everything(tmp_path: Path) -> None:
    """While it is away events wait on the disk; then it gets all of them, in the file's order."""
    receiver = Receiver("204")
    await receiver.start()
    sinks = {"KYSIRA_SINKS": "file,http", "KYSIRA_HTTP_SINK_URL": receiver.url}
    async with running_proxy(tmp_path, **sinks) as stack:
        async with load(stack):
            await receiver.until(lambda: len(receiver.got) >= 2)
            for _ in range(2):
                await receiver.stop()
                await until_spooled(stack)
                await receiver.start()
                before = len(receiver.taken)
                await receiver.until(lambda: len(receiver.taken) > before)  # noqa: B023 (awaited)
                receiver.moods.extendleft(["reset", "503"])
        known = seen(stack.app)
        await receiver.until(lambda: known <= set(posted(receiver)))
        metrics = await stack.metrics()
        assert metrics['kysira_events_dropped_total{sink="http"}'] == 0
        await ended(stack)
    assert posted(receiver) == ids_of(lines(tmp_path))
    assert not list((state(tmp_path) / "spool").iterdir())
    await receiver.stop()


async def test_kill_while_the_endpoint_is_away_costs_the_last_batch_at_most(tmp_path: Path) -> None:
    """What was spooled is sent by the next process, in order, before what is new."""
    receiver = Receiver("204")
    await receiver.start()
    sinks = {"KYSIRA_SINKS": "http", "KYSIRA_HTTP_SINK_URL": receiver.url}
    async with running_proxy(tmp_path, **sinks) as stack:
        async with load(stack):
            await receiver.until(lambda: len(receiver.got) >= 2)
            await receiver.stop()
            await until_seen(stack.app, 200)
            await asyncio.sleep(2 * LAST_BATCH_MS / 1000)
            await killed(stack)
        port, known = stack.port, seen(stack.app)
    await receiver.start()
    async with running_proxy(tmp_path, **again(port, **sinks)) as stack:
        async with stack.client.get(f"{stack.url}/next") as answer:
            assert answer.status == 200
        (next_id,) = seen(stack.app)
        await receiver.until(lambda: next_id in posted(receiver))
    assert before_the_last(LAST_BATCH_MS, known) <= set(posted(receiver))
    assert posted(receiver)[-1] == next_id
    await receiver.stop()
