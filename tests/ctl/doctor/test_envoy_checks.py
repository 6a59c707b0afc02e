"""What doctor says of an Envoy by its configuration: each breakage, and no other."""

import copy

import pytest

from ctl.doctor import codes
from ctl.doctor.codes import Section, Status
from ctl.doctor.envoy_checks import check_envoy
from ctl.doctor.report import Chart
from ctl.doctor.service_facts import Limits
from kysira.settings import OnFailure
from tests.ctl.doctor import breakages
from tests.ctl.doctor.breakages import Breakage
from tests.ctl.doctor.envoys import (
    ALL_WELL,
    Config,
    Told,
    facts,
    filters,
    listener,
    manager,
    rendered_config,
    server_info,
)

CLOSED = Limits(OnFailure.CLOSED)


def said(config: Config, told: Told = ALL_WELL, limits: Limits = CLOSED) -> dict[str, str]:
    """Return what doctor finds: code → status, of what is neither well nor skipped."""
    chart = Chart()
    check_envoy(chart, facts(config, told), limits, hosts=())
    found = [check for check in chart.checks() if check.status in (Status.FAILURE, Status.WARNING)]
    return {check.code.id: check.status.value for check in found}


def test_rendered_configuration_is_well() -> None:
    """What kysiractl renders passes every check of its section."""
    chart = Chart()
    chart.ok(codes.ADMIN_ANSWERS)
    check_envoy(chart, facts(rendered_config()), CLOSED, hosts=())
    assert {check.status for check in chart.checks()} == {Status.OK}
    assert len(chart.checks()) == sum(code.section is Section.ENVOY for code in codes.TABLE)


@pytest.mark.parametrize("broken", breakages.CONFIGURATIONS, ids=lambda each: each.name)
def test_breakage_is_found_alone(broken: Breakage) -> None:
    """Each is told by its own code, and nothing else is said to be wrong."""
    config = rendered_config()
    broken.change(config)
    assert said(config) == broken.said


UNHEALTHY = {"failed_active_health_check": True}
OVERFLOW = "cluster.kysira_ext_proc.upstream_rq_pending_overflow"
TOLD: list[tuple[str, Told, dict[str, str]]] = [
    ("old", Told(info=server_info(version="0123/1.31.9/Clean/RELEASE/BoringSSL")),
     {"KYS0102": "warning"}),
    ("draining", Told(info=server_info("DRAINING")), {"KYS0103": "failure"}),
    ("ill", Told(ill={"127.0.0.1:50051": UNHEALTHY}), {"KYS0132": "failure"}),
    ("unchecked", Told(counters={"http.ingress.ext_proc.failure_mode_allowed": 3}),
     {"KYS0140": "warning"}),
    ("timeouts", Told(counters={"http.ingress.ext_proc.message_timeouts": 3}),
     {"KYS0141": "warning"}),
    ("overflow", Told(counters={OVERFLOW: 3}), {"KYS0142": "warning"}),
    ("rejected", Told(counters={"http.ingress.ext_proc.rejected_header_mutations": 3}),
     {"KYS0143": "warning"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "told", "expected"), TOLD, ids=[row[0] for row in TOLD])
def test_trouble_of_running_envoy_is_found(name: str, told: Told, expected: dict[str, str]) -> None:
    """What the configuration does not show is told by state, endpoints and counters."""
    del name
    assert said(rendered_config(), told) == expected


@pytest.mark.parametrize("broken", [breakages.DEAD, breakages.ONE_DEAD], ids=lambda each: each.name)
def test_dead_endpoints_are_found(broken: Breakage) -> None:
    """All dead is a failure, some a warning."""
    config = rendered_config()
    broken.change(config)
    assert said(config, Told(ill={"127.0.0.1:1": UNHEALTHY})) == broken.said


def admin_listener(config: Config) -> Config:
    """Return a listener that serves Envoy's own metrics, as ingress controllers have one."""
    added = copy.deepcopy(listener(config))
    added["name"] = "stats"
    inner = added["filter_chains"][0]["filters"][0]["typed_config"]
    inner["http_filters"] = [filters(config)[-1]]
    inner["route_config"]["virtual_hosts"][0]["routes"][0]["route"]["cluster"] = "admin"
    config["static_resources"]["clusters"].append(
        {
            "name": "admin",
            "load_assignment": {
                "endpoints": [
                    {"lb_endpoints": [{"endpoint": {"address": config["admin"]["address"]}}]}
                ]
            },
        }
    )
    return added


def test_own_metrics_need_no_guard() -> None:
    """A listener that leads to Envoy's own admin interface alone is none of an app."""
    config = rendered_config()
    config["static_resources"]["listeners"].append(admin_listener(config))
    assert said(config) == {}
    second = admin_listener(config)
    second["filter_chains"][0]["filters"][0]["typed_config"]["route_config"]["virtual_hosts"][0][
        "routes"
    ].append({"match": {"prefix": "/x"}, "route": {"cluster": "app"}})
    config["static_resources"]["listeners"].append(second)
    assert said(config) == {"KYS0105": "failure"}


def test_sidecar_guards_what_comes_in() -> None:
    """What an Istio sidecar sends out is none of Kysira's, and its peer tells the address."""
    config = rendered_config()
    config["node"] = {"id": "sidecar~10.0.0.7~shop.default~cluster.local"}
    del manager(config)["use_remote_address"]
    out = copy.deepcopy(listener(config))
    out["traffic_direction"] = "OUTBOUND"
    out["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"].pop(1)
    config["static_resources"]["listeners"].append(out)
    assert said(config) == {}
    config["node"] = {"id": "router~10.0.0.7~shop.default~cluster.local"}  # a gateway's are its own
    assert said(config) == {"KYS0105": "failure", "KYS0127": "warning"}


def test_kysira_is_known_by_its_address() -> None:
    """A filter that is named otherwise counts where its cluster leads to a service's host."""
    config = rendered_config()
    breakage = next(b for b in breakages.CONFIGURATIONS if b.name == "foreign ext_proc")
    breakage.change(config)
    chart = Chart()
    check_envoy(chart, facts(config), CLOSED, hosts={"127.0.0.1"})
    assert {check.code.id for check in chart.checks() if check.status is Status.FAILURE} == set()
