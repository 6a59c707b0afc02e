"""Events in a file: rotated, recovered, read back, and a disk that fails costs only events."""

import asyncio
import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kysira.events.sinks.file import EVENTS_FILE, FileSink, tail
from tests.kysira.events.sinks.lines import line, lines, numbers
from tests.processes import Program

WRITER = """
import asyncio, sys
from pathlib import Path
from kysira.events.sinks.file import FileSink
from tests.kysira.events.sinks.lines import lines
async def main():
    sink = FileSink(Path(sys.argv[1]), 1 << 20, 3)
    await sink.start()
    for first in range(0, 1 << 40, 100):
        await sink.write(lines(100, first=first, padding=first % 1000))
        print("written", first + 100, flush=True)
asyncio.run(main())
"""
SMALL_DISK = """
import asyncio, logging, resource, sys
from pathlib import Path
from kysira.events.sinks.file import FileSink
from tests.kysira.events.sinks.lines import lines
def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
async def main():
    logging.basicConfig(stream=sys.stdout, format="%(message)s")
    sink = FileSink(Path(sys.argv[1]), 1 << 20, 3)
    await sink.start()
    await sink.write(lines(10))
    limit(1000)
    await sink.write(lines(100, first=10))
    await sink.write(lines(100, first=110))
    limit(resource.RLIM_INFINITY)
    await sink.write(lines(10, first=1000))
    await sink.close()
    print("dropped", sink.dropped)
asyncio.run(main())
"""


def all_numbers(folder: Path) -> list[int]:
    """Return the numbers of the events in all files, in the order in which they were written."""
    found = sorted(folder.glob(f"{EVENTS_FILE}.*"), key=lambda p: -int(p.suffix[1:]))
    return numbers(b"".join(path.read_bytes() for path in [*found, folder / EVENTS_FILE]))


async def written(folder: Path, count: int, max_bytes: int, files: int) -> FileSink:
    sink = FileSink(folder, max_bytes, files)
    await sink.start()
    for first in range(0, count, 7):
        await sink.write(lines(min(7, count - first), first=first))
    return sink


async def test_file_holds_every_event(tmp_path: Path) -> None:
    """Each event is a line, over restarts too, and can be read while the sink is open."""
    sink = await written(tmp_path, 50, 1 << 20, 5)
    assert all_numbers(tmp_path) == list(range(50))
    await sink.close()
    again = FileSink(tmp_path, 1 << 20, 5)
    await again.start()
    await again.write(lines(10, first=50))
    await again.close()
    assert all_numbers(tmp_path) == list(range(60))
    assert sink.dropped == again.dropped == 0


@pytest.mark.parametrize("files", [0, 1, 3])
async def test_full_file_is_rotated(tmp_path: Path, files: int) -> None:
    """No file is over the limit, so many full ones are kept, and they hold the latest events."""
    sink = await written(tmp_path, 1000, 2000, files)
    await sink.close()
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {EVENTS_FILE, *(f"{EVENTS_FILE}.{n}" for n in range(1, files + 1))}
    assert all(path.stat().st_size <= 2000 for path in tmp_path.iterdir())
    kept = all_numbers(tmp_path)
    assert kept == list(range(1000 - len(kept), 1000))
    assert len(kept) > files * 2000 / len(line(1000).json) * 0.9
    assert sink.dropped == 0, "what is rotated away was not lost on the way"


async def test_long_event_has_a_file_of_its_own(tmp_path: Path) -> None:
    """An event longer than a file may be is kept all the same."""
    sink = FileSink(tmp_path, 500, 5)
    await sink.start()
    await sink.write([line(1), line(2, padding=2000), line(3)])
    await sink.close()
    assert all_numbers(tmp_path) == [1, 2, 3]
    assert len(list(tmp_path.iterdir())) == 3


async def test_fewer_files_are_kept_after_a_change(tmp_path: Path) -> None:
    """Full files over a number that was lowered are deleted at the start; others stay."""
    await (await written(tmp_path, 500, 2000, 5)).close()
    (tmp_path / f"{EVENTS_FILE}.notes").write_text("a person's own")
    await FileSink(tmp_path, 2000, 2).start()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [EVENTS_FILE, *(f"{EVENTS_FILE}.{end}" for end in ("1", "2", "notes"))]


async def test_killed_writer_leaves_a_readable_file(tmp_path: Path) -> None:
    """After kill -9 every event written is there, and the next start goes on behind them.

    All lines but the last are whole.
    """
    for round_ in range(3):
        folder = tmp_path / str(round_)
        with Program([sys.executable, "-c", WRITER, str(folder)]) as program:
            program.wait_for("written 2000")
            program.signal(signal.SIGKILL)
            program.wait()
            told = max(int(row.split()[1]) for row in program.output if row.endswith("00\n"))
        *whole, _torn = (folder / EVENTS_FILE).read_bytes().split(b"\n")
        assert all(json.loads(each)["id"] for each in whole)
        if round_:  # a kill amid a write is rare, so its trace is made
            with (folder / EVENTS_FILE).open("ab") as file:
                file.write(line(0).json[: -5 * round_])
        sink = FileSink(folder, 1 << 20, 3)
        await sink.start()
        await sink.write(lines(1, first=10**9))
        await sink.close()
        *before, last = all_numbers(folder)
        assert last == 10**9
        assert before == list(range(before[0], before[0] + len(before)))
        assert before[-1] >= told - 1


