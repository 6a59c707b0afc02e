"""What is to run."""

import pytest

from ctl.stack.plan import envoy_options
from kysira.errors import SettingsError
from kysira.settings import OnFailure


def test_defaults_are_envoys() -> None:
    """Without variables: loopback, failing open, half a second, 128 KiB."""
    options = envoy_options(1, 2)
    assert (options.listen_address, options.port, options.admin_port) == ("127.0.0.1", 1, 2)
    assert options.on_failure is OnFailure.OPEN
    assert (options.message_timeout, options.max_body_bytes) == (0.5, 131072)


def test_envoy_follows_ext_procs_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ext-proc is told holds for Envoy, which waits a little longer than it."""
    monkeypatch.setenv("KYSIRA_TIMEOUT_MS", "2000")
    monkeypatch.setenv("KYSIRA_ON_FAILURE", "closed")
    monkeypatch.setenv("KYSIRA_MAX_BODY_BYTES", "0")
    options = envoy_options(1, 2)
    assert options.on_failure is OnFailure.CLOSED
    assert options.message_timeout == pytest.approx(2.2)
    assert options.max_body_bytes == 1


def test_bad_variable_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that ext-proc would refuse is refused before anything starts."""
    monkeypatch.setenv("KYSIRA_TIMEOUT_MS", "soon")
    with pytest.raises(SettingsError, match="KYSIRA_TIMEOUT_MS"):
        envoy_options(1, 2)
