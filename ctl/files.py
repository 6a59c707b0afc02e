"""Reads and writes the files a user names."""

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ctl.inputs import why
from kysira.errors import RenderError

_OURS = re.compile("kysira", re.IGNORECASE)
"""What is rendered holds it, as a comment, a label or a name."""


def read_text(path: Path) -> str:
    """Return the text of a file with its line ends as they are; raises RenderError."""
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise RenderError(f"{path}: not UTF-8 text") from None
    except OSError as error:
        raise RenderError(f"{path}: {why(error)}") from error


def write_text(path: Path, text: str) -> None:
    """Replace the file whole or not at all, keeping its permissions; raises RenderError."""
    path = path.resolve()  # a link stays one
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode("utf-8"))
            if path.exists():
                _keep_owner(path, name)
                shutil.copymode(path, name)  # after it: a change of owner takes rights away
            else:
                Path(name).chmod(0o644)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise RenderError(f"{path}: {why(error)}") from error


def _keep_owner(path: Path, name: str) -> None:
    """Give a file the owner of another, as far as one may: who reads that reads this then."""
    known = path.stat()
    with suppress(PermissionError):
        os.chown(name, known.st_uid, known.st_gid)


def refuse_foreign(files: Mapping[Path, str]) -> None:
    """Raise RenderError for a file that is there and is somebody else's, by what both hold."""
    for path, text in files.items():
        if path.is_file() and _OURS.search(text) and not _OURS.search(path.name + read_text(path)):
            raise RenderError(
                f"{path} is there, and not of kysiractl: move it, or write to another folder"
            )


def make_folder(path: Path) -> None:
    """Make the folder, and those above it, unless it is there; raises RenderError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RenderError(f"{path}: {why(error)}") from error
