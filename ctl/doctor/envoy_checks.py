"""Checks that an Envoy asks Kysira of every request: on all listeners and routes, in order."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from ctl.doctor import codes
from ctl.doctor.cluster_checks import check_cluster
from ctl.doctor.codes import Section
from ctl.doctor.dump import Dump, Manager, host_routes, managers, tcp_chains
from ctl.doctor.envoy_facts import EnvoyFacts
from ctl.doctor.filter_checks import check_use
from ctl.doctor.http_filters import EXT_PROC, Filter, FilterList, filter_lists, kysira_at
from ctl.doctor.listener_checks import check_listener
from ctl.doctor.node import flag, has, node, number, rows, text
from ctl.doctor.report import Chart
from ctl.doctor.routes import Use, app_routes, runs_somewhere, uses
from ctl.doctor.service_facts import Limits
from ctl.doctor.stripping import check_stripping
from ctl.envoy.version import OLDEST, EnvoyVersion

_ANSWERING = frozenset({"cache", "cache_v2", "file_server"})
"""Filters that may answer in the app's place: what they know goes around Kysira."""
_CHANGING = frozenset({
    "ai_protocol_manager", "aws_lambda", "composite", "connect_grpc_bridge", "decompressor",
    "dynamic_modules", "ext_proc", "filter_chain", "golang", "grpc_http1_reverse_bridge",
    "grpc_json_reverse_transcoder", "grpc_json_transcoder", "grpc_web", "header_mutation", "lua",
    "mcp_json_rest_bridge", "mcp_router", "proto_api_scrubber", "transform", "wasm",
})  # fmt: skip
"""Filters that may change a request's line, headers or body."""
_OWN_CLUSTERS = frozenset({"agent", "prometheus_stats"})
"""Where Istio's own listeners for health and metrics lead."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where Kysira's filter is, or several that take turns."""

    found: FilterList
    indices: Sequence[int]

    @property
    def owns(self) -> list[Filter]:
        """Return the filters themselves."""
        return [self.found.filters[index] for index in self.indices]

    @property
    def before(self) -> list[Filter]:
        """Return the filters that requests go through earlier, and that run at all."""
        return self._running(self.found.filters[: self.indices[0]])

    @property
    def after(self) -> list[Filter]:
        """Return the others that requests may go through later."""
        later = self.found.filters[self.indices[0] :]
        return self._running([each for each in later if each not in self.owns])

    def _running(self, filters: Sequence[Filter]) -> list[Filter]:
        return [
            each for each in filters if not each.is_disabled or runs_somewhere(self.found, each)
        ]


def check_envoy(chart: Chart, facts: EnvoyFacts, limits: Limits, hosts: Collection[str]) -> None:
    """Chart every check of this section; ``hosts`` are the IP addresses of the services."""
    _check_server(chart, facts)
    _check_tcp(chart, facts.dump)
    serving = app_managers(facts.dump)
    if not serving:
        chart.bad(codes.HTTP_SERVED, "no listener has an http_connection_manager for an app")
        chart.skip_rest(Section.ENVOY, "there is no HTTP listener")
        return
    chart.ok(codes.HTTP_SERVED, ", ".join(each.where for each in serving))
    places = [place for each in serving for place in _places(chart, each, facts, hosts)]
    found = []
    for place in places:
        used = _check_place(chart, place)
        for use in used:
            check_use(chart, use, limits)
        if used:
            manager, is_sidecar = place.found.manager, facts.dump.is_sidecar
            check_listener(chart, manager, used, limits, is_sidecar=is_sidecar)
        found += used
    for name in dict.fromkeys(use.cluster for use in found):
        check_cluster(chart, facts, name)
    if found:
        _check_counters(chart, facts)
    chart.skip_rest(Section.ENVOY, "no filter asks Kysira")


def app_managers(dump: Dump) -> list[Manager]:
    """Return the managers that lead to an app: not to Envoy itself, nor out of a sidecar."""
    return [
        each
        for each in managers(dump)
        if not (dump.is_sidecar and text(each.listener, "traffic_direction") == "OUTBOUND")
        and not _is_own(each, dump)
    ]


def _is_own(manager: Manager, dump: Dump) -> bool:
    """Return True where health and metrics of Envoy are served, and nothing else."""
    if manager.pending or not manager.routes or _is_on_demand(manager):
        return False
    reached = [
        route
        for config in manager.routes
        for host in rows(config, "virtual_hosts")
        for route in host_routes(host)
        if has(route, "route")
    ]
    return all(_leads_to_admin(text(route, "route", "cluster"), dump) for route in reached)


def _is_on_demand(manager: Manager) -> bool:
    """Return True where virtual hosts come when a request asks for them: none needs to be there."""
    return any(has(config, "vhds") for config in manager.routes)


