"""The mode outlives a restart, ends when its time is up, and needs no disk to work."""

import asyncio
import json
import os
import threading
from pathlib import Path

import pytest

from kysira import mode_store
from kysira.mode_store import Flip, ModeDiffers, ModeStore, Wish
from kysira.types import Mode


class Clock:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_configured_mode_is_in_force(tmp_path: Path) -> None:
    """Without a flip the configured mode holds, and nothing is written."""
    store = ModeStore(Mode.ACTIVE, tmp_path / "new")
    assert (store.mode, store.expires_at) == (Mode.ACTIVE, None)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("mode", [*Mode])
def test_flip_survives_restart(tmp_path: Path, mode: Mode) -> None:
    """A flip holds at once and after a restart, also one to the configured mode."""
    folder = tmp_path / "a" / "b"
    store = ModeStore(Mode.SHADOW, folder)
    store.set(mode)
    assert (store.mode, store.expires_at) == (mode, None)
    assert ModeStore(Mode.SHADOW, folder).mode is mode
    assert store.write_failures == 0


def test_changed_configuration_discards_flip(tmp_path: Path) -> None:
    """A person who configures another mode gets it, whatever was set at runtime before."""
    ModeStore(Mode.ACTIVE, tmp_path).set(Mode.SHADOW)
    assert ModeStore(Mode.SHADOW, tmp_path).mode is Mode.SHADOW
    assert ModeStore(Mode.ACTIVE, tmp_path).mode is Mode.ACTIVE, "the flip is gone for good"


def test_flip_ends_on_time(tmp_path: Path, clock: Clock) -> None:
    """After ``ttl_seconds`` the configured mode is back, to the second."""
    store = ModeStore(Mode.ACTIVE, tmp_path, clock=clock)
    store.set(Mode.SHADOW, 60)
    assert store.expires_at == clock.now + 60
    clock.now += 59.9
    assert store.mode is Mode.SHADOW
    clock.now += 0.1
    assert store.mode is Mode.ACTIVE
    assert store.expires_at is None


def test_expiry_is_first_seen_by_anyone(tmp_path: Path, clock: Clock) -> None:
    """Asking when an ended flip ends is answered, though nobody has asked for the mode since."""
    store = ModeStore(Mode.ACTIVE, tmp_path, clock=clock)
    store.set(Mode.SHADOW, 60)
    clock.now += 61
    assert store.expires_at is None
    assert store.mode is Mode.ACTIVE


def test_time_runs_over_a_restart(tmp_path: Path, clock: Clock) -> None:
    """A restart neither ends a flip early nor gives it more time."""
    ModeStore(Mode.ACTIVE, tmp_path, clock=clock).set(Mode.SHADOW, 60)
    clock.now += 30
    restarted = ModeStore(Mode.ACTIVE, tmp_path, clock=clock)
    assert (restarted.mode, restarted.expires_at) == (Mode.SHADOW, clock.now + 30)
    clock.now += 30
    assert restarted.mode is Mode.ACTIVE
    assert ModeStore(Mode.ACTIVE, tmp_path, clock=clock).mode is Mode.ACTIVE


def test_later_flip_replaces_earlier(tmp_path: Path, clock: Clock) -> None:
    """The last flip counts: one for good cancels the end of an earlier one."""
    store = ModeStore(Mode.ACTIVE, tmp_path, clock=clock)
    store.set(Mode.SHADOW, 60)
    store.set(Mode.SHADOW)
    clock.now += 1000
    assert (store.mode, store.expires_at) == (Mode.SHADOW, None)
    assert ModeStore(Mode.ACTIVE, tmp_path, clock=clock).mode is Mode.SHADOW


def test_ended_flip_gives_way_to_the_lasting_one(tmp_path: Path, clock: Clock) -> None:
    """A flip for some time goes back to the flip for good that it interrupted."""
    store = ModeStore(Mode.SHADOW, tmp_path, clock=clock)
    store.set(Mode.ACTIVE)
    store.set(Mode.SHADOW, 60)
    assert (store.mode, store.expires_at) == (Mode.SHADOW, clock.now + 60)
    clock.now += 60
    assert (store.mode, store.expires_at) == (Mode.ACTIVE, None)
    clock.now += 1000
    assert store.mode is Mode.ACTIVE


