"""What ext-proc's settings make of themselves."""

from extproc.settings import ExtProcSettings
from kysira.settings import OnFailure, OnOversize
from kysira.types import ScoreOptions


def test_defaults_are_the_documented_ones() -> None:
    """The ports of the deployment guide, a second of drain, and fail-open."""
    settings = ExtProcSettings()
    assert (settings.grpc_port, settings.metrics_port, settings.drain_ms) == (50051, 9090, 1000)
    policy = settings.stated_policy
    assert policy.options == ScoreOptions(threshold=0.95)
    assert (policy.max_body_bytes, policy.timeout_s) == (131072, 0.3)
    assert (policy.on_oversize, policy.on_failure) == (OnOversize.PARTIAL, OnFailure.OPEN)


def test_policy_has_every_setting() -> None:
    """Whatever is set arrives, milliseconds as seconds."""
    policy = ExtProcSettings(
        score_threshold=0.5, disabled_detectors=("xss", "sqli"), max_body_bytes=7,
        on_oversize=OnOversize.BLOCK, on_failure=OnFailure.CLOSED, timeout_ms=1500,
    ).stated_policy  # fmt: skip
    assert policy.options == ScoreOptions(threshold=0.5, disabled=frozenset({"xss", "sqli"}))
    assert (policy.max_body_bytes, policy.timeout_s) == (7, 1.5)
    assert (policy.on_oversize, policy.on_failure) == (OnOversize.BLOCK, OnFailure.CLOSED)
