"""The command: its options, and what is wrong with them."""

import json
from collections.abc import Iterator

import pytest

from ctl.config.load import config
from tests.ctl.command import run


@pytest.fixture(autouse=True)
def _own_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> Iterator[None]:
    """Read nothing of this machine's own configuration."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("KYSIRACTL_ENVOY_ADMIN", raising=False)
    config.cache_clear()
    yield
    config.cache_clear()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--url", "app.example"), ("--url", "ftp://app.example"), ("--url", "http://"),
        ("--url", "http://ann:secret@app.example/"), ("--url", "http://a:b"),
        ("--url", "http://a b/"), ("--envoy-admin", "unix:///run/x"), ("--envoy-admin", "http://"),
        ("--target", "ftp://x"), ("--timeout", "soon"),
    ],
)  # fmt: skip
def test_wrong_option_is_usage(option: str, value: str) -> None:
    """Each is exit 2, and names the option."""
    done = run("doctor", option, value)
    assert done.code == 2
    assert option in done.err.replace("\n", " ")


def test_silent_service_is_exit_3() -> None:
    """A report is written all the same, and Envoy is looked at where the configuration says."""
    done = run("doctor", "--target", "127.0.0.1:1", "-o", "json", "--envoy-admin", "127.0.0.1:1")
    assert done.code == 3
    report = json.loads(done.out)
    assert report["summary"]["exit_code"] == 3
    said = {each["code"]: each["found"] for each in report["checks"]}
    assert said["KYS0001"] == ["127.0.0.1:1: connection refused"]
    assert said["KYS0101"] == ["http://127.0.0.1:1: connection refused"]


def test_skipped_checks_are_told_once() -> None:
    """Nobody reads seventeen lines that say the same; programs, and -v, get them all."""
    asked = ("doctor", "--target", "127.0.0.1:1")
    short = run(*asked).out
    assert "- 17 checks skipped: no service answers as Kysira does (KYS0002 to KYS0018;" in short
    assert run(*asked, "-v").out.count("skipped: no service answers") == 17
    checks = json.loads(run(*asked, "-v", "-o", "json").out)["checks"]
    assert checks == json.loads(run(*asked, "-o", "json").out)["checks"]
    assert sum(each["status"] == "skipped" for each in checks) == 17


def test_envoy_may_be_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """KYSIRACTL_ENVOY_ADMIN stands in for the option."""
    monkeypatch.setenv("KYSIRACTL_ENVOY_ADMIN", "http://127.0.0.1:1")
    done = run("doctor", "--target", "127.0.0.1:1", "-o", "json")
    assert '"KYS0101"' in done.out


def test_unknown_name_is_exit_3() -> None:
    """A name that nobody knows is unreachable, and the rest is looked at all the same."""
    named = ("--target", "no-such-service.invalid", "--envoy-admin", "127.0.0.1:1")
    done = run("doctor", *named, "-o", "json")
    assert done.code == 3
    said = {each["code"]: each["found"] for each in json.loads(done.out)["checks"]}
    [found] = said["KYS0001"]
    assert found.startswith("no-such-service.invalid:9090: ")
    assert said["KYS0101"] == ["http://127.0.0.1:1: connection refused"]