def test_flips_over_flips_go_back_to_the_lasting_one(tmp_path: Path, clock: Clock) -> None:
    """Of flips for some time the last one's end counts, and none of them is returned to."""
    store = ModeStore(Mode.SHADOW, tmp_path, clock=clock)
    store.set(Mode.ACTIVE)
    store.set(Mode.SHADOW, 60)
    clock.now += 30
    store.set(Mode.SHADOW, 60)
    clock.now += 59
    assert store.mode is Mode.SHADOW
    clock.now += 1
    assert store.mode is Mode.ACTIVE


def test_flip_after_an_ended_one_remembers_too(tmp_path: Path, clock: Clock) -> None:
    """The end of a flip is no loss to the next, though nobody has asked for the mode between."""
    store = ModeStore(Mode.SHADOW, tmp_path, clock=clock)
    store.set(Mode.ACTIVE)
    store.set(Mode.SHADOW, 60)
    clock.now += 61
    store.set(Mode.SHADOW, 60)
    clock.now += 60
    assert store.mode is Mode.ACTIVE


def test_last_flip_for_good_counts(tmp_path: Path, clock: Clock) -> None:
    """What is returned to is the last flip for good, also one to the configured mode."""
    store = ModeStore(Mode.SHADOW, tmp_path, clock=clock)
    store.set(Mode.ACTIVE)
    store.set(Mode.SHADOW)
    store.set(Mode.ACTIVE, 60)
    clock.now += 60
    assert store.mode is Mode.SHADOW


@pytest.mark.parametrize("seconds", [30, 60, 1000])
def test_lasting_flip_survives_restart(tmp_path: Path, clock: Clock, seconds: float) -> None:
    """A service restarted during a flip, at its end or after it goes back to the same mode."""
    before = ModeStore(Mode.SHADOW, tmp_path, clock=clock)
    before.set(Mode.ACTIVE)
    before.set(Mode.SHADOW, 60)
    clock.now += seconds
    restarted = ModeStore(Mode.SHADOW, tmp_path, clock=clock)
    assert restarted.mode is (Mode.SHADOW if seconds < 60 else Mode.ACTIVE)
    clock.now += 60
    assert restarted.mode is Mode.ACTIVE
    assert ModeStore(Mode.SHADOW, tmp_path, clock=clock).mode is Mode.ACTIVE


def test_changed_configuration_discards_the_lasting_flip(tmp_path: Path, clock: Clock) -> None:
    """Another configured mode ends both, the flip for some time and what it would go back to."""
    store = ModeStore(Mode.SHADOW, tmp_path, clock=clock)
    store.set(Mode.SHADOW)
    store.set(Mode.SHADOW, 60)
    assert ModeStore(Mode.ACTIVE, tmp_path, clock=clock).mode is Mode.ACTIVE
    clock.now += 60
    assert ModeStore(Mode.ACTIVE, tmp_path, clock=clock).mode is Mode.ACTIVE
    assert not (tmp_path / "mode.json").exists()


