"""Metrics have the deployment guide's names, labels and meanings."""

import re

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from kysira.metrics import BUCKETS_S, GuardMetrics, is_active, mode_gauge, new_registry
from kysira.policy import Policy
from kysira.routes import Route
from kysira.types import Action, Decision, Exclusion, Mode, Uninspected, Verdict

GUIDE = (
    "requests_total", "request_duration_seconds_bucket", "flagged_total", "killed_total",
    "inference_errors_total", "uninspected_total",
)  # fmt: skip


def samples(registry: CollectorRegistry) -> dict[str, float]:
    text = generate_latest(registry).decode()
    rows = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in rows}


@pytest.mark.parametrize("prefix", ["kysira", "kysira_extproc", "kysira_nginx"])
def test_names_are_the_guides(prefix: str) -> None:
    """Every metric of the guide is there before the first request, and no other of its prefix."""
    registry = new_registry()
    GuardMetrics(prefix, registry)
    names = {name.partition("{")[0] for name in samples(registry) if name.startswith(prefix)}
    extra = {f"{prefix}_request_duration_seconds_{part}" for part in ("count", "sum")}
    assert names == {f"{prefix}_{name}" for name in GUIDE} | extra


def test_every_label_starts_at_zero() -> None:
    """A rate over a label that has not happened yet is 0, not missing."""
    registry = CollectorRegistry()
    GuardMetrics("k", registry)
    values = samples(registry)
    for action in Action:
        assert values[f'k_requests_total{{action="{action}"}}'] == 0
    for reason in Uninspected:
        assert values[f'k_uninspected_total{{reason="{reason}"}}'] == 0


@pytest.mark.parametrize(
    ("action", "flagged", "killed", "errors"),
    [
        (Action.PASSED, 0, 0, 0),
        (Action.SHADOW_KILL, 1, 0, 0),
        (Action.ACTIVE_KILL, 1, 1, 0),
        (Action.ERROR, 0, 0, 1),
        (Action.SKIPPED, 0, 0, 0),
    ],
)
def test_each_action_counts_what_it_means(
    action: Action, flagged: int, killed: int, errors: int
) -> None:
    """Flagged is over the threshold in either mode, killed is blocked, errors were not scored."""
    registry = CollectorRegistry()
    reasons = (Uninspected.BUDGET, Uninspected.PARSE)
    verdict = Verdict(uninspected=reasons)
    GuardMetrics("k", registry).observe(Decision(action, Mode.SHADOW, verdict=verdict), 0.003)
    values = samples(registry)
    assert values["k_flagged_total"] == flagged
    assert values["k_killed_total"] == killed
    assert values["k_inference_errors_total"] == errors
    counted = {name for name, value in values.items() if value and "requests_total" in name}
    assert counted == {f'k_requests_total{{action="{action}"}}'}
    for reason in Uninspected:
        assert values[f'k_uninspected_total{{reason="{reason}"}}'] == (reason in reasons)
    bucket = f'k_request_duration_seconds_bucket{{action="{action}",le='
    assert values[bucket + '"0.0025"}'] == 0
    assert values[bucket + '"0.005"}'] == 1


def test_names_are_taken_once() -> None:
    """Two sets under one prefix would be counted together: an error at the start."""
    registry = CollectorRegistry()
    GuardMetrics("k", registry)
    with pytest.raises(ValueError, match="Duplicated"):
        GuardMetrics("k", registry)


def test_buckets_span_decision_times() -> None:
    """From 0.1 ms to 1 s."""
    assert (BUCKETS_S[0], BUCKETS_S[-1]) == (0.0001, 1.0)
    assert list(BUCKETS_S) == sorted(BUCKETS_S)


def test_mode_gauge_follows() -> None:
    """The gauge is 1 in active mode, at the moment it is read."""
    registry = CollectorRegistry()
    mode = [Mode.SHADOW]
    mode_gauge("k", registry).set_function(lambda: is_active(mode[0]))
    assert samples(registry) == {"k_mode_active": 0}
    mode[0] = Mode.ACTIVE
    assert samples(registry) == {"k_mode_active": 1}


def test_registry_has_the_process() -> None:
    """Python's version is there, and no ``_created`` series doubles the counters."""
    registry = new_registry()
    GuardMetrics("k", registry)
    text = generate_latest(registry).decode()
    assert "python_info" in text
    assert not re.search(r"^k_\w+_created", text, re.MULTILINE)


def test_exclusions_and_routes_are_counted_by_name() -> None:
    """Those of the policy in force are there from the start; their counts outlive a reload."""
    registry = CollectorRegistry()
    metrics = GuardMetrics("k", registry)
    policy = Policy(
        routes=(Route("admin", path="/admin"),), exclusions=(Exclusion("/cms", name="cms"),)
    )
    metrics.count_for(policy)
    verdict = Verdict(excluded=("cms",))
    for route in ("admin", "?", "", "old"):
        decision = Decision(Action.PASSED, Mode.SHADOW, verdict=verdict, route=route)
        metrics.observe(decision, 0.001)
    metrics.count_for(policy)
    values = samples(registry)
    assert values['k_exclusion_hits_total{exclusion="cms"}'] == 4
    assert values['k_route_requests_total{route="admin"}'] == 1
    assert values['k_route_requests_total{route="?"}'] == 1
    assert 'k_route_requests_total{route="old"}' not in values
    metrics.count_for(Policy())
    assert not any("exclusion" in name or "route" in name for name in samples(registry))
