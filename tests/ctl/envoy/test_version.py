"""What is left out for an older Envoy."""

import pytest

from ctl.envoy.version import NEWEST, OLDEST, EnvoyVersion, read_version, version_notes
from kysira.errors import RenderError


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("1.36", EnvoyVersion(1, 36)),
        ("v1.36.2", EnvoyVersion(1, 36)),
        ("1.40.0", NEWEST),
        ("2.0", EnvoyVersion(2, 0)),
    ],
)
def test_version_is_read(text: str, version: EnvoyVersion) -> None:
    """With or without a patch level, which changes nothing."""
    assert read_version(text) == version


@pytest.mark.parametrize("text", ["", "1", "1.x", "1.36.2.1", "1.36-dev", "latest"])
def test_bad_version_is_refused(text: str) -> None:
    """In words."""
    with pytest.raises(ValueError, match="not a version of Envoy"):
        read_version(text)


@pytest.mark.parametrize("version", [NEWEST, EnvoyVersion(1, 36), EnvoyVersion(2, 0)])
def test_newer_one_gets_everything(version: EnvoyVersion) -> None:
    """Nothing is left out."""
    assert version_notes(version, is_fail_open=False, access_log=True) == ()


def test_older_one_is_told_what_it_lacks() -> None:
    """A note for each part, and only for parts that were asked for."""
    closed = version_notes(OLDEST, is_fail_open=False, access_log=True)
    assert len(closed) == 4
    assert all(note.startswith("Envoy 1.32: ") for note in closed)
    assert len(version_notes(OLDEST, is_fail_open=True)) == 2
    assert len(version_notes(EnvoyVersion(1, 34), is_fail_open=True, access_log=True)) == 2


def test_too_old_one_is_refused() -> None:
    """Without the essential part there is no firewall to render."""
    with pytest.raises(RenderError, match=r"1\.31 has no allowed_override_modes.*1\.32"):
        version_notes(EnvoyVersion(1, 31), is_fail_open=True)
