"""The mode in force: the configured one, or a runtime flip that outlives a restart."""

import json
import logging
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from kysira.types import Mode

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Flip:
    """A mode set at runtime, over which configured mode, and until when."""

    mode: Mode
    configured: Mode
    expires_at: float | None = None
    """Unix seconds; None is for good."""


class ModeStore:
    """Keeps the mode; a flip is written to ``mode.json`` before it counts.

    A flip is discarded when the configured mode has changed since, or its time is up: then the
    configured mode is in force again, whatever was before the flip.
    """

    def __init__(
        self, configured: Mode, folder: Path, *, clock: Callable[[], float] = time.time
    ) -> None:
        """Read back an earlier flip; a missing or broken file means none."""
        self.configured = configured
        self.write_failures = 0
        self._path = folder / "mode.json"
        self._clock = clock
        self._flip = self._read()

    @property
    def mode(self) -> Mode:
        """Return the mode in force now."""
        flip = self._flip
        if flip is None:
            return self.configured
        if flip.expires_at is not None and self._clock() >= flip.expires_at:
            self._flip = None
            log.warning("mode_expired back_to=%s", self.configured)
            return self.configured
        return flip.mode

    @property
    def expires_at(self) -> float | None:
        """Return when the flip in force ends, in Unix seconds; None when it does not."""
        _ = self.mode  # forgets a flip whose time is up
        return self._flip.expires_at if self._flip else None

    def set(self, mode: Mode, ttl_seconds: float | None = None) -> None:
        """Flip now; a state file that can't be written is logged and counted, the flip holds."""
        expires_at = None if ttl_seconds is None else self._clock() + ttl_seconds
        flip = Flip(mode, self.configured, expires_at)
        try:
            self._write(flip)
        except OSError as error:
            self.write_failures += 1
            log.error("mode_not_saved path=%s error=%s", self._path, error)
        self._flip = flip

    def _write(self, flip: Flip) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix="mode-")
        try:
            with os.fdopen(handle, "w") as file:
                json.dump(asdict(flip), file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self._path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise

    def _read(self) -> Flip | None:
        try:
            row = json.loads(self._path.read_text("utf-8"))
            expires_at = row["expires_at"]
            flip = Flip(
                Mode(row["mode"]),
                Mode(row["configured"]),
                None if expires_at is None else float(expires_at),
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            log.error(
                "mode_not_restored using=%s path=%s error=%r", self.configured, self._path, error
            )
            return None
        if flip.configured is self.configured:
            log.warning(
                "mode_restored mode=%s configured=%s path=%s",
                flip.mode,
                flip.configured,
                self._path,
            )
            return flip
        # Deleted, or it would come back when the configured mode does.
        self._forget()
        return None

    def _forget(self) -> None:
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            self.write_failures += 1
            log.error("mode_not_forgotten path=%s error=%s", self._path, error)
