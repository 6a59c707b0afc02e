"""Files that a user names."""

import os
from pathlib import Path

import pytest

from ctl.files import make_folder, read_text, refuse_foreign, write_text
from kysira.errors import RenderError
from tests.needs import need


def test_text_is_read_with_its_line_ends(tmp_path: Path) -> None:
    """A file from Windows keeps its carriage returns."""
    (tmp_path / "a").write_bytes(b"a\r\nb\n")
    assert read_text(tmp_path / "a") == "a\r\nb\n"


def test_unreadable_file_is_named(tmp_path: Path) -> None:
    """Missing, a folder, or not text: one line with the path."""
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name, why in [("none", "no such file"), ("", "is a directory"), ("binary", "not UTF-8")]:
        with pytest.raises(RenderError, match=why):
            read_text(tmp_path / name)


def test_write_keeps_permissions_and_link(tmp_path: Path) -> None:
    """The file behind a link is replaced; link, mode and the folder's other files stay."""
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    write_text(link, "new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert real.stat().st_mode & 0o777 == 0o640
    assert sorted(os.listdir(tmp_path)) == ["link", "real"]


def test_write_keeps_the_owner(tmp_path: Path) -> None:
    """A service that may read the file alone still reads what root has written."""
    need(os.geteuid() == 0, "root, who alone may give files away")
    path = tmp_path / "a"
    path.write_text("old")
    os.chown(path, 12, 34)
    path.chmod(0o640)
    write_text(path, "new")
    known = path.stat()
    assert (known.st_uid, known.st_gid, known.st_mode & 0o777) == (12, 34, 0o640)


def test_unwritable_folder_is_named(tmp_path: Path) -> None:
    """A folder that is not there is an error with the path."""
    with pytest.raises(RenderError, match="none/a: no such file"):
        write_text(tmp_path / "none" / "a", "x")


def test_folder_is_made_whole(tmp_path: Path) -> None:
    """With those above it; one that is there stays, and a file in its place is named."""
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(RenderError, match="file: file exists"):
        make_folder(tmp_path / "file")


def test_foreign_file_is_refused(tmp_path: Path) -> None:
    """One that does not hold our name, which what would be written holds."""
    path = tmp_path / "a.yaml"
    refuse_foreign({path: "# Kysira"})
    path.write_text("a: 1")
    with pytest.raises(RenderError, match="not of kysiractl"):
        refuse_foreign({path: "# Kysira"})
    refuse_foreign({path: "b: 2"})
    path.write_text("# by kysiractl")
    refuse_foreign({path: "# Kysira"})
