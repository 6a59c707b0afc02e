"""Which policy is in force, and whether its file could be read, as metrics."""

from prometheus_client import CollectorRegistry

from kysira.policy import Policy
from kysira.policy_metrics import PolicyMetrics
from kysira.policy_source import PolicySource
from tests.kysira.test_metrics import samples


async def test_policy_is_told() -> None:
    """The hash is the label of a 1; what changes is told as it is when asked."""
    registry = CollectorRegistry()
    source = PolicySource(None, Policy(), {}, clock=lambda: 1_800_000_000.0)
    PolicyMetrics("k", registry, source)
    assert samples(registry) == {
        f'k_policy_info{{hash="{Policy().hash}"}}': 1,
        "k_policy_reload_failures_total": 0,
        "k_policy_last_reload_timestamp_seconds": 1_800_000_000,
    }
    source.policy, source.failures = Policy(max_body_bytes=1), 3
    values = samples(registry)
    assert values[f'k_policy_info{{hash="{source.policy.hash}"}}'] == 1
    assert values["k_policy_reload_failures_total"] == 3
    assert len(values) == 3
