"""A policy file's changes come into force; a broken file changes nothing."""

import asyncio
import itertools
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kysira import policy_file, policy_source
from kysira.errors import PolicyError
from kysira.policy import Policy
from kysira.policy_source import PolicySource
from kysira.types import Mode

NOW = 1_798_000_000.0
"""2026-12-23."""


class Watched:
    """A file with a source that looks at it all the time, and what was applied."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "kysira.yaml"
        self.now = NOW
        self.applied: list[Policy] = []
        self.source: PolicySource

    @asynccontextmanager
    async def running(self, text: str = "threshold: 0.5") -> AsyncIterator[PolicySource]:
        """Run the source over a file of this text."""
        self.file.write_text(text)
        self.source = PolicySource(
            self.file, Policy(), {}, clock=lambda: self.now, period_s=0.01, settle_s=0.001
        )
        task = asyncio.create_task(self.source.run(self._apply))
        try:
            yield self.source
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _apply(self, policy: Policy) -> None:
        self.applied.append(policy)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Return once it holds."""
        async with asyncio.timeout(30):
            while not holds():
                await asyncio.sleep(0.005)

    async def write(self, text: str) -> None:
        """Change the file, and return once the change is in force or refused."""
        before = (self.source.policy, self.source.failures)
        self.file.write_text(text)
        await self.until(lambda: (self.source.policy, self.source.failures) != before)


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


async def test_without_file_settings_are_the_policy() -> None:
    """There is nothing to watch."""
    policy = Policy(mode=Mode.ACTIVE)
    source = PolicySource(None, policy, {})
    assert (source.policy, source.error) == (policy, "")
    await source.run(_never)


async def _never(_: Policy) -> None:
    raise AssertionError


async def test_broken_file_ends_the_start(tmp_path: Path) -> None:
    """There is no good policy to keep: who starts it is told all that is wrong."""
    file = tmp_path / "kysira.yaml"
    with pytest.raises(PolicyError, match="no such file"):
        PolicySource(file, Policy(), {})
    file.write_text("mode: activ\nthreshold: 2")
    with pytest.raises(PolicyError, match=r"yaml:1: mode: .*\n.*yaml:2: threshold"):
        PolicySource(file, Policy(), {})


async def test_change_is_applied(watched: Watched) -> None:
    """The new policy is in force whole, with the time at which it came."""
    async with watched.running() as source:
        assert source.policy.options.threshold == 0.5
        watched.now += 5
        await watched.write("threshold: 0.6\nmode: active")
        await watched.until(lambda: watched.applied != [])
        assert watched.applied == [source.policy]
        assert (source.policy.options.threshold, source.policy.mode) == (0.6, Mode.ACTIVE)
        assert source.loaded_at == NOW + 5


async def test_given_settings_stay_over_a_change(tmp_path: Path) -> None:
    """What an option says is not the file's to change."""
    file = tmp_path / "kysira.yaml"
    file.write_text("mode: active\nthreshold: 0.5")
    source = PolicySource(file, Policy(), {"mode": Mode.SHADOW})
    assert (source.policy.mode, source.policy.options.threshold) == (Mode.SHADOW, 0.5)


