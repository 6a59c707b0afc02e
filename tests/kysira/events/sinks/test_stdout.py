"""Events on standard output: on a real pipe that is full, closed or shared."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from kysira.events.sinks.queue import SinkQueue
from kysira.events.sinks.stdout import StdoutSink
from tests.kysira.events.sinks.lines import lines, numbers
from tests.needs import need_full_disk

CLOSED = """
import asyncio, sys
from kysira.events.sinks.stdout import StdoutSink
from tests.kysira.events.sinks.lines import lines
async def main():
    sink = StdoutSink()
    await sink.start()
    await sink.write(lines(3))
    await sink.close()
    print(sink.dropped, file=sys.stderr)
asyncio.run(main())
"""


SMALL_DISK = """
import asyncio, resource, sys
from kysira.events.sinks.stdout import StdoutSink
from tests.kysira.events.sinks.lines import lines
async def main():
    sink = StdoutSink()
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, resource.RLIM_INFINITY))
    await sink.write(lines(10))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await sink.write(lines(1, first=100))
    await sink.close()
    print("dropped", sink.dropped, file=sys.stderr)
asyncio.run(main())
"""


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Return the ends of a pipe."""
    ends = os.pipe()
    yield ends
    for end in ends:
        with suppress(OSError):
            os.close(end)


def read_all(descriptor: int, count: int) -> bytes:
    """Read so many lines."""
    data = b""
    while data.count(b"\n") < count:
        data += os.read(descriptor, 1 << 16)
    return data


async def test_events_are_lines(pipe: tuple[int, int]) -> None:
    """Each event is one line, in order."""
    sink = StdoutSink(pipe[1])
    await sink.start()
    await sink.write(lines(20))
    await sink.close()
    assert numbers(read_all(pipe[0], 20)) == list(range(20))
    assert sink.dropped == 0


@pytest.mark.parametrize("blocking", [True, False])
async def test_full_pipe_holds_up_nothing(pipe: tuple[int, int], blocking: bool) -> None:
    """While nobody reads the loop goes on; what is over the queue is dropped, the rest comes."""
    os.set_blocking(pipe[1], blocking)
    queue = SinkQueue(StdoutSink(pipe[1]), limit=2000)
    queue.start()
    queue.put(lines(2000, padding=100))
    await asyncio.sleep(0)
    queue.put(lines(500, first=2000))
    assert queue.dropped == 500
    reading = asyncio.create_task(asyncio.to_thread(read_all, pipe[0], 2000))
    await queue.flush()
    await queue.close()
    assert numbers(await reading) == list(range(2000))


async def test_gone_reader_is_logged_once(
    pipe: tuple[int, int], caplog: pytest.LogCaptureFixture
) -> None:
    """After EPIPE every event is dropped, with one line in the log."""
    os.close(pipe[0])
    sink = StdoutSink(pipe[1])
    await sink.write(lines(3))
    await sink.write(lines(4))
    await sink.close()
    assert sink.dropped == 7
    assert caplog.text.count("stdout_failed") == 1


def test_torn_line_is_ended(tmp_path: Path) -> None:
    """After a full disk has torn a line the next event still has a line of its own."""
    path = tmp_path / "out"
    with path.open("wb") as file:
        done = subprocess.run(
            [sys.executable, "-c", SMALL_DISK], stdout=file, stderr=subprocess.PIPE, timeout=60,
            text=True,
        )  # fmt: skip
    *kept, torn, last = path.read_bytes().splitlines()
    assert len(kept) * (len(kept[0]) + 1) + len(torn) == 300
    assert numbers(last) == [100]
    assert done.stderr.splitlines()[-1] == f"dropped {10 - len(kept)}"


async def test_full_disk_is_counted() -> None:
    """Standard output that is a file on a full disk costs the events, and is tried again."""
    descriptor = os.open(need_full_disk(), os.O_WRONLY)
    sink = StdoutSink(descriptor)
    await sink.write(lines(3))
    await sink.write(lines(3))
    await sink.close()
    os.close(descriptor)
    assert sink.dropped == 6


def test_closed_stdout_is_no_socket() -> None:
    """A process without standard output writes to nothing that took its place."""
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "{sys.executable}" -c "$1" >&-', "sh", CLOSED],
        stderr=subprocess.PIPE, text=True, timeout=60,
    )  # fmt: skip
    said, dropped = done.stderr.splitlines()
    assert said.startswith("stdout_failed error='it is closed'")
    assert dropped == "3"
