"""The options of kysiractl mode: what is refused before anything is asked."""

import pytest

from ctl.config.load import config
from tests.ctl.command import run


@pytest.fixture(autouse=True)
def _no_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    config.cache_clear()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["aktive"], "aktive"),
        (["active"], "without a terminal to ask, add --yes"),
        (["shadow", "--watch"], "set the mode first"),
        (["--ttl", "30m"], "say which mode to set"),
        (["--if-mode", "shadow"], "say which mode to set"),
        (["--rollback-on-partial"], "say which mode to set"),
        (["--yes"], "say which mode to set"),
        (["shadow", "--ttl", "soon"], "such as 30m"),
        (["shadow", "--if-mode", "off"], "off"),
        (["--target", "pod/X_Y"], "not a pod's name"),
        (["--target", "a:1", "--namespace", "b"], "either addresses or pods"),
    ],
)
def test_mode_refuses_what_makes_no_sense(arguments: list[str], said: str) -> None:
    """A wrong use is exit 2 and says what to do."""
    outcome = run("mode", *arguments)
    assert outcome.code == 2, outcome
    assert said in " ".join(outcome.err.replace("│", " ").split())


def test_mode_nobody_there_is_unreachable() -> None:
    """A service that is not there is exit 3, shown in the table."""
    outcome = run("mode", "--target", "127.0.0.1:1")
    assert outcome.code == 3
    assert "connection refused" in outcome.out


def test_mode_token_is_no_option() -> None:
    """A token on the command line could be read by every user of the machine."""
    assert run("mode", "--token", "x").code == 2
    assert "token" not in run("mode", "--help").out.lower().replace("kysira_admin_token", "")
