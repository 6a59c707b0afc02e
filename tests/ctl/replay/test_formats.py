"""Files are known by how they begin."""

import gzip
import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ctl.replay.formats import Format, Source, sources
from kysira.errors import CorpusError
from tests.ctl.events.made import lines, row
from tests.needs import need

LOG = b'192.0.2.7 - - [x] "GET / HTTP/1.1" 200 1\n'
CASES = [
    (lines(row()), Format.EVENTS),
    (lines(row(query="q" * 100_000)), Format.EVENTS),
    (b'\xef\xbb\xbf{\n  "log": {"version": "1.2", "entries": []}}', Format.HAR),
    (b'{"_comment": "x", "log": {"version": "1.2", "entries": []}}', Format.HAR),
    (LOG, Format.ACCESS_LOG),
    (b'{"request": "GET / HTTP/1.1"}\n', Format.ACCESS_LOG),
]


@pytest.fixture
def held() -> Iterator[ExitStack]:
    """Hold the files of a test open."""
    with ExitStack() as stack:
        yield stack


def one(name: str | Path, held: ExitStack, kind: Format = Format.AUTO) -> Source:
    """Return one file, open."""
    (found,) = sources([str(name)], kind, held)
    return found


def read(source: Source) -> bytes:
    """Return what is read of a file that was looked at."""
    assert source.file
    return source.file.read()


def piped(data: bytes) -> str:
    """Return the name of a pipe that gives some data, as ``<(zcat x.gz)`` is one."""
    end, other = os.pipe()
    os.write(other, data)
    os.close(other)
    return f"/dev/fd/{end}"


@pytest.mark.parametrize(("data", "kind"), CASES)
@pytest.mark.parametrize("is_gzip", [False, True])
def test_format_is_seen(
    data: bytes, kind: Format, is_gzip: bool, tmp_path: Path, held: ExitStack
) -> None:
    """Compressed or not, whatever its name is."""
    path = tmp_path / "x"
    path.write_bytes(gzip.compress(data) if is_gzip else data)
    found = one(path, held)
    assert found.kind is kind
    assert (found.file is None) == (kind is Format.EVENTS)
    assert found.file is None or read(found) == data


@pytest.mark.parametrize("is_gzip", [False, True])
def test_standard_input_is_left_whole(
    is_gzip: bool, monkeypatch: pytest.MonkeyPatch, held: ExitStack
) -> None:
    """To look at its beginning takes nothing of it, packed or not."""
    data = gzip.compress(LOG * 9000) if is_gzip else LOG * 9000
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(data))))
    found = one("-", held)
    assert found.kind is Format.ACCESS_LOG
    assert read(found) == LOG * 9000


@pytest.mark.parametrize("kind", [Format.AUTO, Format.EVENTS])
def test_pipe_is_read_once(kind: Format, held: ExitStack) -> None:
    """A shell's ``<(…)`` gives nothing twice: its beginning is kept."""
    need(Path("/dev/fd").exists(), "a system that names open files: /dev/fd")
    data = lines(row(), row())
    found = one(piped(data), held, kind)
    assert found.kind is Format.EVENTS
    assert read(found) == data


def test_damage_comes_behind_what_is_good(tmp_path: Path, held: ExitStack) -> None:
    """A file that is cut off within its beginning is read up to there."""
    path = tmp_path / "x"
    path.write_bytes(gzip.compress(LOG * 50)[:-8])
    found = one(path, held)
    assert found.file
    assert found.file.readline() == LOG
    with pytest.raises(EOFError):
        found.file.read()


def test_folder_is_events(tmp_path: Path, held: ExitStack) -> None:
    """A service's folder holds its events."""
    assert one(tmp_path, held) == Source(str(tmp_path), Format.EVENTS)


@pytest.mark.parametrize("kind", [Format.AUTO, Format.EVENTS, Format.ACCESS_LOG])
def test_unreadable_file_is_told(kind: Format, tmp_path: Path, held: ExitStack) -> None:
    """No file, an empty one, and a damaged one are errors with its name."""
    with pytest.raises(CorpusError, match="nosuch: no such file"):
        one(tmp_path / "nosuch", held, kind)
    (tmp_path / "empty").write_bytes(b" \n")
    with pytest.raises(CorpusError, match="empty: is empty"):
        one(tmp_path / "empty", held, kind)
    (tmp_path / "damaged").write_bytes(gzip.compress(LOG)[:10] + b"\xff" * 99)
    with pytest.raises(CorpusError, match="damaged: its compressed data are damaged"):
        one(tmp_path / "damaged", held, kind)


def test_events_are_told_from_json_logs(tmp_path: Path, held: ExitStack) -> None:
    """A JSON log with a timestamp is no event: it says of no action."""
    (tmp_path / "x").write_text(
        json.dumps({"timestamp": "2026-11-26T01:00:00Z", "request": "GET /"})
    )
    assert one(tmp_path / "x", held).kind is Format.ACCESS_LOG
