"""Compiled rules are kept on disk, and the disk may be in any state."""

import logging
import os
from pathlib import Path

import hyperscan
import pytest

from inference.matcher import HyperscanMatcher, Pattern
from inference.rule_cache import KEPT_FILES, cached_matcher

PATTERNS = (Pattern("union select"), Pattern("Runtime", is_case_sensitive=True))
TEXT = b"1 UNION SELECT Runtime"
BOTH = [0, 1]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the compiled rules go; it is not there yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "kysira"


@pytest.fixture(autouse=True)
def told(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Return what is logged, also the ordinary."""
    caplog.set_level(logging.INFO)
    return caplog


def files(folder: Path) -> list[Path]:
    """Return all that is in the folder."""
    return sorted(folder.iterdir())


def test_first_start_compiles_and_keeps(folder: Path, told: pytest.LogCaptureFixture) -> None:
    """The rules work, and one file for the user alone is written."""
    assert cached_matcher(PATTERNS).match(TEXT) == BOTH
    assert "compiling_rules count=2" in told.text
    (file,) = files(folder)
    assert file.stat().st_mode & 0o077 == folder.stat().st_mode & 0o077 == 0


def test_second_start_loads(folder: Path, told: pytest.LogCaptureFixture) -> None:
    """It does not compile: what it matches is what the file says, and that is left alone."""
    cached_matcher(PATTERNS)
    (file,) = files(folder)
    file.write_bytes(hyperscan.dumpb(HyperscanMatcher((Pattern("xyz"),)).database))
    before = file.stat()
    told.clear()
    matcher = cached_matcher(PATTERNS)
    assert (matcher.match(TEXT), matcher.match(b"xyz")) == ([], [0])
    assert not told.records
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize(
    "others",
    [
        PATTERNS[:1], PATTERNS[::-1], (*PATTERNS, Pattern("c")),
        (PATTERNS[0], Pattern("Runtime")), (Pattern("union  select"), PATTERNS[1]),
    ],
    ids=["fewer", "in another order", "more", "case", "wording"],
)  # fmt: skip
def test_other_rules_are_compiled(folder: Path, others: tuple[Pattern, ...]) -> None:
    """Any change of the rules makes a file of its own."""
    cached_matcher(PATTERNS)
    assert cached_matcher(others).match(TEXT) == HyperscanMatcher(others).match(TEXT)
    assert len(files(folder)) == 2
    assert cached_matcher(PATTERNS).match(TEXT) == BOTH


def test_other_code_compiles_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version that compiles the same patterns in another way does not load this one's file."""
    cached_matcher(PATTERNS)
    (tmp_path / "matcher.py").write_text("# other flags")
    monkeypatch.setattr("inference.matcher.__file__", str(tmp_path / "matcher.py"))
    cached_matcher(PATTERNS)
    assert len(files(folder)) == 2


@pytest.mark.parametrize("damage", ["empty", "cut", "garbage", "flipped", "version", "processor"])
def test_broken_file_is_compiled_again(
    folder: Path, told: pytest.LogCaptureFixture, damage: str
) -> None:
    """A file that hyperscan does not take is told, and replaced by a good one."""
    cached_matcher(PATTERNS)
    (file,) = files(folder)
    whole = file.read_bytes()
    middle = len(whole) // 2
    broken = {
        "empty": b"",
        "cut": whole[:-1],
        "garbage": b"\0" * len(whole),
        "flipped": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "version": whole[:4] + bytes([whole[4] ^ 1]) + whole[5:],
        "processor": whole[:12] + bytes([whole[12] ^ 0xFF]) + whole[13:],
    }[damage]
    file.write_bytes(broken)
    told.clear()
    assert cached_matcher(PATTERNS).match(TEXT) == BOTH
    assert "rule_cache_unreadable" in told.text
    assert "compiling_rules" in told.text
    assert files(folder) == [file]
    assert file.read_bytes() == whole


@pytest.mark.parametrize("where", ["above", "folder"])
def test_unwritable_folder_costs_time_only(
    folder: Path, told: pytest.LogCaptureFixture, where: str
) -> None:
    """Where nothing can be written the rules are compiled each time, and work."""
    blocked = folder.parent if where == "above" else folder
    blocked.parent.mkdir(exist_ok=True)
    blocked.write_text("in the way")
    for _ in range(2):
        told.clear()
        assert cached_matcher(PATTERNS).match(TEXT) == BOTH
        assert "compiling_rules" in told.text
        assert "rule_cache_not_written" in told.text
    assert blocked.read_text() == "in the way"


def test_failed_write_leaves_no_rubbish(folder: Path, told: pytest.LogCaptureFixture) -> None:
    """A write that fails at the last step takes its temporary file with it."""
    cached_matcher(PATTERNS)
    (file,) = files(folder)
    file.unlink()
    file.mkdir()
    told.clear()
    assert cached_matcher(PATTERNS).match(TEXT) == BOTH
    assert "rule_cache_unreadable" in told.text
    assert "rule_cache_not_written" in told.text
    assert files(folder) == [file]


def test_home_is_where_it_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: pytest.LogCaptureFixture
) -> None:
    """Without XDG_CACHE_HOME, or with an empty one, it is ~/.cache/kysira."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    cached_matcher(PATTERNS)
    monkeypatch.delenv("XDG_CACHE_HOME")
    told.clear()
    cached_matcher(PATTERNS)
    assert len(files(tmp_path / ".cache" / "kysira")) == 1
    assert not told.records


def test_user_without_home_compiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: pytest.LogCaptureFixture
) -> None:
    """A user that is in no /etc/passwd and has no HOME, as in some containers, keeps nothing."""

    def no_home() -> Path:
        raise RuntimeError("could not determine the home directory")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    assert cached_matcher(PATTERNS).match(TEXT) == BOTH
    assert "compiling_rules" in told.text
    assert len(told.records) == 1


def test_newest_files_are_kept(folder: Path) -> None:
    """Of more sets of rules than are kept the oldest go, and nothing that is not ours."""
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    written: list[Path] = []
    for number in range(KEPT_FILES + 2):
        cached_matcher((Pattern(f"rule{number}"),))
        (new,) = set(folder.glob("*.hsdb")) - set(written)
        os.utime(new, (number, number))  # the clock may be too coarse
        written.append(new)
    assert files(folder) == sorted([*written[2:], folder / "notes.txt"])


def test_refused_pattern_is_named(folder: Path) -> None:
    """What can't be compiled is the caller's to know, and is not kept."""
    with pytest.raises(ValueError, match=r"\(b"):
        cached_matcher((Pattern("a"), Pattern("(b")))
    assert not folder.exists()
