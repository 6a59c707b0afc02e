"""Events from files: every form of them, what is no event, and flat memory."""

import gzip
import io
import json
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ctl.events import files
from ctl.events.files import Unread, read_files
from kysira.errors import CorpusError
from tests.ctl.events.made import at, lines, row


def ids(*names: str | Path, unread: Unread | None = None) -> list[str]:
    """Return the ids of what is read."""
    return [each.id for each in read_files([str(name) for name in names], unread or Unread())]


def test_files_of_a_service_are_one(tmp_path: Path) -> None:
    """events.jsonl stands for its rotations too, compressed ones as well, oldest first."""
    (tmp_path / "events.jsonl").write_bytes(lines(at(9)))
    (tmp_path / "events.jsonl.1").write_bytes(lines(at(7), at(8)))
    (tmp_path / "events.jsonl.2.gz").write_bytes(gzip.compress(lines(at(5), at(6))))
    (tmp_path / "events.jsonl.10").write_bytes(lines(at(1)))
    (tmp_path / "events.jsonl.bak").write_bytes(lines(at(2)))
    (tmp_path / "spool").mkdir()
    wanted = ["0001-0", "0005-0", "0006-0", "0007-0", "0008-0", "0009-0"]
    assert ids(tmp_path / "events.jsonl") == wanted
    assert ids(tmp_path) == wanted
    assert ids(tmp_path / "events.jsonl.1") == ["0007-0", "0008-0"]


def test_folder_of_all_services_is_by_time(tmp_path: Path) -> None:
    """KYSIRA_DATA_DIR has a folder for each service; each event says which one it is of."""
    for name, seconds in (("proxy-8080", (1, 4)), ("ext-proc-50051", (2, 3)), ("empty", ())):
        (tmp_path / name).mkdir()
        for second in seconds:
            with (tmp_path / name / "events.jsonl").open("ab") as file:
                file.write(lines(at(second)))
    found = list(read_files([str(tmp_path)], Unread()))
    assert [(each.id[:4], each.source) for each in found] == [
        ("0001", "proxy-8080"), ("0002", "ext-proc-50051"), ("0003", "ext-proc-50051"),
        ("0004", "proxy-8080"),
    ]  # fmt: skip


def test_several_files_are_by_time(tmp_path: Path) -> None:
    """However they are named, compressed or not: the content says which it is."""
    (tmp_path / "a.txt").write_bytes(gzip.compress(lines(at(1), at(3))))
    (tmp_path / "b.gz").write_bytes(lines(at(2)))
    assert ids(tmp_path / "a.txt", tmp_path / "b.gz") == ["0001-0", "0002-0", "0003-0"]


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """``-`` reads it, compressed or not."""
    for data in (lines(at(1)), gzip.compress(lines(at(1)))):
        stdin = io.TextIOWrapper(io.BufferedReader(io.BytesIO(data)))  # type: ignore[arg-type]
        monkeypatch.setattr(sys, "stdin", stdin)
        assert ids("-") == ["0001-0"]


def test_foreign_and_torn_lines_are_counted(tmp_path: Path) -> None:
    """What is no event is left out and told; a last line without an end may still be one."""
    file = tmp_path / "log"
    junk = b"hello\n\n{}\n[1]\n\x00\x00\n" + b'{"a":"' + b"x" * (3 << 20) + b'"}\n'
    file.write_bytes(junk + lines(at(1)) + b'{"timestamp": "2026-')
    unread = Unread()
    assert ids(file, unread=unread) == ["0001-0"]
    assert (unread.foreign, unread.torn) == (5, 1)
    assert unread.notes() == [
        "5 lines left out: not an event", "1 line left out: torn off at a file's end",
    ]  # fmt: skip
    file.write_bytes(lines(at(1), at(2))[:-1])
    unread = Unread()
    assert ids(file, unread=unread) == ["0001-0", "0002-0"]
    assert unread.notes() == []


def test_damaged_file_is_read_up_to_there(tmp_path: Path) -> None:
    """A compressed file that was cut gives what is in it, and says that there was more."""
    data = gzip.compress(lines(*(at(second) for second in range(60))) * 20, mtime=0)
    (tmp_path / "cut.gz").write_bytes(data[: len(data) // 2])
    (tmp_path / "bad.gz").write_bytes(data[:200] + b"\xff" * 50 + data[250:])
    for name in ("cut.gz", "bad.gz"):
        unread = Unread()
        ids(tmp_path / name, unread=unread)
        assert len(unread.broken) == 1
        assert f"{name}: not read to its end" in unread.broken[0]


def test_files_rotated_meanwhile_are_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that rotates while they are opened makes no event come twice or be missed."""
    for number, name in ((3, "events.jsonl"), (2, "events.jsonl.1"), (1, "events.jsonl.2")):
        (tmp_path / name).write_bytes(lines(at(number)))
    really, rotations = files._open, [3]

    def rotate(path: Path, source: str, held: ExitStack) -> files._Part:
        part = really(path, source, held)
        if path.name == "events.jsonl" and rotations:
            for number in range(rotations.pop(), 0, -1):
                name = f".{number - 1}" if number > 1 else ""
                (tmp_path / f"events.jsonl{name}").rename(tmp_path / f"events.jsonl.{number}")
            path.write_bytes(lines(at(4)))
        return part

    monkeypatch.setattr(files, "_open", rotate)
    assert ids(tmp_path) == ["0001-0", "0002-0", "0003-0", "0004-0"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("none.jsonl", "none.jsonl: no such file"), ("none/events.jsonl", "no such file"),
        ("empty", "has no events.jsonl"), ("empty/events.jsonl", "no such file"),
    ],
)  # fmt: skip
def test_missing_file_is_named(tmp_path: Path, name: str, says: str) -> None:
    """Said before anything is read, with the file's name."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError) as caught:
        read_files([str(tmp_path / name)], Unread())
    assert says in str(caught.value)


def test_huge_file_is_read_in_flat_memory(tmp_path: Path) -> None:
    """Twenty megabytes of events cost less than two."""
    line = json.dumps(row()).encode() + b"\n"
    with (tmp_path / "events.jsonl").open("wb") as file:
        for _ in range(20_000_000 // len(line)):
            file.write(line)

    def count(events: Iterator[object]) -> int:
        return sum(1 for _ in events)

    tracemalloc.start()
    try:
        assert count(read_files([str(tmp_path)], Unread())) > 15_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000
