"""The mode in force: the configured one, or a runtime flip that outlives a restart."""

import asyncio
import errno
import json
import logging
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from kysira.events.sinks.worker import Worker
from kysira.types import Mode

log = logging.getLogger(__name__)
SAVE_S = 2.0
"""Seconds that a flip waits for the disk: it may be made because all is about to break.

Less than kysiractl waits for the answer, which is 3 s unless told otherwise.
"""


@dataclass(frozen=True, slots=True)
class Flip:
    """A mode set at runtime, over which configured mode, until when, and what comes then."""

    mode: Mode
    configured: Mode
    expires_at: float | None = None
    """Unix seconds; None is for good."""
    back_to: Mode | None = None
    """The flip for good that this one interrupts; None where it interrupts the configured mode."""

    @property
    def lasting(self) -> Mode | None:
        """Return the mode of the last flip for good, None when there was none."""
        return self.mode if self.expires_at is None else self.back_to


@dataclass(frozen=True, slots=True)
class Wish:
    """A flip that is asked for."""

    mode: Mode
    ttl_seconds: float | None = None
    """For how long; None is for good, unless ``expires_at`` says when it ends."""
    expires_at: float | None = None
    """Unix seconds; in the past it is over already, and what comes then is in force at once."""
    back_to: Mode | None = None
    """What comes after its end; None is what was last set for good, or configured."""
    if_mode: Mode | None = None
    """Only when this mode is in force."""


class ModeDiffers(Exception):
    """Another mode is in force than the one that a flip is asked over; nothing was changed."""

    def __init__(self, mode: Mode, if_mode: Mode) -> None:
        super().__init__(f"the mode in force is {mode}, not {if_mode}; nothing was changed")
        self.mode = mode


class ModeStore:
    """Keeps the mode; a flip is written to ``mode.json`` before it counts.

    When the time of a flip is up, the last flip for good is in force again, or the configured mode
    where there was none. All flips are discarded when the configured mode has changed since.
    """

    def __init__(
        self, configured: Mode, folder: Path, *, clock: Callable[[], float] = time.time
    ) -> None:
        """Read back an earlier flip; a missing or broken file means none.

        A folder that can't be written is warned of now: a flip would not survive a restart.
        """
        self.configured = configured
        self.write_failures = 0
        self._path = folder / "mode.json"
        self._clock = clock
        self._flip = self._read()
        self._flipping = asyncio.Lock()
        self._worker = Worker("kysira-mode")
        self.is_saved = True
        """False when the last flip could not be written: it would not survive a restart."""
        self._warn_if_unwritable()

    @property
    def mode(self) -> Mode:
        """Return the mode in force now; every request asks, so nothing is made for the answer."""
        flip = self._in_force()
        return self.configured if flip is None else flip.mode

    @property
    def expires_at(self) -> float | None:
        """Return when the flip in force ends, in Unix seconds; None when it does not."""
        return self.in_force.expires_at

    @property
    def in_force(self) -> Flip:
        """Return the flip in force, with what comes after its end if it has one.

        Without a flip it is the configured mode, for good.
        """
        flip = self._in_force() or Flip(self.configured, self.configured)
        if flip.expires_at is None or flip.back_to is not None:
            return flip
        return replace(flip, back_to=self.configured)

    def set(self, mode: Mode, ttl_seconds: float | None = None) -> None:
        """Flip now; a state file that can't be written is logged and counted, the flip holds."""
        flip = self._wanted(Wish(mode, ttl_seconds))
        self.is_saved = True
        try:
            self._write(flip)
        except OSError as error:
            self._note_unsaved(error)
        self._flip = flip

    async def flip(self, mode: Mode, ttl_seconds: float | None = None) -> None:
        """Do what ``set`` does, and keep nobody else waiting for the disk meanwhile."""
        await self.grant(Wish(mode, ttl_seconds))

    async def grant(self, wish: Wish) -> None:
        """Flip as is wished; raises ModeDiffers, with nothing changed, when not in ``if_mode``.

        A disk that takes longer than SAVE_S counts as one that can't be written.
        """
        async with self._flipping:  # the last of several is the last on the disk, too
            mode = self.mode
            if wish.if_mode not in (None, mode):
                raise ModeDiffers(mode, wish.if_mode)
            flip = self._wanted(wish)
            self.is_saved = True
            try:
                async with asyncio.timeout(SAVE_S):
                    await self._worker.call(partial(self._write, flip))
            except TimeoutError:
                self._note_unsaved("the disk takes too long")
            except (OSError, RuntimeError) as error:  # the latter when threads are limited
                self._note_unsaved(error)
            if flip.configured is self.configured:  # it may have changed meanwhile
                self._flip = flip

    async def configure(self, configured: Mode) -> None:
        """Take a new configured mode at once; another than before ends every flip."""
        if configured is self.configured:
            return
        self.configured, self._flip, self.is_saved = configured, None, True
        async with self._flipping:
            with suppress(TimeoutError, RuntimeError):
                async with asyncio.timeout(SAVE_S):
                    await self._worker.call(self._forget)

    def _wanted(self, wish: Wish) -> Flip:
        flip = Flip(wish.mode, self.configured)
        expires_at = wish.expires_at
        if wish.ttl_seconds is not None:
            expires_at = self._clock() + wish.ttl_seconds
        if expires_at is None:
            return flip
        before = self._in_force()
        lasting = None if before is None else before.lasting
        return replace(flip, expires_at=expires_at, back_to=wish.back_to or lasting)

    def _note_unsaved(self, error: Exception | str) -> None:
        self.is_saved = False
        self.write_failures += 1
        log.error("mode_not_saved path=%s error=%r", self._path, str(error))

    def _in_force(self) -> Flip | None:
        flip = self._flip
        if flip is None or flip.expires_at is None or self._clock() < flip.expires_at:
            return flip
        self._flip = None if flip.back_to is None else Flip(flip.back_to, self.configured)
        log.warning("mode_expired back_to=%s", flip.back_to or self.configured)
        return self._flip

    def _warn_if_unwritable(self) -> None:
        folder = self._path.parent
        while not os.path.lexists(folder) and folder != folder.parent:
            folder = folder.parent
        # os.path takes a folder that can't be entered for one that is not there; pathlib raises.
        if not (os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK)):
            log.warning("mode_will_not_be_saved path=%s: choose a --data-dir", self._path)

    def _write(self, flip: Flip) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
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
            if not self._path.is_file() and self._path.exists():  # a pipe would block
                raise OSError(errno.EINVAL, "not a regular file")
            row = json.loads(self._path.read_text("utf-8"))
            expires_at, back_to = row["expires_at"], row.get("back_to")  # older files lack it
            if expires_at is not None:
                # One that no clock reaches could not be told, and would never be over.
                datetime.fromtimestamp(float(expires_at), UTC)
            flip = Flip(
                Mode(row["mode"]),
                Mode(row["configured"]),
                None if expires_at is None else float(expires_at),
                None if back_to is None else Mode(back_to),
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
            log.error("mode_not_forgotten path=%s error=%r", self._path, str(error))
