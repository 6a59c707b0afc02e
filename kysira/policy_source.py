"""Where the policy comes from: the settings, and a file that is watched."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from kysira.errors import PolicyError
from kysira.events.sinks.worker import Worker
from kysira.policy import Policy
from kysira.policy_text import timestamp

log = logging.getLogger(__name__)
PERIOD_S = 1.0
"""Seconds between two looks at the file, and at what has expired."""
SETTLE_S = 0.1
"""Seconds for which a changed file must stay as it is: editors don't write at once."""
READ_S = 5.0
"""Seconds that a file may take to be read."""
SOON_S = 7 * 24 * 3600.0
_MOST_LOGGED = 20
_MOST_LOOKS = 50
"""How often a file may be found changed while it is looked at, before that is told."""
_RESTLESS = "the file changes all the time: it is taken once it stays as it is"

Apply = Callable[[Policy], Awaitable[None]]


class PolicySource:
    """Keeps the policy in force, and the last good one where the file is broken."""

    def __init__(
        self,
        path: Path | None,
        settings: Policy,
        given: Mapping[str, Any],
        *,
        clock: Callable[[], float] = time.time,
        period_s: float = PERIOD_S,
        settle_s: float = SETTLE_S,
    ) -> None:
        """Without a file the policy is ``settings``; ``given`` is what wins over a file.

        Raises PolicyError for a file that is broken from the start: there is no good one to keep.
        """
        self.path = path
        self.policy = settings
        """The one in force, without what has expired."""
        self.loaded_at = clock()
        """Unix seconds."""
        self.error = ""
        """What is wrong with the file as it is now, one line a problem; "" when it is in force."""
        self.failures = 0
        """How often a changed file was broken."""
        self._given = given
        self._clock = clock
        self._period_s, self._settle_s = period_s, settle_s
        self._good: bytes | str | None = None
        self._bad: bytes | str | None = None
        self._is_asked = asyncio.Event()
        self._looks = 0
        self._expired: set[str] = set()
        self._worker = Worker("kysira-policy")
        if path is not None:
            self._good = data = _read(path)
            self.policy = self._parse(path, data)
            self._tell_of_expiry(at_load=True)

    @property
    def complaint(self) -> str:
        """Return that the file is broken, without what is in it: anybody may read health."""
        if not self.error:
            return ""
        name = self.path.name if self.path else ""
        count = len(self.error.splitlines())
        return f"{name} is not in force (problems: {count}): GET /_kysira/policy shows them"

    def reload(self) -> None:
        """Look at the file now, and take it even if it looks unchanged."""
        self._good = self._bad = None
        self._is_asked.set()

    async def run(self, apply: Apply) -> None:
        """Have every new policy applied, until cancelled."""
        if self.path is None:
            return
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._watch(self.path, apply))
                # Of its own: what expires must not wait for a disk that hangs.
                tasks.create_task(self._expire(apply))
        finally:
            self._worker.end()

    async def _watch(self, path: Path, apply: Apply) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._period_s):
                    await self._is_asked.wait()
            self._is_asked.clear()
            try:
                await self._look(path, apply)
            except Exception:  # a bug must not end the watch: no later change would be seen
                log.exception("policy_watch_failed")

    async def _expire(self, apply: Apply) -> None:
        while True:
            await asyncio.sleep(self._period_s)
            policy = self.policy.at(self._clock())
            if policy is self.policy:
                continue
            self.policy = policy
            try:
                self._tell_of_expiry()
                await apply(policy)
            except Exception:  # likewise
                log.exception("policy_watch_failed")

    async def _look(self, path: Path, apply: Apply) -> None:
        data = await self._content(path)
        if data == self._good:
            if self.error:
                log.warning("policy_restored path=%s hash=%s", path, self.policy.hash)
            self.error, self._bad, self._looks = "", None, 0
        elif data != self._bad:
            await asyncio.sleep(self._settle_s)
            if data == await self._content(path):
                self._looks = 0
                await self._take(path, data, apply)
            elif self._looks < _MOST_LOOKS:
                self._looks += 1
                self._is_asked.set()  # still being written
            elif self._bad != _RESTLESS:
                await self._take(path, _RESTLESS, apply)

    async def _content(self, path: Path) -> bytes | str:
        """Return what the file holds, or what is wrong with it."""
        try:
            async with asyncio.timeout(READ_S):
                return await self._worker.call(partial(_read, path))
        except PolicyError as error:
            return str(error)
        except TimeoutError:
            return f"{path}: the disk takes too long"

    async def _take(self, path: Path, data: bytes | str, apply: Apply) -> None:
        try:
            if isinstance(data, str):
                raise PolicyError(data)
            policy = await self._worker.call(partial(self._parse, path, data))
        except PolicyError as error:
            self._bad, self.error = data, str(error)
            self.failures += 1
            self._tell_of_failure(error)
            return
        self._good, self._bad, self.error = data, None, ""
        before, self.policy, self.loaded_at = self.policy, policy, self._clock()
        await apply(policy)
        log.warning("policy_loaded path=%s hash=%s before=%s", path, policy.hash, before.hash)
        self._expired.clear()
        self._tell_of_expiry(at_load=True)

    def _parse(self, path: Path, data: bytes) -> Policy:
        from kysira.policy_file import build, parse_policy  # noqa: PLC0415

        try:
            return build(parse_policy(data, str(path)), self._given, self._clock())
        except PolicyError:
            raise
        except Exception as error:  # a file that a bug can't read is a broken file, and told so
            log.exception("policy_reader_crashed")
            raise PolicyError(f"{path}: can't be read: {error!r}") from None

    def _tell_of_failure(self, error: PolicyError) -> None:
        log.error(
            "policy_not_loaded path=%s keeps=%s problems=%d",
            self.path, self.policy.hash, len(error.problems),
        )  # fmt: skip
        for problem in error.problems[:_MOST_LOGGED]:
            log.error("policy_problem %r", problem)

    def _tell_of_expiry(self, *, at_load: bool = False) -> None:
        now = self._clock()
        for each in self.policy.exclusions:
            if each.has_expired(now):
                if each.name not in self._expired:
                    self._expired.add(each.name)
                    log.warning("exclusion_expired name=%s", each.name)
            elif at_load and each.has_expired(now + SOON_S):
                when = timestamp(each.expires or 0.0)
                log.warning("exclusion_expires_soon name=%s expires=%s", each.name, when)


def _read(path: Path) -> bytes:
    from kysira.policy_file import read_bytes  # noqa: PLC0415

    return read_bytes(path)
