"""The spool's files: whole or not there, and nobody else's are touched."""

import os
import resource
import stat
from pathlib import Path

import pytest

from kysira.events.sinks.batch import Batch, new_batch
from kysira.events.sinks.spool_files import SpoolFiles
from tests.kysira.events.sinks.lines import lines


@pytest.fixture
def files(tmp_path: Path) -> SpoolFiles:
    return SpoolFiles(tmp_path / "state" / "spool")


def saved(files: SpoolFiles, number: int = 1) -> tuple[Batch, bytes]:
    batch, data = new_batch(number, lines(3))
    assert files.write(batch, data) is None
    return batch, data


def test_batch_is_read_back(files: SpoolFiles) -> None:
    """What was written is found and read; a deleted one is gone, also when deleted twice."""
    batch, data = saved(files)
    assert files.scan() == [batch]
    assert files.read(batch) == data
    assert files.delete(batch) is files.delete(batch) is None
    assert files.scan() == []


def test_files_are_their_owners_alone(files: SpoolFiles) -> None:
    """Events are nobody else's to read."""
    batch, _ = saved(files)
    path = files.folder / batch.file_name
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (files.folder, files.folder.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_unfinished_file_is_deleted(files: SpoolFiles) -> None:
    """What a killed process had begun is no batch, and does not stay; foreign files do."""
    batch, _ = saved(files)
    unfinished = files.folder / f"{batch.file_name}.tmp"
    unfinished.write_bytes(b"{")
    (files.folder / "notes.tmp").touch()
    assert files.scan() == [batch]
    assert not unfinished.exists()
    assert (files.folder / "notes.tmp").exists()


@pytest.mark.parametrize("what", ["broken", "missing", "folder"])
def test_unreadable_batch_is_none(
    files: SpoolFiles, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One that can't be read is said to be skipped, in the log too."""
    batch, data = saved(files)
    path = files.folder / batch.file_name
    path.unlink()
    if what == "broken":
        path.write_bytes(data[:-2])
    elif what == "folder":
        path.mkdir()
    assert files.read(batch) is None
    assert "spool_file_skipped" in caplog.text


def test_passing_trouble_is_raised(files: SpoolFiles) -> None:
    """Too many open files say nothing about this one: it must not be taken for broken."""
    batch, data = saved(files)
    lowest_free = os.open("/", os.O_RDONLY)
    os.close(lowest_free)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            files.read(batch)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert files.read(batch) == data


def test_failed_write_leaves_nothing(files: SpoolFiles) -> None:
    """An error is returned, and there is no part of a batch."""
    batch, data = new_batch(1, lines(1))
    (files.folder / batch.file_name).mkdir(parents=True)
    assert isinstance(files.write(batch, data), OSError)
    assert [path.name for path in files.folder.iterdir()] == [batch.file_name]
    assert isinstance(files.delete(batch), OSError)


def test_file_in_the_folders_place_is_an_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is found there, and nothing written; it is logged."""
    (tmp_path / "spool").touch()
    files = SpoolFiles(tmp_path / "spool")
    assert files.scan() == []
    assert "spool_not_restored" in caplog.text
    assert isinstance(files.write(*new_batch(1, lines(1))), OSError)