def test_full_disk_costs_only_events(tmp_path: Path) -> None:
    """While the disk is full events are dropped, exactly counted, and logged once."""
    done = subprocess.run(
        [sys.executable, "-c", SMALL_DISK, str(tmp_path)], capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip
    failed, works, dropped = done.stdout.splitlines()
    assert failed.startswith("events_file_failed")
    assert works.startswith("events_file_works")
    kept = all_numbers(tmp_path)
    assert kept[-10:] == list(range(1000, 1010))
    assert kept[:-10] == list(range(len(kept) - 10))
    assert dropped == f"dropped {220 - len(kept)}"


async def test_unwritable_folder_is_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A file in the folder's place is warned of once and costs events; without it all is well."""
    folder = tmp_path / "state"
    folder.write_text("in the way")
    sink = FileSink(folder, 1 << 20, 5)
    await sink.start()
    await sink.write(lines(3))
    await sink.write(lines(3))
    assert sink.dropped == 6
    assert caplog.text.count("events_file_failed") == 1
    folder.unlink()
    await sink.write(lines(2, first=6))
    await sink.close()
    assert all_numbers(folder) == [6, 7]
    assert "events_file_works" in caplog.text


async def test_failed_rotation_drops_instead_of_growing(tmp_path: Path) -> None:
    """When a full file can't be moved it does not grow on; once it can be, events go on."""
    (tmp_path / f"{EVENTS_FILE}.1").mkdir()
    (tmp_path / f"{EVENTS_FILE}.1" / "x").touch()
    sink = await written(tmp_path, 500, 2000, 1)
    assert (tmp_path / EVENTS_FILE).stat().st_size <= 2000
    assert sink.dropped == 500 - len(numbers((tmp_path / EVENTS_FILE).read_bytes()))
    (tmp_path / f"{EVENTS_FILE}.1" / "x").unlink()
    (tmp_path / f"{EVENTS_FILE}.1").rmdir()
    await sink.write(lines(1, first=1000))
    await sink.close()
    assert all_numbers(tmp_path)[-1] == 1000


async def test_stalled_disk_does_not_hold_the_loop(tmp_path: Path) -> None:
    """While the thread that writes is stuck, a write waits for it, and everything else goes on."""
    gate = threading.Event()
    sink = await written(tmp_path, 10, 1 << 20, 5)
    stuck = asyncio.create_task(sink._worker.call(gate.wait))  # as a call to a stalled disk is
    writing = asyncio.create_task(sink.write(lines(5, first=10)))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not writing.done()
    gate.set()
    await asyncio.gather(stuck, writing)
    await sink.close()
    assert all_numbers(tmp_path) == list(range(15))


async def test_tail_returns_the_last_events(tmp_path: Path) -> None:
    """They come oldest first, over full files, as many as there are."""
    await (await written(tmp_path, 300, 3000, 5)).close()
    kept = all_numbers(tmp_path)
    assert numbers(b"\n".join(tail(tmp_path, 100))) == kept[-100:]
    assert numbers(b"\n".join(tail(tmp_path, 10_000))) == kept
    assert tail(tmp_path / "none", 10) == []


@pytest.mark.parametrize("padding", [0, 40_000, 70_000, 200_000])
async def test_tail_leaves_foreign_lines_out(tmp_path: Path, padding: int) -> None:
    """Torn lines, other JSON and noise are no events, wherever they are and however long."""
    good = [line(number, padding).json for number in range(3)]
    foreign = [b"[1]", b"{", b"", b'{"id": 1}', b"\xff" * 100, b"[" * 100_000, b"{" * 1_200_000]
    rows = [good[0], *foreign, good[1], *foreign, good[2], good[0][:-5]]
    (tmp_path / EVENTS_FILE).write_bytes(b"\n".join(rows))
    assert tail(tmp_path, 10) == good


async def test_tail_reads_a_bounded_part(tmp_path: Path) -> None:
    """A huge file without events is given up, and what is no file is not waited for."""
    with (tmp_path / EVENTS_FILE).open("wb") as file:
        file.write(line(1).json + b"\n")
        file.truncate(1 << 32)
    assert tail(tmp_path, 10) == []
    (tmp_path / EVENTS_FILE).unlink()
    (tmp_path / EVENTS_FILE).mkdir()
    assert tail(tmp_path, 10) == []


def test_tail_of_a_folder_that_can_not_be_is_empty(tmp_path: Path) -> None:
    """A service with such a folder starts, and has no past."""
    assert tail(tmp_path / ("x" * 300), 10) == []
