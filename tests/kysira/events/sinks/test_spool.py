"""Batches that wait: in order, bounded, over restarts, and without a disk."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kysira.events.sinks.spool import Spool
from tests.kysira.events.sinks.lines import lines, numbers

BIG = 1 << 20
SMALL_DISK = """
import asyncio, resource, sys
from pathlib import Path
from kysira.events.sinks.spool import Spool
from tests.kysira.events.sinks.lines import lines
def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
async def main():
    spool = Spool(Path(sys.argv[1]), 1 << 20)
    await spool.load()
    await spool.put(lines(2))
    limit(100)
    await spool.put(lines(20, first=2))
    limit(resource.RLIM_INFINITY)
    await spool.put(lines(2, first=22))
    print(spool.disk_bytes, len(spool), spool.dropped)
    await spool.close()
    print(spool.disk_bytes, len(spool), spool.dropped)
asyncio.run(main())
"""


async def opened(folder: Path, max_bytes: int = BIG, memory_bytes: int = BIG) -> Spool:
    spool = Spool(folder, max_bytes, memory_bytes=memory_bytes)
    await spool.load()
    return spool


async def emptied(spool: Spool) -> list[list[int]]:
    """Return the numbers of each batch, having taken them all."""
    found = []
    while taken := await spool.take():
        found.append(numbers(taken[1]))
        await spool.done(taken[0])
    return found


async def test_spool_is_a_queue(tmp_path: Path) -> None:
    """Batches come out as they went in; one that is not done is taken again, with the same id."""
    spool = await opened(tmp_path)
    for first in range(5):
        await spool.put(lines(2, first=2 * first))
    first_try, second_try = await spool.take(), await spool.take()
    assert first_try == second_try
    assert spool.disk_bytes == 5 * 4096
    assert await emptied(spool) == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]
    assert (len(spool), spool.disk_bytes, spool.dropped) == (0, 0, 0)
    assert list(tmp_path.iterdir()) == []


async def test_spool_outlives_the_process(tmp_path: Path) -> None:
    """Another spool on the folder goes on: same order, same ids, and the one being sent first."""
    spool = await opened(tmp_path)
    for first in range(12):
        await spool.put(lines(1, first=first))
    sent = await spool.take()
    again = await opened(tmp_path)
    assert await again.take() == sent
    await again.put(lines(1, first=12))
    third = await opened(tmp_path)
    assert await third.take() == sent
    assert await emptied(third) == [[number] for number in range(13)]


async def test_oldest_is_dropped_first(tmp_path: Path) -> None:
    """Over its bytes the spool drops the oldest batches, and counts their events."""
    spool = await opened(tmp_path, 3 * 4096)
    for first in range(0, 10, 2):
        await spool.put(lines(2, first=first))
    assert (spool.dropped, spool.disk_bytes) == (4, 3 * 4096)
    assert len(list(tmp_path.iterdir())) == 3
    assert await emptied(spool) == [[4, 5], [6, 7], [8, 9]]


async def test_taken_batch_is_not_dropped(tmp_path: Path) -> None:
    """What is being sent may have arrived already: the next one is dropped instead."""
    spool = await opened(tmp_path, 2 * 4096)
    await spool.put(lines(1))
    taken = await spool.take()
    for first in range(1, 5):
        await spool.put(lines(1, first=first))
    assert taken == await spool.take()
    assert await emptied(spool) == [[0], [4]]
    assert spool.dropped == 3


async def test_smaller_bound_holds_after_a_restart(tmp_path: Path) -> None:
    """A bound that was lowered is kept at once."""
    spool = await opened(tmp_path)
    for first in range(5):
        await spool.put(lines(1, first=first))
    again = await opened(tmp_path, 2 * 4096)
    assert again.dropped == 3
    assert await emptied(again) == [[3], [4]]


async def test_broken_file_is_skipped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is dropped, counted and logged, and the next ones are sent; foreign files stay."""
    spool = await opened(tmp_path)
    for first in range(0, 9, 3):
        await spool.put(lines(3, first=first))
    first, second, _ = sorted(tmp_path.iterdir())
    first.write_bytes(b"")
    second.write_bytes(second.read_bytes().replace(b"event", b"\0\0\0\0\0"))
    (tmp_path / "notes").touch()
    again = await opened(tmp_path)
    assert await emptied(again) == [[6, 7, 8]]
    assert again.dropped == 6
    assert caplog.text.count("spool_file_skipped") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["notes"]


async def test_without_a_disk_memory_serves(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder that can't be made is logged once; batches are kept in memory, within a bound."""
    folder = tmp_path / "spool"
    folder.write_text("in the way")
    size = sum(len(line.json) + 1 for line in lines(1))
    spool = await opened(folder, memory_bytes=3 * size)
    for first in range(5):
        await spool.put(lines(1, first=first))
    assert (spool.disk_bytes, spool.dropped) == (0, 2)
    assert caplog.text.count("spool_failed") == 1
    assert await emptied(spool) == [[2], [3], [4]]


async def test_memory_goes_to_the_disk_at_the_end(tmp_path: Path) -> None:
    """What had to be kept in memory is written when closing, if that works by then; in order."""
    folder = tmp_path / "spool"
    folder.write_text("in the way")
    spool = await opened(folder)
    await spool.put(lines(1))
    await spool.put(lines(1, first=1))
    folder.unlink()
    await spool.put(lines(1, first=2))
    await spool.close()
    assert spool.dropped == 0
    assert await emptied(await opened(folder)) == [[0], [1], [2]]


async def test_what_no_disk_takes_is_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Events that are still in memory at the end are lost, counted and logged."""
    spool = await opened(tmp_path, max_bytes=0)
    await spool.put(lines(3))
    await spool.close()
    assert spool.dropped == 3
    assert "events_not_sent count=3" in caplog.text
    assert list(tmp_path.iterdir()) == [], "a bound of no bytes means no file"


async def test_full_disk_is_bridged(tmp_path: Path) -> None:
    """A batch for which the disk has no room waits in memory and keeps its place."""
    done = subprocess.run(
        [sys.executable, "-c", SMALL_DISK, str(tmp_path)], capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["8192 3 0", "12288 3 0"], done.stderr
    assert await emptied(await opened(tmp_path)) == [[0, 1], [*range(2, 22)], [22, 23]]


async def test_without_a_thread_memory_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where threads are limited a batch is kept as where the disk is full."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    spool = Spool(tmp_path, BIG)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        await spool.put(lines(2))
    assert (spool.disk_bytes, spool.dropped) == (0, 0)
    assert await emptied(spool) == [[0, 1]]
