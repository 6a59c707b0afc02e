"""A file of lines: whole whatever happens to its writer, its disk or its name."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kysira.events.sinks.appending import AppendedFile

SMALL_DISK = """
import resource, signal, sys
from pathlib import Path
from kysira.events.sinks.appending import AppendedFile
file = AppendedFile(Path(sys.argv[1]))
file.append([b"before"])
limit = 40
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
lines = [b"a" * 9, b"b" * 9, b"c" * 9, b"d" * 9]
appended = file.append(lines)
print(appended.lines, appended.error.strerror)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(file.append([b"after"]))
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_lines_are_appended(tmp_path: Path) -> None:
    """Each line gets its break; the file and the folder made for it are their owner's alone."""
    path = tmp_path / "state" / "file.jsonl"
    file = AppendedFile(path)
    assert file.append([b"one", b"two"]) == (2, None)
    assert file.size() == 8
    file.close()
    assert AppendedFile(path).append([b"three"]) == (1, None)
    assert path.read_bytes() == b"one\ntwo\nthree\n"
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)


@pytest.mark.parametrize("kept", [b"", b"one\ntwo\n", b"x" * 100_000 + b"\n"])
@pytest.mark.parametrize("torn", [b"", b"{", b"y" * 70_000, b"z" * 200_000])
def test_torn_line_is_cut(
    tmp_path: Path, kept: bytes, torn: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """What a killed writer left of its last line goes, and nothing else; it is logged."""
    path = tmp_path / "file.jsonl"
    path.write_bytes(kept + torn)
    AppendedFile(path).append([b"next"])
    assert path.read_bytes() == kept + b"next\n"
    assert ("torn_line_cut" in caplog.text) is bool(torn)


def test_full_disk_leaves_whole_lines(tmp_path: Path) -> None:
    """When the disk fills up, whole lines stay, the torn one goes, and later it works again."""
    path = tmp_path / "file.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", SMALL_DISK, str(path)], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines() == ["3 File too large", "Appended(lines=1, error=None)"]
    assert path.read_bytes() == b"before\naaaaaaaaa\nbbbbbbbbb\nccccccccc\nafter\n"


@pytest.mark.parametrize("how", ["renamed", "deleted", "replaced"])
def test_moved_file_is_left_alone(tmp_path: Path, how: str) -> None:
    """When a log rotation or a person takes the file away, a new one is begun."""
    path, away = tmp_path / "file.jsonl", tmp_path / "away"
    file = AppendedFile(path)
    file.append([b"old"])
    if how == "deleted":
        path.unlink()
    else:
        path.rename(away)
    if how == "replaced":
        path.write_bytes(b"theirs\nto")
    file.append([b"new"])
    assert path.read_bytes() == (b"theirs\nnew\n" if how == "replaced" else b"new\n")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A pipe or a folder in the file's place is an error that is returned, and blocks nothing."""
    pipe, folder = tmp_path / "pipe", tmp_path / "folder"
    os.mkfifo(pipe)
    folder.mkdir()
    for path in (pipe, folder, pipe / "below"):
        count, error = AppendedFile(path).append([b"x"])
        assert count == 0
        assert isinstance(error, OSError)


def test_sync_needs_no_open_file(tmp_path: Path) -> None:
    """Before the first line there is nothing to bring to the disk."""
    file = AppendedFile(tmp_path / "file")
    file.sync()
    file.append([b"x"])
    file.sync()
    file.close()
    file.close()
