"""How a filter runs on routes: off, on, and with settings of their own."""

from ctl.doctor import codes
from ctl.doctor.envoy_checks import check_envoy
from ctl.doctor.report import Chart
from tests.ctl.doctor.envoys import FILTERS, TYPE, facts, filters, manager, own, rendered_config
from tests.ctl.doctor.test_envoy_checks import CLOSED, said


def test_filter_enabled_by_routes_counts() -> None:
    """Envoy Gateway adds the filter turned off, and turns it on route by route."""
    config = rendered_config()
    filters(config)[1]["disabled"] = True
    on = {"@type": f"{TYPE}config.route.v3.FilterConfig", "config": {}}
    routes = manager(config)["route_config"]["virtual_hosts"][0]["routes"]
    routes[0]["typed_per_filter_config"] = {"kysira.ext_proc": on}
    assert said(config) == {}
    routes.append({"match": {"prefix": "/x"}, "route": {"cluster": "app"}})
    assert said(config) == {"KYS0107": "failure"}
    routes[1] = {"match": {"prefix": "/x"}, "redirect": {"https_redirect": True}}
    assert said(config) == {}  # it reaches no app


def test_many_routes_are_one_line() -> None:
    """Hundreds of routes with one setting are told of together."""
    config = rendered_config()
    hosts = manager(config)["route_config"]["virtual_hosts"]
    own(config)["message_timeout"] = "0.5s"
    over = {"@type": f"{FILTERS}ext_proc.v3.ExtProcPerRoute"}
    hosts[0]["routes"] = [
        {
            "match": {"prefix": f"/{number}"},
            "route": {"cluster": "app"},
            "typed_per_filter_config": {
                "kysira.ext_proc": {**over, "overrides": {"failure_mode_allow": True}}
            },
        }
        for number in range(200)
    ]
    chart = Chart()
    check_envoy(chart, facts(config), CLOSED, hosts=())
    found = next(check for check in chart.checks() if check.code is codes.FAILURE_MODE)
    assert len(found.found) == 1
    assert "route /2 of app and 197 more" in found.found[0]
