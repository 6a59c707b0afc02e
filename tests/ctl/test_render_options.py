"""What several renderers ask for is called, explained and preset alike."""

import inspect
from collections.abc import Callable

import pytest

from ctl import render_options
from ctl.render_contour import contour_command
from ctl.render_envoy import envoy_command
from ctl.render_envoy_gateway import envoy_gateway_command
from ctl.render_istio import istio_command
from ctl.render_nginx import nginx_command

COMMANDS: tuple[Callable[..., None], ...] = (
    envoy_command, istio_command, contour_command, envoy_gateway_command, nginx_command,
)  # fmt: skip
SHARED = {
    "target": render_options.Target,
    "target_ca": render_options.TargetCa,
    "listen_address": render_options.ListenAddress,
    "access_log": render_options.AccessLog,
    "mode": render_options.ModeOption,
    "threshold": render_options.Threshold,
    "status_on_error": render_options.StatusOnError,
    "message_timeout": render_options.MessageTimeout,
    "max_body_bytes": render_options.MaxBodyBytes,
    "tls": render_options.Tls,
    "tls_server_name": render_options.TlsServerName,
    "envoy_version": render_options.EnvoyVersionOption,
}
PRESETS = {"envoy_version": {"1.40", "1.32"}}
"""Where they differ: an Envoy of one's own is the newest, a mesh has whatever sidecars it has."""


@pytest.mark.parametrize("name", SHARED)
def test_shared_option_is_one(name: str) -> None:
    """The very same declaration, with the same default, wherever it is taken; one has two."""
    found = [inspect.signature(command).parameters.get(name) for command in COMMANDS]
    taken = [parameter for parameter in found if parameter is not None]
    assert len(taken) >= 2
    assert all(parameter.annotation == SHARED[name] for parameter in taken)
    presets = {parameter.default for parameter in taken}
    assert presets == PRESETS.get(name, {taken[0].default})


def test_short_timeout_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """One that the service's own exceeds is worth a word; a longer one is not."""
    render_options.note_short_timeout("--x", 0.3, "ext-proc", "Envoy")
    assert "--x is not over the 0.3s" in capsys.readouterr().err
    render_options.note_short_timeout("--x", 0.301, "ext-proc", "Envoy")
    assert capsys.readouterr().err == ""
    render_options.note_short_timeout("--x", 0.301, "ext-proc", "Envoy", limit_ms=600)
    assert "0.6s that ext-proc takes at most (--timeout-ms)" in capsys.readouterr().err


def test_options_of_the_service_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Those that were given, with where they are set."""
    render_options.note_service_options(None, None, "a thing")
    assert capsys.readouterr().err == ""
    render_options.note_service_options(None, 0.0, "a thing")
    assert "--threshold 0 is no part of a thing" in capsys.readouterr().err
