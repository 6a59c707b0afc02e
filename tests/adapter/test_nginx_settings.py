"""The settings of kysira-nginx-auth-adapter."""

import dataclasses

import pytest

from adapter.nginx_settings import AdapterSettings
from kysira.errors import SettingsError
from kysira.settings import load


def test_defaults_are_the_guide_s() -> None:
    """Port 8090 of the loopback address, in shadow mode at 0.95."""
    settings = AdapterSettings()
    assert (settings.adapter_port, settings.bind) == (8090, "127.0.0.1")
    assert (settings.mode.value, settings.score_threshold) == ("shadow", 0.95)


def test_port_is_read_and_checked() -> None:
    """KYSIRA_ADAPTER_PORT and --adapter-port; a wrong one is named."""
    settings = load(AdapterSettings, "x", argv=[], environ={"KYSIRA_ADAPTER_PORT": "81"})
    assert settings.adapter_port == 81
    with pytest.raises(SettingsError, match="--adapter-port"):
        load(AdapterSettings, "x", argv=["--adapter-port", "x"], environ={})


def test_every_setting_says_what_it_is() -> None:
    """--help has a sentence for each."""
    for field in dataclasses.fields(AdapterSettings):
        assert field.metadata["help"].endswith("."), field.name
