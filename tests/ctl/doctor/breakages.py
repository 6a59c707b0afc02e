"""Every way that an Envoy can be set up wrong which doctor claims to see, and what it says."""

import copy
from dataclasses import dataclass
from typing import Any

from tests.ctl.doctor.envoys import (
    FILTERS,
    TYPE,
    Change,
    Config,
    cluster,
    filters,
    host,
    listener,
    manager,
    own,
    route,
)

BAD, WARN = "failure", "warning"
OWN = "kysira.ext_proc"


@dataclass(frozen=True)
class Breakage:
    """A change of the rendered configuration, and all that doctor says of it."""

    name: str
    change: Change
    said: dict[str, str]
    """Code → status."""


def _set(find: Any, **values: Any) -> Change:
    return lambda config: find(config).update(values)


def _drop(find: Any, key: str) -> Change:
    return lambda config: find(config).pop(key)


def _all(*changes: Change) -> Change:
    return lambda config: [change(config) for change in changes]


def _modes(config: Config) -> Config:
    found: Config = own(config)["processing_mode"]
    return found


def _breakers(config: Config) -> Config:
    found: Config = cluster(config)["circuit_breakers"]["thresholds"][0]
    return found


def _router() -> Config:
    return {"name": "router", "typed_config": {"@type": f"{FILTERS}router.v3.Router"}}


def _second_listener(config: Config) -> None:
    """Add a listener as they are added in a hurry: a copy, without the filters."""
    second = copy.deepcopy(listener(config))
    second["name"] = "second"
    second["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"] = [_router()]
    config["static_resources"]["listeners"].append(second)


def _default_chain(config: Config) -> None:
    chain = copy.deepcopy(listener(config)["filter_chains"][0])
    chain["filters"][0]["typed_config"]["http_filters"] = [_router()]
    listener(config)["filter_chains"][0]["filter_chain_match"] = {"server_names": ["a.example"]}
    listener(config)["listener_filters"] = [
        {
            "name": "tls",
            "typed_config": {
                "@type": f"{TYPE}extensions.filters.listener.tls_inspector.v3.TlsInspector"
            },
        }
    ]
    listener(config)["default_filter_chain"] = chain


def _foreign(config: Config) -> None:
    other = copy.deepcopy(cluster(config))
    other["name"] = other["load_assignment"]["cluster_name"] = "other"
    config["static_resources"]["clusters"].append(other)
    filters(config)[1]["name"] = "envoy.filters.http.ext_proc"
    own(config)["grpc_service"]["envoy_grpc"]["cluster_name"] = "other"


def _tcp_listener(config: Config) -> None:
    proxy = {
        "@type": f"{TYPE}extensions.filters.network.tcp_proxy.v3.TcpProxy",
        "stat_prefix": "tcp", "cluster": "app",
    }  # fmt: skip
    config["static_resources"]["listeners"].append(
        {
            "name": "raw",
            "address": copy.deepcopy(listener(config)["address"]),
            "filter_chains": [{"filters": [{"name": "tcp", "typed_config": proxy}]}],
        }
    )


def _tcp_alone(config: Config) -> None:
    _tcp_listener(config)
    del config["static_resources"]["listeners"][0]


def _per_filter(config: Any, **said: Any) -> Config:
    return {OWN: {"@type": f"{FILTERS}ext_proc.v3.ExtProcPerRoute", **said}}


def _off(find: Any) -> Change:
    def change(config: Config) -> None:
        find(config)["typed_per_filter_config"] = _per_filter(config, disabled=True)

    return change


def _off_by_wrapper(config: Config) -> None:
    wrapper = {"@type": f"{TYPE}config.route.v3.FilterConfig", "disabled": True}
    host(config)["typed_per_filter_config"] = {OWN: wrapper}


def _off_in_wrapper(config: Config) -> None:
    inner = _per_filter(config, disabled=True)[OWN]
    wrapper = {"@type": f"{TYPE}config.route.v3.FilterConfig", "config": inner}
    host(config)["typed_per_filter_config"] = {OWN: wrapper}


def _as_struct(message: Config) -> Config:
    """Return the message as control planes write it that do not know its type."""
    value = {key: each for key, each in message.items() if key != "@type"}
    url = "type.googleapis.com/xds.type.v3.TypedStruct"
    return {"@type": url, "type_url": message["@type"], "value": value}


