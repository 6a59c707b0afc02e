"""What doctor says of the filter's settings, against the policy, and of ext_authz."""

import pytest

from ctl.doctor.codes import Status
from ctl.doctor.envoy_checks import check_envoy
from ctl.doctor.report import Chart
from ctl.doctor.service_facts import Limits
from kysira.settings import OnFailure
from tests.ctl.doctor.envoys import FILTERS, Config, facts, filters, rendered_config
from tests.ctl.doctor.test_envoy_checks import said


def test_policy_decides_what_fits() -> None:
    """Failure mode, timeout and buffer are compared with the policy in force."""
    assert said(rendered_config(), limits=Limits(OnFailure.OPEN)) == {"KYS0112": "warning"}
    assert said(rendered_config(), limits=Limits(OnFailure.CLOSED, timeout_s=0.5)) == {
        "KYS0114": "failure"
    }
    assert said(rendered_config(), limits=Limits(OnFailure.CLOSED, max_body_bytes=1 << 18)) == {
        "KYS0125": "failure"
    }


def test_unknown_policy_blames_nobody() -> None:
    """Where the policy can't be read, defaults count, and the failure mode is skipped."""
    chart = Chart()
    check_envoy(chart, facts(rendered_config()), Limits(), hosts=())
    found = {check.code.id: check for check in chart.checks()}
    assert found["KYS0112"].status is Status.SKIPPED
    assert "requests are refused" in found["KYS0112"].found[0]


AUTHZ = {
    "@type": f"{FILTERS}ext_authz.v3.ExtAuthz",
    "grpc_service": {"envoy_grpc": {"cluster_name": "kysira_ext_proc"}, "timeout": "0.5s"},
    "status_on_error": {"code": "ServiceUnavailable"},
    "with_request_body": {"max_request_bytes": 131072, "allow_partial_message": True},
    "transport_api_version": "V3",
}


def authz_config(**said_: object) -> Config:
    """Return a configuration that asks by ext_authz, as Contour does."""
    config = rendered_config()
    filters(config)[1] = {"name": "ext_authz", "typed_config": {**AUTHZ, **said_}}
    return config


PER_ROUTE = {"@type": f"{FILTERS}ext_authz.v3.ExtAuthzPerRoute"}
AUTHZ_FAULTS: list[tuple[dict[str, object], dict[str, str]]] = [
    ({}, {}),
    ({"failure_mode_allow": True}, {"KYS0112": "failure"}),
    ({"status_on_error": {"code": "Forbidden"}}, {"KYS0113": "warning"}),
    ({"status_on_error": {}}, {"KYS0113": "warning"}),
    ({"grpc_service": {"envoy_grpc": {"cluster_name": "kysira_ext_proc"}}},
     {"KYS0114": "failure"}),
    ({"with_request_body": {}}, {"KYS0117": "failure"}),
    ({"with_request_body": {"max_request_bytes": 1024, "allow_partial_message": True}},
     {"KYS0125": "failure"}),
    ({"with_request_body": {"max_request_bytes": 131072}}, {"KYS0116": "failure"}),
    ({"allowed_headers": {"patterns": [{"exact": "cookie"}]}}, {"KYS0121": "failure"}),
    ({"disallowed_headers": {"patterns": [{"prefix": "x-kysira-"}]}}, {}),
    ({"disallowed_headers": {"patterns": [{"exact": "cookie"}]}}, {"KYS0121": "failure"}),
    ({"decoder_header_mutation_rules": {"disallow_all": True}}, {"KYS0120": "failure"}),
    ({"filter_enabled": {"default_value": {"numerator": 50}}}, {"KYS0108": "failure"}),
    ({"filter_enabled": {"default_value": {"numerator": 100}}}, {}),
    ({"filter_enabled_metadata": {"filter": "x"}}, {"KYS0108": "failure"}),
]  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), AUTHZ_FAULTS, ids=range(len(AUTHZ_FAULTS)))
def test_ext_authz_is_judged_alike(change: dict[str, object], expected: dict[str, str]) -> None:
    """Each breakage of an ext_authz filter has the code of the same breakage of ext_proc."""
    assert said(authz_config(**change)) == expected


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ({"disabled": True}, {"KYS0107": "failure"}),
        ({"check_settings": {"disable_request_body_buffering": True}}, {"KYS0117": "failure"}),
        ({"check_settings": {"with_request_body": {"max_request_bytes": 1024}}},
         {"KYS0116": "failure", "KYS0125": "failure"}),
        ({"check_settings": {"context_extensions": {"a": "b"}}}, {}),
    ],
)  # fmt: skip
def test_ext_authz_on_route_is_judged(
    override: dict[str, object], expected: dict[str, str]
) -> None:
    """What a route says of the filter is found, too."""
    config = authz_config()
    config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"][
        "route_config"
    ]["virtual_hosts"][0]["routes"][0]["typed_per_filter_config"] = {
        "ext_authz": {**PER_ROUTE, **override}
    }
    assert said(config) == expected
