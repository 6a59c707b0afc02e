"""What kysira-proxy is told, by environment and options."""

from pathlib import Path

import pytest

from adapter.settings import ProxySettings
from kysira.errors import SettingsError
from kysira.settings import load


def told(*argv: str, **environ: str) -> ProxySettings:
    return load(ProxySettings, "kysira-proxy", argv=argv, environ=environ)


def test_defaults_are_the_contracts() -> None:
    """Those of the deployment guide."""
    settings = told()
    assert settings.target_url == "http://localhost:3000"
    assert (settings.proxy_port, settings.admin_port) == (8080, None)
    assert (settings.connect_timeout_ms, settings.upstream_timeout_ms) == (5000, 60_000)


def test_target_has_two_variables() -> None:
    """The guide's plain one, and ours, which wins."""
    assert told(TARGET_URL="http://a:1/").target_url == "http://a:1"
    both = {"TARGET_URL": "http://a", "KYSIRA_TARGET_URL": "http://b"}
    assert told(**both).target_url == "http://b"
    assert told("--target-url", "http://c", **both).target_url == "http://c"


def test_tls_settings_are_read() -> None:
    """Files and a switch."""
    settings = told(KYSIRA_TLS_CERT="/a", KYSIRA_TLS_KEY="/b", KYSIRA_TARGET_INSECURE="true")
    assert (settings.tls_cert, settings.tls_key) == (Path("/a"), Path("/b"))
    assert settings.target_insecure is True


@pytest.mark.parametrize(
    "environ",
    [{"TARGET_URL": "localhost"}, {"KYSIRA_ADMIN_PORT": "x"}, {"KYSIRA_TARGET_INSECURE": "?"}],
)
def test_wrong_values_are_named(environ: dict[str, str]) -> None:
    """The error begins with the variable."""
    with pytest.raises(SettingsError, match=f"^{next(iter(environ))}: "):
        told(**environ)
