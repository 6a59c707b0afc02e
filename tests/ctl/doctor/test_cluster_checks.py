"""The cluster that Kysira is asked through: other spellings, and what is worst of several."""

import pytest

from ctl.doctor.cluster_checks import check_cluster
from ctl.doctor.codes import Status
from ctl.doctor.report import Chart, Check
from tests.ctl.doctor.envoys import TYPE, Config, Told, cluster, facts, rendered_config

NAME = "kysira_ext_proc"


def checks(config: Config, told: Told | None = None, name: str = NAME) -> dict[str, Check]:
    """Return how each check of the cluster ended."""
    chart = Chart()
    check_cluster(chart, facts(config, told or Told()), name)
    return {check.code.id: check for check in chart.checks()}


def changed(**values: object) -> Config:
    """Return the rendered configuration with other values in the cluster."""
    config = rendered_config()
    cluster(config).update(values)
    return config


@pytest.mark.parametrize(
    "options",
    [
        {"explicit_http_config": {"http2_protocol_options": {}}},
        {"auto_config": {"http2_protocol_options": {}}},
    ],
)
def test_http2_may_be_spelled_otherwise(options: Config) -> None:
    """All ways to have HTTP/2 count, the old one too."""
    key = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    config = changed(typed_extension_protocol_options={key: options})
    assert checks(config)["KYS0131"].status is Status.OK
    old = changed(typed_extension_protocol_options={}, http2_protocol_options={})
    assert checks(old)["KYS0131"].status is Status.OK


def test_other_priorities_do_not_count() -> None:
    """A breaker of high priority is not the one that Kysira's requests go through."""
    high = {"priority": "HIGH", "max_requests": 100000, "max_pending_requests": 100000}
    found = checks(changed(circuit_breakers={"thresholds": [high]}))
    assert found["KYS0136"].found == (
        f"{NAME}: max_requests 1024, max_pending_requests 1024",
    )  # fmt: skip


def test_retry_budget_is_enough() -> None:
    """It takes the place of max_retries."""
    row = {"max_requests": 20000, "max_pending_requests": 20000, "retry_budget": {}}
    assert checks(changed(circuit_breakers={"thresholds": [row]}))["KYS0137"].status is Status.OK


def test_panic_threshold_is_told() -> None:
    """A share that is not zero, and the default of half."""
    config = changed(common_lb_config={"healthy_panic_threshold": {"value": 10}})
    assert "below 10 %" in checks(config)["KYS0134"].found[0]
    assert "below 50 %" in checks(changed(common_lb_config={}))["KYS0134"].found[0]


@pytest.mark.parametrize(
    ("health", "said"),
    [
        ({"failed_outlier_check": True}, "put aside by outlier detection"),
        ({"pending_active_hc": True}, "not checked yet"),
        ({"eds_health_status": "DRAINING"}, "its control plane calls it draining"),
    ],
)
def test_ill_endpoint_says_why(health: Config, said: str) -> None:
    """Whoever thinks so is named."""
    found = checks(rendered_config(), Told(ill={"127.0.0.1:50051": health}))["KYS0132"]
    assert found.found == (f"{NAME}: 127.0.0.1:50051: {said}",)


def test_empty_cluster_is_a_failure() -> None:
    """No endpoints is no better than dead ones: a headless Service without pods."""
    found = checks(changed(load_assignment={"endpoints": []}))["KYS0132"]
    assert (found.status, found.found) == (Status.FAILURE, (f"{NAME}: it has none",))


def test_unknown_cluster_ends_the_checks() -> None:
    """What is not there can't be checked; without a cluster the filter asks by other means."""
    assert list(checks(rendered_config(), name="gone")) == ["KYS0130"]
    assert "google_grpc" in checks(rendered_config(), name="")["KYS0130"].found[0]


def test_aggregate_is_as_its_members() -> None:
    """A cluster of clusters has neither endpoints nor breakers: those that it leads to have."""
    config = rendered_config()
    config["static_resources"]["clusters"].append(
        {
            "name": "both",
            "lb_policy": "CLUSTER_PROVIDED",
            "cluster_type": {
                "name": "envoy.clusters.aggregate",
                "typed_config": {
                    "@type": f"{TYPE}extensions.clusters.aggregate.v3.ClusterConfig",
                    "clusters": [NAME, "gone"],
                },
            },
        }
    )
    found = checks(config, name="both")
    assert found.pop("KYS0130").found == ("there is no cluster gone",)
    assert {check.status for check in found.values()} == {Status.OK}
