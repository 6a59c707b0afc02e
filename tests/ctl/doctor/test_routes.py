"""How a filter runs on routes: off, on, and with settings of their own."""

import copy

from ctl.doctor import codes
from ctl.doctor.envoy_checks import check_envoy
from ctl.doctor.report import Chart
from tests.ctl.doctor.envoys import (
    FILTERS,
    TYPE,
    Config,
    facts,
    filters,
    manager,
    own,
    rendered_config,
)
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


def on(config: Config, *names: str) -> None:
    """Add a route that turns these filters on."""
    wrapper = {"@type": f"{TYPE}config.route.v3.FilterConfig", "config": {}}
    routes = manager(config)["route_config"]["virtual_hosts"][0]["routes"]
    added = {"match": {"prefix": f"/{len(routes)}"}, "route": {"cluster": "app"}}
    routes.append({**added, "typed_per_filter_config": dict.fromkeys(names, wrapper)})


def test_filters_may_take_turns() -> None:
    """Envoy Gateway has a filter for each policy: a route is guarded where one of them is on."""
    config = rendered_config()
    filters(config)[1]["disabled"] = True
    filters(config).insert(2, {**copy.deepcopy(filters(config)[1]), "name": "kysira.second"})
    manager(config)["route_config"]["virtual_hosts"][0]["routes"].clear()
    on(config, "kysira.ext_proc")
    on(config, "kysira.second")
    assert said(config) == {}
    filters(config)[2]["typed_config"]["failure_mode_allow"] = True
    assert said(config) == {"KYS0112": "failure"}
    on(config, "other")
    assert said(config) == {"KYS0107": "failure", "KYS0112": "failure"}


def test_filters_that_never_run_harm_nobody() -> None:
    """One that is turned off changes nothing, until a route turns it on."""
    config = rendered_config()
    lua = {"name": "lua", "disabled": True, "typed_config": {"@type": f"{FILTERS}lua.v3.Lua"}}
    cache = {"name": "c", "disabled": True, "typed_config": {"@type": f"{FILTERS}cache.v3.Cache"}}
    filters(config).insert(2, lua)
    filters(config).insert(0, cache)
    assert said(config) == {}
    on(config, "lua")
    assert said(config) == {"KYS0110": "warning"}
    on(config, "c")
    assert said(config) == {"KYS0109": "failure", "KYS0110": "warning"}


def test_hosts_on_demand_are_not_known() -> None:
    """What VHDS has not brought yet can't be judged, and is no reason to overlook a listener."""
    config = rendered_config()
    vhds = {"name": "x", "vhds": {"config_source": {"ads": {}}}}
    manager(config)["route_config"] = vhds
    assert said(config) == {"KYS0107": "warning"}
    filters(config).pop(1)
    assert said(config) == {"KYS0105": "failure"}
