"""The files of the spool; every call blocks."""

import errno
import logging
import os
from contextlib import suppress
from pathlib import Path

from kysira.events.sinks.batch import Batch, named

log = logging.getLogger(__name__)
_TEMPORARY = ".tmp"
_PASSING = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""Errors that say nothing about the file."""


class SpoolFiles:
    """Writes batches to a folder that is its owner's alone, and reads them back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def scan(self) -> list[Batch]:
        """Return the batches there are, and delete what was never finished."""
        try:
            names = os.listdir(self.folder)
        except FileNotFoundError:
            return []
        except OSError as error:
            log.error("spool_not_restored path=%s error=%r", self.folder, str(error))
            return []
        for name in names:
            if name.endswith(_TEMPORARY) and named(name.removesuffix(_TEMPORARY)):
                with suppress(OSError):
                    (self.folder / name).unlink()
        return [batch for name in names if (batch := named(name))]

    def write(self, batch: Batch, data: bytes) -> OSError | None:
        """Write a batch whole, or return why not and leave nothing."""
        path = self.folder / batch.file_name
        unfinished = path.with_name(path.name + _TEMPORARY)
        try:
            for folder in (self.folder.parent, self.folder):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
            with open(os.open(unfinished, flags, 0o600), "wb") as file:
                file.write(data)
            os.replace(unfinished, path)
        except OSError as error:
            with suppress(OSError):
                unfinished.unlink()
            return error
        return None

    def read(self, batch: Batch) -> bytes | None:
        """Return a batch's data, None when it is broken or can't be read.

        Raises OSError for what will pass.
        """
        path = self.folder / batch.file_name
        try:
            data = path.read_bytes()
        except OSError as error:
            if error.errno in _PASSING:
                raise
            log.error("spool_file_skipped path=%s error=%r", path, str(error))
            return None
        if batch.is_whole(data):
            return data
        log.error("spool_file_skipped path=%s error='it is broken'", path)
        return None

    def delete(self, batch: Batch) -> OSError | None:
        """Delete a batch's file, or return why not."""
        try:
            (self.folder / batch.file_name).unlink(missing_ok=True)
        except OSError as error:
            return error
        return None