def _off_by_struct(config: Config) -> None:
    inner = _per_filter(config, disabled=True)[OWN]
    route(config)["typed_per_filter_config"] = {OWN: _as_struct(inner)}


def _second_as_struct(config: Config) -> None:
    _second_listener(config)
    added = config["static_resources"]["listeners"][1]["filter_chains"][0]["filters"][0]
    added["typed_config"] = _as_struct(added["typed_config"])


def _to_matcher(found: Config, **more: Any) -> None:
    """Have a matcher choose the route of a virtual host."""
    typed = {"@type": f"{TYPE}config.route.v3.Route", **found.pop("routes")[0], **more}
    # Without a field it matches what a tree does: every path begins so.
    found["matcher"] = {
        "matcher_tree": {
            "input": {
                "name": "path",
                "typed_config": {
                    "@type": f"{TYPE}type.matcher.v3.HttpRequestHeaderMatchInput",
                    "header_name": ":path",
                },
            },
            "prefix_match_map": {
                "map": {"/": {"action": {"name": "route", "typed_config": typed}}}
            },
        }
    }


def _second_by_matcher(config: Config) -> None:
    _second_listener(config)
    added = config["static_resources"]["listeners"][1]["filter_chains"][0]["filters"][0]
    _to_matcher(added["typed_config"]["route_config"]["virtual_hosts"][0])


def _off_by_matcher(config: Config) -> None:
    off = _per_filter(config, disabled=True)
    _to_matcher(host(config), typed_per_filter_config=off)


def _overrides_in_turn(config: Config) -> None:
    """Say one thing for the host and another for the route: both count."""
    host(config)["typed_per_filter_config"] = _per_filter(
        config, overrides={"failure_mode_allow": True}
    )
    route(config)["typed_per_filter_config"] = _per_filter(
        config, overrides={"request_attributes": ["source.address"]}
    )


def _after(name: str, message: str) -> Change:
    typed = {"@type": f"{FILTERS}{message}"}
    return lambda config: filters(config).insert(2, {"name": name, "typed_config": typed})


def _off_on_weighted(config: Config) -> None:
    part = {"name": "app", "weight": 1}
    action = route(config)["route"]
    del action["cluster"]
    action["weighted_clusters"] = {
        "clusters": [part, {**part, "typed_per_filter_config": _per_filter(config, disabled=True)}]
    }


def _overrides(**said: Any) -> Change:
    def change(config: Config) -> None:
        route(config)["typed_per_filter_config"] = _per_filter(config, overrides=said)

    return change


def _matched(config: Config) -> None:
    on_header = {
        "name": "request-headers",
        "typed_config": {
            "@type": f"{TYPE}type.matcher.v3.HttpRequestHeaderMatchInput", "header_name": "x-skip",
        },
    }  # fmt: skip
    skip = {
        "name": "skip",
        "typed_config": {"@type": f"{TYPE}extensions.filters.common.matcher.action.v3.SkipFilter"},
    }
    filters(config)[1]["typed_config"] = {
        "@type": f"{TYPE}extensions.common.matching.v3.ExtensionWithMatcher",
        "extension_config": {"name": OWN, "typed_config": own(config)},
        "xds_matcher": {
            "matcher_tree": {
                "input": on_header, "exact_match_map": {"map": {"yes": {"action": skip}}},
            }
        },
    }  # fmt: skip


def _cache(config: Config) -> None:
    simple = {"@type": f"{TYPE}extensions.http.cache.simple_http_cache.v3.SimpleHttpCacheConfig"}
    typed = {"@type": f"{FILTERS}cache.v3.CacheConfig", "typed_config": simple}
    filters(config).insert(0, {"name": "cache", "typed_config": typed})


def _lua_after(config: Config) -> None:
    typed = {
        "@type": f"{FILTERS}lua.v3.Lua",
        "default_source_code": {"inline_string": "-- nothing"},
    }
    filters(config).insert(2, {"name": "lua", "typed_config": typed})


def _strip_off(config: Config) -> None:
    wrapper = {"@type": f"{TYPE}config.route.v3.FilterConfig", "disabled": True}
    route(config)["typed_per_filter_config"] = {filters(config)[0]["name"]: wrapper}


