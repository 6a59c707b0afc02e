"""Files are known by how they begin."""

import gzip
import io
import json
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from ctl.replay.formats import Format, format_of, opened
from kysira.errors import CorpusError
from tests.ctl.events.made import lines, row

LOG = b'192.0.2.7 - - [x] "GET / HTTP/1.1" 200 1\n'
CASES = [
    (lines(row()), Format.EVENTS),
    (lines(row(query="q" * 100_000)), Format.EVENTS),
    (b'\xef\xbb\xbf{\n  "log": {"version": "1.2", "entries": []}}', Format.HAR),
    (LOG, Format.ACCESS_LOG),
    (b'{"request": "GET / HTTP/1.1"}\n', Format.ACCESS_LOG),
]


@pytest.mark.parametrize(("data", "kind"), CASES)
@pytest.mark.parametrize("is_gzip", [False, True])
def test_format_is_seen(data: bytes, kind: Format, is_gzip: bool, tmp_path: Path) -> None:
    """Compressed or not, whatever its name is."""
    path = tmp_path / "x"
    path.write_bytes(gzip.compress(data) if is_gzip else data)
    assert format_of(str(path)) is kind
    with ExitStack() as held:
        assert opened(str(path), held).read() == data


def test_standard_input_is_left_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """To look at its beginning takes nothing of it."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(LOG))))
    assert format_of("-") is Format.ACCESS_LOG
    with ExitStack() as held:
        assert opened("-", held).read() == LOG


def test_folder_is_events(tmp_path: Path) -> None:
    """A service's folder holds its events."""
    assert format_of(str(tmp_path)) is Format.EVENTS


def test_unreadable_file_is_told(tmp_path: Path) -> None:
    """No file, and an empty one, are errors with its name."""
    with pytest.raises(CorpusError, match="nosuch: no such file"):
        format_of(str(tmp_path / "nosuch"))
    (tmp_path / "empty").write_bytes(b" \n")
    with pytest.raises(CorpusError, match="empty: is empty"):
        format_of(str(tmp_path / "empty"))


def test_events_are_told_from_json_logs(tmp_path: Path) -> None:
    """A JSON log with a timestamp is no event: it says of no action."""
    (tmp_path / "x").write_text(
        json.dumps({"timestamp": "2026-11-26T01:00:00Z", "request": "GET /"})
    )
    assert format_of(str(tmp_path / "x")) is Format.ACCESS_LOG
