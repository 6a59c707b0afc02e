"""The policy of a rendered service."""

from pathlib import Path

import pytest

from ctl.service_policy import (
    OwnPolicy,
    ServicePolicy,
    read_events,
    read_inference_url,
    read_own_policy,
)
from kysira.errors import PolicyError, RenderError, SettingsError
from kysira.policy_file import build, parse_policy
from kysira.settings import EngineSettings, GuardSettings, OnFailure
from kysira.types import Mode

ASKED = ServicePolicy(
    mode=Mode.ACTIVE, threshold=0.9, timeout_ms=200, max_body_bytes=1000,
    on_failure=OnFailure.CLOSED,
)  # fmt: skip


def test_made_policy_is_what_services_do_anyway() -> None:
    """A file that nobody asked anything of changes nothing."""
    policy = build(parse_policy(ServicePolicy().policy.encode(), "kysira.yaml"), {}, 0)
    assert policy == build(parse_policy(b"{}", "kysira.yaml"), {}, 0)
    assert policy.mode is GuardSettings().mode
    assert policy.options.threshold == EngineSettings().score_threshold


def test_made_policy_holds_what_was_asked() -> None:
    """Not the environment, which no reload changes."""
    declared = parse_policy(ASKED.policy.encode(), "kysira.yaml")
    assert (declared.mode, declared.threshold, declared.timeout_ms) == ("active", 0.9, 200)
    assert (declared.max_body_bytes, declared.on_failure) == (1000, "closed")
    assert (ASKED.environment, ASKED.shadowed) == ({}, ())


def test_own_policy_stays_as_it_is(tmp_path: Path) -> None:
    """Comments too; what was asked for beside it is in the environment, which wins."""
    path = tmp_path / "kysira.yaml"
    path.write_text("# ours\nmode: shadow\nmax_body_bytes: 77\ntimeout_ms: 55\n\n")
    service_policy = ServicePolicy(mode=Mode.ACTIVE, own_policy=read_own_policy(path))
    assert service_policy.policy == "# ours\nmode: shadow\nmax_body_bytes: 77\ntimeout_ms: 55\n"
    assert service_policy.environment == {"KYSIRA_MODE": "active"}
    assert service_policy.shadowed == ("mode",)
    assert (service_policy.body_limit, service_policy.time_limit_ms) == (77, 55)
    assert service_policy.failure_policy is OnFailure.OPEN


def test_every_option_wins_over_own_policy() -> None:
    """Each has its variable."""
    own = OwnPolicy(text="{}", timeout_ms=1, max_body_bytes=2, on_failure=OnFailure.OPEN)
    service_policy = ServicePolicy(
        mode=Mode.ACTIVE, threshold=0.9, timeout_ms=200, max_body_bytes=1000,
        on_failure=OnFailure.CLOSED, own_policy=own,
    )  # fmt: skip
    assert service_policy.environment == {
        "KYSIRA_MODE": "active", "KYSIRA_SCORE_THRESHOLD": "0.9", "KYSIRA_TIMEOUT_MS": "200",
        "KYSIRA_MAX_BODY_BYTES": "1000", "KYSIRA_ON_FAILURE": "closed",
    }  # fmt: skip
    assert (service_policy.body_limit, service_policy.time_limit_ms) == (1000, 200)
    assert service_policy.failure_policy is OnFailure.CLOSED


def test_bad_own_policy_is_refused(tmp_path: Path) -> None:
    """Before it reaches a cluster; the line is named."""
    path = tmp_path / "kysira.yaml"
    path.write_text("mode: activ\n")
    with pytest.raises(PolicyError, match=r"kysira.yaml:1: mode"):
        read_own_policy(path)
    with pytest.raises(RenderError, match="no such file"):
        read_own_policy(tmp_path / "missing.yaml")


def test_no_own_policy_is_none() -> None:
    """Then one is made."""
    assert read_own_policy(None) is None


def test_inference_url_is_checked() -> None:
    """As the service itself does."""
    assert read_inference_url("") == ""
    assert read_inference_url("http://a:1/") == "http://a:1"
    with pytest.raises(SettingsError, match="--inference-url"):
        read_inference_url("a:1")


def test_events_are_checked() -> None:
    """As the service itself does."""
    assert list(read_events("file,stdout", "").sinks) == ["file", "stdout"]
    assert list(read_events("none", "").sinks) == []
    with pytest.raises(SettingsError, match="--sinks"):
        read_events("kafka", "")
    with pytest.raises(SettingsError, match="KYSIRA_HTTP_SINK_URL"):
        read_events("http", "")