def _strip_after(config: Config) -> None:
    strip = filters(config).pop(0)
    filters(config).insert(1, strip)


def _strip_hyphens_alone(config: Config) -> None:
    removal = {"remove_on_match": {"key_matcher": {"prefix": "x-kysira-"}}}
    filters(config)[0]["typed_config"]["mutations"]["request_mutations"] = [removal]


def _allow_only(*modes: Config) -> Change:
    return _set(own, allowed_override_modes=list(modes))


_LIKE_OURS = {
    "request_trailer_mode": "SKIP", "response_header_mode": "SKIP",
    "response_trailer_mode": "SKIP",
}  # fmt: skip


def _responses(config: Config) -> None:
    _modes(config)["response_header_mode"] = "SEND"
    for mode in own(config)["allowed_override_modes"]:
        mode["response_header_mode"] = "SEND"


def _http1(config: Config) -> None:
    del cluster(config)["typed_extension_protocol_options"]
    del cluster(config)["health_checks"]  # Envoy refuses gRPC's over HTTP/1


def _dead(config: Config) -> None:
    _endpoints(config)[0]["endpoint"]["address"]["socket_address"]["port_value"] = 1


def _one_dead(config: Config) -> None:
    _endpoints(config).append(copy.deepcopy(_endpoints(config)[0]))
    _dead(config)


def _endpoints(config: Config) -> list[Config]:
    found: list[Config] = cluster(config)["load_assignment"]["endpoints"][0]["lb_endpoints"]
    return found


