"""What both renderers ask for is called, explained and preset alike."""

import inspect

import pytest

from ctl import render_options
from ctl.render import envoy_command
from ctl.render_nginx import nginx_command

SHARED = {
    "target": render_options.Target,
    "target_ca": render_options.TargetCa,
    "listen_address": render_options.ListenAddress,
    "access_log": render_options.AccessLog,
}


@pytest.mark.parametrize("name", SHARED)
def test_shared_option_is_one(name: str) -> None:
    """The very same declaration, with the same default."""
    envoy, nginx = (
        inspect.signature(command).parameters[name] for command in (envoy_command, nginx_command)
    )
    assert envoy.annotation == nginx.annotation == SHARED[name]
    assert envoy.default == nginx.default