@pytest.mark.parametrize("text", ["mode: activ", "", "a: [", "\x00"])
async def test_broken_change_keeps_the_last_good(
    watched: Watched, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    """It is logged once, counted and told, until the file is whole again."""
    async with watched.running() as source:
        good = source.policy
        with caplog.at_level(logging.ERROR):
            await watched.write(text)
            await asyncio.sleep(0.1)  # looked at again and again
        assert (source.policy, source.failures) == (good, 1)
        assert "kysira.yaml" in source.error
        assert source.complaint.startswith("kysira.yaml is not in force (problems: 1)")
        assert len([r for r in caplog.records if "policy_not_loaded" in r.message]) == 1
        assert f"keeps={good.hash}" in caplog.text
        await watched.write("mode: actv")
        assert source.failures == 2
        watched.file.write_text("threshold: 0.5")
        await watched.until(lambda: source.error == "")
        assert source.complaint == ""
        assert (source.policy, watched.applied) == (good, [])


async def test_file_that_vanishes_changes_nothing(watched: Watched) -> None:
    """A deleted policy is an error, not a policy of defaults."""
    async with watched.running() as source:
        watched.file.unlink()
        await watched.until(lambda: source.failures == 1)
        assert "no such file" in source.error
        assert source.policy.options.threshold == 0.5
        await watched.write("threshold: 0.7")
        assert source.policy.options.threshold == 0.7


async def test_links_are_followed(watched: Watched, tmp_path: Path) -> None:
    """As Kubernetes swaps a ConfigMap: the link changes, and no file does."""
    for name, threshold in (("v1", 0.5), ("v2", 0.6)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "kysira.yaml").write_text(f"threshold: {threshold}")
    async with watched.running() as source:
        (tmp_path / "..data").symlink_to("v1")
        watched.file.unlink()
        watched.file.symlink_to("..data/kysira.yaml")
        (tmp_path / "..data_tmp").symlink_to("v2")
        (tmp_path / "..data_tmp").rename(tmp_path / "..data")
        await watched.until(lambda: source.policy.options.threshold == 0.6)


async def test_half_written_file_is_waited_for(tmp_path: Path) -> None:
    """What changes while it is looked at is looked at again: no half of it comes into force."""
    file = tmp_path / "kysira.yaml"
    file.write_text("threshold: 0.5")
    source = PolicySource(file, Policy(), {}, period_s=0.001, settle_s=0.3)
    applied: list[Policy] = []

    async def apply(policy: Policy) -> None:
        applied.append(policy)

    task = asyncio.create_task(source.run(apply))
    file.write_text("{}")
    await asyncio.sleep(0.1)
    file.write_text("threshold: 0.6")
    async with asyncio.timeout(30):
        while not applied:
            await asyncio.sleep(0.01)
    assert [policy.options.threshold for policy in applied] == [0.6]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_reload_looks_at_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Who asks need not wait for the next look, and is told again what is wrong."""
    file = tmp_path / "kysira.yaml"
    file.write_text("threshold: 0.5")
    source = PolicySource(file, Policy(), {}, period_s=3600.0, settle_s=0.0)
    applied = asyncio.Event()

    async def apply(_: Policy) -> None:
        applied.set()

    task = asyncio.create_task(source.run(apply))
    file.write_text("threshold: 0.6")
    source.reload()
    async with asyncio.timeout(30):
        await applied.wait()
    assert source.policy.options.threshold == 0.6
    file.write_text("threshold: 6")
    for count in (1, 2):
        source.reload()
        async with asyncio.timeout(30):
            while source.failures < count:
                await asyncio.sleep(0.005)
    assert caplog.text.count("threshold: 6 must be 1 or less") == 2
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


EXCLUSIONS = """
exclusions:
- {name: old, path: /a, expires: 2026-01-01}
- {name: soon, path: /b, expires: '2026-12-24T00:00:00Z'}
- {name: later, path: /c, expires: 2027-12-31}
"""


async def test_exclusion_expires_while_running(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    """When its time is up it is taken out of force, and said so once; the hash stays."""
    with caplog.at_level(logging.WARNING):
        async with watched.running(EXCLUSIONS) as source:
            names = [each.name for each in source.policy.options.exclusions]
            assert names == ["soon", "later"]
            before = source.policy.hash
            assert "exclusion_expires_soon name=soon expires=2026-12-24T00:00:00Z" in caplog.text
            watched.now += 24 * 3600.0
            await watched.until(lambda: watched.applied != [])
            await asyncio.sleep(0.05)
            assert watched.applied == [source.policy]
            assert [each.name for each in source.policy.options.exclusions] == ["later"]
            assert source.policy.hash == before
    assert caplog.text.count("exclusion_expired name=old") == 1
    assert caplog.text.count("exclusion_expired name=soon") == 1
    assert "name=later" not in caplog.text


async def test_exclusion_that_was_renewed_expires_again(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that gives it another day is told of like the first, and so is its end."""
    text = "exclusions: [{{name: one, path: /a, expires: {}}}]"
    with caplog.at_level(logging.WARNING):
        async with watched.running(text.format("2026-12-23")) as source:
            for day in (24, 25):
                watched.now += 24 * 3600.0
                await watched.until(lambda: source.policy.options.exclusions == ())
                await watched.write(text.format(f"2026-12-{day}"))
                assert source.policy.options.exclusions != ()
    assert caplog.text.count("exclusion_expired name=one") == 2


async def test_watch_outlives_a_fault(watched: Watched) -> None:
    """Whatever goes wrong while a policy is applied, the next change is seen."""
    async with watched.running() as source:
        applied = watched.applied
        watched.applied = None  # type: ignore[assignment]
        await watched.write("threshold: 0.6")
        watched.applied = applied
        await watched.write("threshold: 0.7")
        await watched.until(lambda: applied != [])
        assert source.policy.options.threshold == 0.7


async def test_disk_that_hangs_keeps_nothing_in_force(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What expires does so though the file can't be read; that is told as an error."""
    gate = threading.Event()
    monkeypatch.setattr(policy_source, "READ_S", 0.05)
    async with watched.running(EXCLUSIONS) as source:
        monkeypatch.setattr(policy_source, "_read", lambda _: gate.wait())
        watched.now += 24 * 3600.0
        await watched.until(lambda: watched.applied != [])
        await watched.until(lambda: "the disk takes too long" in source.error)
        gate.set()


async def test_expiry_does_not_wait_for_a_disk(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What expires does so while the file is still being read."""
    gate, is_reading = threading.Event(), threading.Event()

    def hang(_: Path) -> bytes:
        is_reading.set()
        gate.wait()
        return EXCLUSIONS.encode()

    async with watched.running(EXCLUSIONS) as source:
        monkeypatch.setattr(policy_source, "_read", hang)
        await watched.until(is_reading.is_set)
        watched.now += 24 * 3600.0
        await watched.until(lambda: watched.applied != [])
        assert (source.error, gate.is_set()) == ("", False)
        gate.set()


async def test_file_that_is_never_the_same_is_told(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not taken, that is an error once, and what it is in the end comes into force."""
    numbers = itertools.count()
    read = policy_source._read
    async with watched.running() as source:
        monkeypatch.setattr(policy_source, "_read", lambda _: f"# {next(numbers)}".encode())
        await watched.until(lambda: "changes all the time" in source.error)
        seen = next(numbers)
        await watched.until(lambda: next(numbers) > seen + 50)
        assert (source.failures, watched.applied) == (1, [])
        watched.file.write_text("threshold: 0.6")
        monkeypatch.setattr(policy_source, "_read", read)
        await watched.until(lambda: source.error == "")
        assert source.policy.options.threshold == 0.6


async def test_reader_that_crashes_keeps_the_last_good(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours is told like one of the file's: once, in health, and as a failure."""

    def crash(*_: object) -> None:
        raise ZeroDivisionError

    async with watched.running() as source:
        good = source.policy
        monkeypatch.setattr(policy_file, "build", crash)
        await watched.write("threshold: 0.6")
        assert (source.policy, source.failures) == (good, 1)
        assert "can't be read: ZeroDivisionError" in source.error
