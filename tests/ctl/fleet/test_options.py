"""Which services the options and the configuration name."""

import pytest
import typer

from ctl.config.load import config
from ctl.fleet.options import FleetOptions, Which
from ctl.fleet.target import Spoken


@pytest.fixture(autouse=True)
def _no_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    for name in ("KYSIRACTL_TARGETS", "KYSIRACTL_NAMESPACE", "KYSIRA_ADMIN_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    config.cache_clear()


def asked(*targets: str, namespace: str | None = None, selector: str | None = None) -> Which:
    """Return what these options mean."""
    return FleetOptions(list(targets) or None, namespace, selector).which()


def test_which_is_this_machine_by_default() -> None:
    """Without a word, ext-proc on this machine is meant."""
    assert asked().targets == (Spoken("http", "127.0.0.1", 9090),)


def test_which_option_beats_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """A target on the command line is meant even where the configuration names pods."""
    monkeypatch.setenv("KYSIRACTL_NAMESPACE", "kysira")
    assert asked().is_pods
    config.cache_clear()
    assert not asked("a:1").is_pods
    assert asked("a:1").targets == (Spoken("http", "a", 1),)


def test_which_pods_and_targets_exclude_each_other() -> None:
    """Naming both is a usage error: one of them would be ignored."""
    with pytest.raises(typer.BadParameter, match="not both"):
        asked("a:1", namespace="kysira")


def test_which_pods_are_targets_too() -> None:
    """Single pods are named as kubectl names them, in the namespace that is said."""
    meant = asked("pod/waf-0", "pod/waf-1", namespace="kysira")
    assert (meant.pods, meant.targets, meant.namespace) == (("waf-0", "waf-1"), (), "kysira")
    assert meant.is_pods
    assert asked("pod/waf-0").is_pods
    with pytest.raises(typer.BadParameter, match="names the pods"):
        asked("pod/waf-0", selector="app=x")
    with pytest.raises(typer.BadParameter, match="not both"):
        asked("pod/waf-0", "a:1")


@pytest.mark.parametrize("name", ["pod/", "pod/-a", "pod/a/b", "pod/A", "pod/a b"])
def test_which_refuses_what_is_no_pod(name: str) -> None:
    """What can't be a pod's name never reaches kubectl's command line."""
    with pytest.raises(typer.BadParameter, match="not a pod's name"):
        asked(name)