def _leads_to_admin(name: str, dump: Dump) -> bool:
    if name in _OWN_CLUSTERS and dump.node_id.startswith(("sidecar~", "router~")):
        return True
    admin = node(dump.bootstrap, "admin", "address")
    addresses = [
        node(endpoint, "endpoint", "address")
        for group in rows(dump.clusters.get(name, {}), "load_assignment", "endpoints")
        for endpoint in rows(group, "lb_endpoints")
    ]
    return bool(addresses) and all(address == admin for address in addresses)


def _check_server(chart: Chart, facts: EnvoyFacts) -> None:
    if facts.version:
        shown = ".".join(map(str, facts.version))
        is_known = EnvoyVersion(*facts.version[:2]) >= OLDEST
        chart.judge(codes.ENVOY_VERSION, is_known, f"it is {shown}", shown)
    else:
        chart.skip(codes.ENVOY_VERSION, "it does not tell")
    chart.judge(codes.ENVOY_LIVE, facts.state == "LIVE", f"it is {facts.state or 'silent'}")


def _check_tcp(chart: Chart, dump: Dump) -> None:
    chart.ok(codes.NO_TCP_BYPASS)
    for where, listener in tcp_chains(dump):
        if not (dump.is_sidecar and text(listener, "traffic_direction") == "OUTBOUND"):
            chart.bad(codes.NO_TCP_BYPASS, f"{where}: a tcp_proxy")


def _places(
    chart: Chart, manager: Manager, facts: EnvoyFacts, hosts: Collection[str]
) -> Iterator[Place]:
    for found in filter_lists(manager, facts.dump):
        indices = kysira_at(found.filters, facts.hosts, hosts)
        code = codes.UPGRADES_GUARDED if found.upgrade else codes.FILTER_PRESENT
        if indices:
            chart.ok(code)
            yield Place(found, indices)
        else:
            chart.bad(code, f"{found.where}: {_others(found.filters)}")
    chart.ok(codes.UPGRADES_GUARDED)


def _others(filters: Sequence[Filter]) -> str:
    foreign = [f"{each.name} asks {each.cluster or 'another'}" for each in filters
               if each.kind == EXT_PROC]  # fmt: skip
    return "; ".join(foreign) or "no filter asks Kysira"


def _check_place(chart: Chart, place: Place) -> list[Use]:
    found, before = place.found, place.before
    for own in place.owns:
        is_conditional = own.is_matched or _is_partial(own)
        chart.judge(
            codes.ALWAYS_ASKED, not is_conditional, f"{found.where}: only where {own.name} matches"
        )
    answering = [each.name for each in before if each.package in _ANSWERING]
    chart.judge(codes.NOTHING_BEFORE, not answering, f"{found.where}: {', '.join(answering)}")
    changing = [each.name for each in place.after if _is_changing(each)]
    chart.judge(codes.NOTHING_AFTER, not changing, f"{found.where}: {', '.join(changing)}")
    result = uses(found, place.owns)
    _check_routes(chart, place, result.off)
    if result.uses:
        check_stripping(chart, found, before, is_open=any(map(_is_open, result.uses)))
    return result.uses


def _check_routes(chart: Chart, place: Place, off: Sequence[str]) -> None:
    found, manager = place.found, place.found.manager
    if manager.pending:
        chart.warn(codes.ROUTES_GUARDED, f"{found.where}: no routes yet: {manager.pending[0]}")
    if _is_on_demand(manager):
        chart.warn(codes.ROUTES_GUARDED, f"{found.where}: virtual hosts come on demand (VHDS)")
    chart.ok(codes.ROUTES_GUARDED, f"{found.where}: {len(list(app_routes(manager)))} routes")
    names = ", ".join(own.name for own in place.owns)
    for where in off:
        chart.bad(codes.ROUTES_GUARDED, f"{found.where}, {where}: {names} is off")


def _is_open(use: Use) -> bool:
    return flag(use.config, "failure_mode_allow")


def _is_changing(each: Filter) -> bool:
    if each.package == "header_mutation":
        mutations = node(each.config, "mutations")
        return has(mutations, "request_mutations") or has(mutations, "query_parameter_mutations")
    return each.package in _CHANGING


def _is_partial(own: Filter) -> bool:
    """Return True where ext_authz runs for some requests alone."""
    enabled = node(own.config, "filter_enabled", "default_value")
    per = {"HUNDRED": 100, "TEN_THOUSAND": 10_000, "MILLION": 1_000_000}
    most = per.get(text(enabled, "denominator", default="HUNDRED"), 100)
    is_share = has(own.config, "filter_enabled") and number(enabled, "numerator") < most
    return is_share or has(own.config, "filter_enabled_metadata")


def _check_counters(chart: Chart, facts: EnvoyFacts) -> None:
    for code, ends, said in (
        (codes.NOTHING_UNCHECKED, "failure_mode_allowed", "requests passed unchecked"),
        (codes.NO_TIMEOUTS, "message_timeouts", "timeouts"),
        (codes.MUTATIONS_ACCEPTED, "rejected_header_mutations", "headers were rejected"),
    ):
        chart.ok(code)
        for name, count in facts.counters.items():
            if count and name.endswith(f".{ends}"):
                chart.bad(code, f"{count} {said} ({name})")