OPEN = _set(own, failure_mode_allow=True)
CONFIGURATIONS = (
    Breakage("tcp alone", _tcp_alone, {"KYS0104": BAD, "KYS0128": WARN}),
    Breakage("second listener", _second_listener, {"KYS0105": BAD}),
    Breakage("default chain", _default_chain, {"KYS0105": BAD}),
    Breakage("no filter", lambda c: filters(c).pop(1), {"KYS0105": BAD}),
    Breakage("foreign ext_proc", _foreign, {"KYS0105": BAD}),
    Breakage(
        "upgrade's own filters",
        lambda c: manager(c)["upgrade_configs"][0].update(filters=[_router()]), {"KYS0106": BAD},
    ),
    Breakage("off on route", _off(route), {"KYS0107": BAD}),
    Breakage("off on host", _off(host), {"KYS0107": BAD}),
    Breakage(
        "off for all", _off(lambda c: manager(c)["route_config"]), {"KYS0107": BAD}
    ),
    Breakage("off by wrapper", _off_by_wrapper, {"KYS0107": BAD}),
    Breakage("off in wrapper", _off_in_wrapper, {"KYS0107": BAD}),
    Breakage("off by struct", _off_by_struct, {"KYS0107": BAD}),
    Breakage("off by matcher", _off_by_matcher, {"KYS0107": BAD}),
    Breakage("second listener as struct", _second_as_struct, {"KYS0105": BAD}),
    Breakage("second listener by matcher", _second_by_matcher, {"KYS0105": BAD}),
    Breakage("off on weighted cluster", _off_on_weighted, {"KYS0107": BAD}),
    Breakage("off until told", lambda c: filters(c)[1].update(disabled=True), {"KYS0107": BAD}),
    Breakage("matcher", _matched, {"KYS0108": BAD}),
    Breakage("cache before", _cache, {"KYS0109": BAD}),
    Breakage("lua after", _lua_after, {"KYS0110": WARN}),
    Breakage("grpc_web after", _after("web", "grpc_web.v3.GrpcWeb"), {"KYS0110": WARN}),
    Breakage("open on host", _overrides_in_turn, {"KYS0112": BAD}),
    Breakage("no stripping", lambda c: filters(c).pop(0), {"KYS0111": WARN}),
    Breakage(
        "no stripping, open", _all(OPEN, lambda c: filters(c).pop(0)),
        {"KYS0111": BAD, "KYS0112": BAD},
    ),
    Breakage("stripping after", _strip_after, {"KYS0110": WARN, "KYS0111": WARN}),
    Breakage("stripping off on route", _strip_off, {"KYS0111": WARN}),
    Breakage("no underscores stripped", _strip_hyphens_alone, {"KYS0111": WARN}),
    Breakage("open", OPEN, {"KYS0112": BAD}),
    Breakage("open on route", _overrides(failure_mode_allow=True), {"KYS0112": BAD}),
    Breakage("status of its own", _drop(own, "status_on_error"), {"KYS0113": WARN}),
    Breakage("hasty", _set(own, message_timeout="0.25s"), {"KYS0114": BAD}),
    Breakage("hasty by default", _drop(own, "message_timeout"), {"KYS0114": BAD}),
    Breakage("no headers", _set(_modes, request_header_mode="SKIP"), {"KYS0115": BAD}),
    Breakage("buffered", _set(_modes, request_body_mode="BUFFERED"), {"KYS0116": BAD}),
    Breakage(
        "buffered partial", _set(_modes, request_body_mode="BUFFERED_PARTIAL"), {"KYS0116": BAD}
    ),
    Breakage("no override", _drop(own, "allow_mode_override"), {"KYS0117": BAD}),
    Breakage(
        "override of gRPC alone", _allow_only({"request_body_mode": "STREAMED", **_LIKE_OURS}),
        {"KYS0117": BAD},
    ),
    Breakage(
        "override with other modes",
        _allow_only({"request_body_mode": "BUFFERED_PARTIAL"}, {"request_body_mode": "STREAMED"}),
        {"KYS0117": BAD, "KYS0118": WARN},
    ),
    Breakage(
        "override without gRPC",
        _allow_only({"request_body_mode": "BUFFERED_PARTIAL", **_LIKE_OURS}), {"KYS0118": WARN},
    ),
    Breakage("responses", _responses, {"KYS0119": WARN}),
    Breakage("no mutations", _set(own, mutation_rules={"disallow_all": True}), {"KYS0120": BAD}),
    Breakage(
        "some headers",
        _set(own, forward_rules={"allowed_headers": {"patterns": [{"exact": ":path"}]}}),
        {"KYS0121": BAD},
    ),
    Breakage("observing", _set(own, observability_mode=True), {"KYS0117": BAD, "KYS0122": BAD}),
    Breakage("no refusals", _set(own, disable_immediate_response=True), {"KYS0122": BAD}),
    Breakage("no address", _drop(own, "request_attributes"), {"KYS0123": WARN}),
    Breakage(
        "no retries", _drop(lambda c: own(c)["grpc_service"], "retry_policy"), {"KYS0124": WARN}
    ),
    Breakage(
        "small buffer", _set(listener, per_connection_buffer_limit_bytes=4096), {"KYS0125": BAD}
    ),
    Breakage("small buffer on route", _set(route, request_body_buffer_limit=4096),
             {"KYS0125": BAD}),
    Breakage("wide window", _drop(manager, "http2_protocol_options"), {"KYS0126": WARN}),
    Breakage("claimed address", _drop(manager, "use_remote_address"), {"KYS0127": WARN}),
    Breakage("tcp listener", _tcp_listener, {"KYS0128": WARN}),
    Breakage(
        "other cluster on route",
        _overrides(grpc_service={"envoy_grpc": {"cluster_name": "elsewhere"}}),
        {"KYS0124": WARN, "KYS0130": BAD},
    ),
    Breakage("HTTP/1", _http1, {"KYS0131": BAD, "KYS0133": WARN}),
    Breakage("no health check", _drop(cluster, "health_checks"), {"KYS0133": WARN}),
    Breakage("panic", _drop(cluster, "common_lb_config"), {"KYS0134": WARN}),
    Breakage("no outlier detection", _drop(cluster, "outlier_detection"), {"KYS0135": WARN}),
    Breakage("few requests", _set(_breakers, max_requests=1024), {"KYS0136": BAD}),
    Breakage("few pending", _drop(_breakers, "max_pending_requests"), {"KYS0136": BAD}),
    Breakage("few retries", _drop(_breakers, "max_retries"), {"KYS0137": WARN}),
    Breakage(
        "no breakers", _drop(cluster, "circuit_breakers"), {"KYS0136": BAD, "KYS0137": WARN}
    ),
)  # fmt: skip
"""Those that the configuration alone shows."""
DEAD = Breakage("dead", _dead, {"KYS0132": BAD})
ONE_DEAD = Breakage("one dead", _one_dead, {"KYS0132": WARN})
