"""What is to run."""

import os
from pathlib import Path

import pytest

from ctl.envoy.options import EnvoyOptions
from ctl.stack.plan import envoy_options, ext_proc_settings, policy_of
from kysira.errors import PolicyError, SettingsError
from kysira.settings import OnFailure
from kysira.types import Mode


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("KYSIRA_")]:
        monkeypatch.delenv(name)


def options(policy: Path | None = None) -> EnvoyOptions:
    """Return Envoy's options for a policy file, or none, and this environment's variables."""
    return envoy_options(policy_of(ext_proc_settings(None, policy)), 1, 2)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a policy file that says all that Envoy must fit."""
    path = tmp_path / "kysira.yaml"
    path.write_text("mode: active\ntimeout_ms: 1000\nmax_body_bytes: 1000000\non_failure: closed\n")
    return path


def test_defaults_are_envoys() -> None:
    """Without variables: loopback, failing open, half a second, 128 KiB."""
    found = options()
    assert (found.listen_address, found.port, found.admin_port) == ("127.0.0.1", 1, 2)
    assert found.on_failure is OnFailure.OPEN
    assert (found.message_timeout, found.max_body_bytes) == (0.5, 131072)


def test_envoy_follows_ext_procs_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ext-proc is told holds for Envoy, which waits a little longer than it."""
    monkeypatch.setenv("KYSIRA_TIMEOUT_MS", "2000")
    monkeypatch.setenv("KYSIRA_ON_FAILURE", "closed")
    monkeypatch.setenv("KYSIRA_MAX_BODY_BYTES", "0")
    found = options()
    assert found.on_failure is OnFailure.CLOSED
    assert found.message_timeout == pytest.approx(2.2)
    assert found.max_body_bytes == 1


def test_envoy_follows_the_policy_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named by option or variable; a variable beats what it says."""
    monkeypatch.setenv("KYSIRA_POLICY", str(file))
    monkeypatch.setenv("KYSIRA_MAX_BODY_BYTES", "5000")
    for found in (options(file), options()):
        assert found.on_failure is OnFailure.CLOSED
        assert found.message_timeout == pytest.approx(1.2)
        assert found.max_body_bytes == 5000


def test_one_closed_route_closes_envoy(file: Path) -> None:
    """Envoy knows no routes of the policy's: the strictest that is said holds, as to doctor."""
    route = "{name: pay, match: {path: /pay}, on_failure: closed}"
    file.write_text(f"on_failure: open\nroutes: [{route}]\n")
    assert options(file).on_failure is OnFailure.CLOSED
    file.write_text("on_failure: closed\nroutes: [{name: a, match: {path: /a}, on_failure: open}]")
    assert options(file).on_failure is OnFailure.CLOSED


def test_policy_is_what_ext_proc_makes_of_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own --mode beats the variable, which beats the file."""
    settings = ext_proc_settings(None, file)
    assert settings.policy == file
    assert policy_of(settings).mode is Mode.ACTIVE
    monkeypatch.setenv("KYSIRA_MODE", "active")
    assert policy_of(ext_proc_settings(Mode.SHADOW, file)).mode is Mode.SHADOW


def test_bad_variable_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that ext-proc would refuse is refused before anything starts."""
    monkeypatch.setenv("KYSIRA_TIMEOUT_MS", "soon")
    with pytest.raises(SettingsError, match="KYSIRA_TIMEOUT_MS"):
        options()


def test_broken_policy_is_told(file: Path) -> None:
    """With all that is wrong with it."""
    file.write_text("mode: activ\ntreshold: 1\n")
    with pytest.raises(PolicyError, match=r"(?s):1: mode: 'activ'.*:2: treshold: there is no such"):
        options(file)
    with pytest.raises(PolicyError, match="no such file"):
        options(file.with_name("none.yaml"))