def test_older_file_is_read(tmp_path: Path, clock: Clock) -> None:
    """A file from before flips were remembered holds a flip that goes back to the configured."""
    row = {"mode": "active", "configured": "shadow", "expires_at": clock.now + 60}
    (tmp_path / "mode.json").write_text(json.dumps(row))
    store = ModeStore(Mode.SHADOW, tmp_path, clock=clock)
    assert (store.mode, store.expires_at) == (Mode.ACTIVE, clock.now + 60)
    clock.now += 60
    assert store.mode is Mode.SHADOW


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b"{}",
        b'{"mode": "off", "configured": "shadow", "expires_at": null}',
        b'{"mode": "active", "configured": 1, "expires_at": null}',
        b'{"mode": "active", "configured": "shadow"}',
        b'{"mode": "active", "configured": "shadow", "expires_at": "soon"}',
        b'{"mode": "active", "configured": "shadow", "expires_at": 1' + b"0" * 400 + b"}",
        b'{"mode": "active", "configured": "shadow", "expires_at": Infinity}',
        b'{"mode": "active", "configured": "shadow", "expires_at": NaN}',
        b'{"mode": "active", "configured": "shadow", "expires_at": 1e300}',
        b'{"mode": "active", "configured": "shadow", "expires_at": 9e9, "back_to": "off"}',
        b'{"mode": "active", "configured": "shadow", "expires_at": 9e9, "back_to": ["active"]}',
    ],
)  # fmt: skip
def test_broken_file_means_no_flip(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A state file that can't be read is told, and the configured mode holds."""
    (tmp_path / "mode.json").write_bytes(content)
    store = ModeStore(Mode.SHADOW, tmp_path)
    assert store.mode is Mode.SHADOW
    assert "mode_not_restored" in caplog.text
    store.set(Mode.ACTIVE)
    assert ModeStore(Mode.SHADOW, tmp_path).mode is Mode.ACTIVE


@pytest.mark.parametrize("where", ["file-as-folder", "folder-as-file"])
def test_unwritable_folder_stops_nothing(
    tmp_path: Path, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A flip that can't be saved holds all the same, is told and counted."""
    folder = tmp_path / "state"
    if where == "file-as-folder":
        folder.write_text("in the way")
    else:
        (folder / "mode.json").mkdir(parents=True)
    store = ModeStore(Mode.SHADOW, folder)
    store.set(Mode.ACTIVE)
    assert store.mode is Mode.ACTIVE
    assert store.write_failures == 1
    assert "mode_not_saved" in caplog.text


def test_unsaved_flip_is_still_gone_back_from(tmp_path: Path, clock: Clock) -> None:
    """Without a disk a flip for some time goes back to the one for good all the same."""
    (tmp_path / "mode.json").mkdir()
    store = ModeStore(Mode.SHADOW, tmp_path, clock=clock)
    store.set(Mode.ACTIVE)
    store.set(Mode.SHADOW, 60)
    clock.now += 60
    assert store.mode is Mode.ACTIVE
    assert store.write_failures == 2


def test_file_is_whole_and_private(tmp_path: Path) -> None:
    """One file, replaced whole, for the service's own user; no temporary file is left."""
    store = ModeStore(Mode.SHADOW, tmp_path)
    for mode in (Mode.ACTIVE, Mode.SHADOW, Mode.ACTIVE):
        store.set(mode, 5)
    assert [path.name for path in tmp_path.iterdir()] == ["mode.json"]
    assert (tmp_path / "mode.json").stat().st_mode & 0o077 == 0
    assert json.loads((tmp_path / "mode.json").read_text())["configured"] == "shadow"


def test_failed_write_leaves_no_rubbish(tmp_path: Path) -> None:
    """A write that fails at the last step takes its temporary file with it."""
    (tmp_path / "mode.json").mkdir()
    ModeStore(Mode.SHADOW, tmp_path).set(Mode.ACTIVE)
    assert [path.name for path in tmp_path.iterdir()] == ["mode.json"]


def test_unwritable_folder_is_told_at_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A misspelt volume shows when the service starts, not at the first flip."""
    file = tmp_path / "file"
    file.touch()
    ModeStore(Mode.SHADOW, tmp_path / "new" / "folder")
    assert not caplog.records
    ModeStore(Mode.SHADOW, file / "folder")
    assert "mode_will_not_be_saved" in caplog.text


def test_folder_that_can_not_be_is_no_hindrance(tmp_path: Path) -> None:
    """The service starts whatever stands in the way, and a flip still holds."""
    store = ModeStore(Mode.SHADOW, tmp_path / ("x" * 300) / "proxy-1")
    store.set(Mode.ACTIVE)
    assert (store.mode, store.write_failures) == (Mode.ACTIVE, 1)


def test_pipe_in_the_files_place_is_not_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It would be waited for, for ever."""
    os.mkfifo(tmp_path / "mode.json")
    assert ModeStore(Mode.SHADOW, tmp_path).mode is Mode.SHADOW
    assert "mode_not_restored" in caplog.text


async def test_flip_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the disk is slow everything else goes on; several flips are saved in their order."""
    gate, sync = threading.Event(), os.fsync

    def slow(handle: int) -> None:
        gate.wait()
        sync(handle)

    monkeypatch.setattr(os, "fsync", slow)
    store = ModeStore(Mode.SHADOW, tmp_path)
    flips = [asyncio.create_task(store.flip(mode)) for mode in (Mode.ACTIVE, Mode.SHADOW)]
    for _ in range(20):
        await asyncio.sleep(0)
    assert store.mode is Mode.SHADOW, "it counts once it is written"
    gate.set()
    await flips[0]
    assert store.mode is Mode.ACTIVE
    await flips[1]
    assert (store.mode, store.write_failures) == (Mode.SHADOW, 0)
    assert json.loads((tmp_path / "mode.json").read_text())["mode"] == "shadow"


async def test_grant_compares_behind_the_flip_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two that ask over the same mode at once one is made, and the other is told."""
    gate, sync = threading.Event(), os.fsync

    def slow(handle: int) -> None:
        gate.wait()
        sync(handle)

    monkeypatch.setattr(os, "fsync", slow)
    store = ModeStore(Mode.SHADOW, tmp_path)
    wish = Wish(Mode.ACTIVE, if_mode=Mode.SHADOW)
    both = [asyncio.create_task(store.grant(wish)) for _ in range(2)]
    for _ in range(20):
        await asyncio.sleep(0)
    gate.set()
    await both[0]
    with pytest.raises(ModeDiffers, match="the mode in force is active, not shadow") as refused:
        await both[1]
    assert refused.value.mode is Mode.ACTIVE


async def test_grant_ends_when_and_how_it_is_told(tmp_path: Path, clock: Clock) -> None:
    """An end and what comes then are taken as given, and outlive a restart."""
    store = ModeStore(Mode.SHADOW, tmp_path, clock=clock)
    wish = Wish(Mode.ACTIVE, expires_at=clock.now + 60, back_to=Mode.ACTIVE)
    await store.grant(wish)
    for each in (store, ModeStore(Mode.SHADOW, tmp_path, clock=clock)):
        assert each.in_force == Flip(Mode.ACTIVE, Mode.SHADOW, clock.now + 60, Mode.ACTIVE)
    await store.grant(Wish(Mode.SHADOW, 30))
    assert store.in_force.back_to is Mode.ACTIVE, "the one for good is not lost"
    clock.now += 60
    assert store.in_force == Flip(Mode.ACTIVE, Mode.SHADOW)
    await store.grant(wish)  # the end is past by now
    assert store.in_force == Flip(Mode.ACTIVE, Mode.SHADOW)


def test_in_force_tells_what_comes_then(tmp_path: Path, clock: Clock) -> None:
    """Also where that is the configured mode; without a flip that is what is in force."""
    store = ModeStore(Mode.ACTIVE, tmp_path, clock=clock)
    assert store.in_force == Flip(Mode.ACTIVE, Mode.ACTIVE)
    store.set(Mode.SHADOW, 60)
    assert store.in_force == Flip(Mode.SHADOW, Mode.ACTIVE, clock.now + 60, Mode.ACTIVE)


async def test_flip_holds_though_the_disk_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Who flips may do it because everything is about to break."""
    gate = threading.Event()
    monkeypatch.setattr(os, "fsync", lambda _: gate.wait())
    monkeypatch.setattr(mode_store, "SAVE_S", 0.01)
    store = ModeStore(Mode.ACTIVE, tmp_path)
    await store.flip(Mode.SHADOW, 60)
    assert (store.mode, store.write_failures) == (Mode.SHADOW, 1)
    assert "mode_not_saved" in caplog.text
    gate.set()


async def test_newly_configured_mode_ends_flips(tmp_path: Path) -> None:
    """A policy file that says another mode gets it at once, and for good."""
    store = ModeStore(Mode.SHADOW, tmp_path)
    await store.flip(Mode.ACTIVE, 60)
    await store.configure(Mode.SHADOW)
    assert store.mode is Mode.ACTIVE, "the configured mode is the same: the flip stays"
    await store.configure(Mode.ACTIVE)
    assert (store.mode, store.configured, store.expires_at) == (Mode.ACTIVE, Mode.ACTIVE, None)
    assert not (tmp_path / "mode.json").exists()
    await store.configure(Mode.SHADOW)
    assert store.mode is Mode.SHADOW
    assert ModeStore(Mode.SHADOW, tmp_path).mode is Mode.SHADOW


async def test_flip_in_the_making_ends_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flip over the mode before does not come into force after the new one."""
    gate, sync = threading.Event(), os.fsync

    def slow(handle: int) -> None:
        gate.wait()
        sync(handle)

    monkeypatch.setattr(os, "fsync", slow)
    store = ModeStore(Mode.ACTIVE, tmp_path)
    flip = asyncio.create_task(store.flip(Mode.ACTIVE, 60))
    await asyncio.sleep(0)
    configuring = asyncio.create_task(store.configure(Mode.SHADOW))
    await asyncio.sleep(0)
    assert store.mode is Mode.SHADOW, "at once, whatever the disk does"
    gate.set()
    await asyncio.gather(flip, configuring)
    assert store.mode is Mode.SHADOW
    assert not (tmp_path / "mode.json").exists()
