"""Policies turned into the configuration that Envoy Gateway 1.9 makes of them.

What becomes of which field was read in internal/xds/translator of envoyproxy/gateway.
"""

import json
import string
from pathlib import Path
from typing import Any

from ctl.render_output import parse

GATEWAY = Path(__file__).parent / "data" / "envoy" / "envoy_gateway.yaml"
CLUSTER = "envoyextensionpolicy/default/kysira-ext-proc/0"
_FILTER = "envoy.filters.http.ext_proc/envoyextensionpolicy/default/kysira-ext-proc/extproc/0"
_TYPES = "type.googleapis.com/envoy"
_EARLY = "extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"
_HTTP = "extensions.upstreams.http.v3.HttpProtocolOptions"
_EXT_PROC = "extensions.filters.http.ext_proc.v3.ExternalProcessor"
_UNDERSCORES = {"RejectRequest": "REJECT_REQUEST", "Allow": "ALLOW", "DropHeader": "DROP_HEADER"}


def translated(
    objects: list[dict[str, Any]], app_port: str, grpc: str, *, underscores: str = "RejectRequest"
) -> str:
    """Return the configuration; the Service of the policy answers at ``grpc``."""
    by_kind = {each["kind"]: each["spec"] for each in objects}
    values = {"APP_PORT": app_port, "UNDERSCORES": _UNDERSCORES[underscores]}
    document = parse(string.Template(GATEWAY.read_text()).substitute(values))[0]
    resources = document["static_resources"]
    (listener,) = resources["listeners"]
    manager = listener["default_filter_chain"]["filters"][0]["typed_config"]
    _take_client_policy(by_kind["ClientTrafficPolicy"], listener, manager)
    (extension,) = by_kind["EnvoyExtensionPolicy"]["extProc"]
    manager["http_filters"].insert(0, _filter(extension))
    # A filter of a policy is switched off, and on again for the routes that the policy is for.
    for route in manager["route_config"]["virtual_hosts"][0]["routes"]:
        config = {"@type": f"{_TYPES}.config.route.v3.FilterConfig", "config": {}}
        route["typed_per_filter_config"] = {_FILTER: config}
    resources["clusters"].append(_cluster(extension["backendSettings"], grpc))
    return json.dumps(document)


def _take_client_policy(
    spec: dict[str, Any], listener: dict[str, Any], manager: dict[str, Any]
) -> None:
    listener["per_connection_buffer_limit_bytes"] = spec["connection"]["bufferLimit"]
    http2 = manager["http2_protocol_options"]
    http2["initial_stream_window_size"] = spec["http2"]["initialStreamWindowSize"]
    http2["initial_connection_window_size"] = spec["http2"]["initialConnectionWindowSize"]
    early = spec["headers"]["earlyRequestHeaders"]
    assert early.keys() == {"removeOnMatch"}
    mutations = [
        {"remove_on_match": {"key_matcher": {"safe_regex": {"regex": each["value"]}}}}
        for each in early["removeOnMatch"]
        if each["type"] == "RegularExpression"
    ]
    manager["early_header_mutation_extensions"] = [
        {
            "name": "envoy.http.early_header_mutation.header_mutation",
            "typed_config": {"@type": f"{_TYPES}.{_EARLY}", "mutations": mutations},
        }
    ]


def _filter(extension: dict[str, Any]) -> dict[str, Any]:
    mode = extension["processingMode"]
    retry = extension["backendSettings"]["retry"]
    assert "backOff" not in retry.get("perRetry", {}), "cut to whole seconds: Envoy refuses 0"
    config = {
        "@type": f"{_TYPES}.{_EXT_PROC}",
        "grpc_service": {
            "envoy_grpc": {"cluster_name": CLUSTER, "authority": "kysira-ext-proc.kysira:50051"},
            "timeout": "10s",
            "retry_policy": {
                "retry_on": ",".join(retry["retryOn"]["triggers"]),
                "num_retries": retry["numRetries"],
            },
        },
        "failure_mode_allow": extension["failOpen"],
        "message_timeout": _duration(extension["messageTimeout"]),
        "allow_mode_override": mode["allowModeOverride"],
        "request_attributes": mode["request"]["attributes"],
        "processing_mode": {
            # A request section sends headers; only its body would send bodies.
            "request_header_mode": "SEND" if "request" in mode else "SKIP",
            "request_body_mode": {"Buffered": "BUFFERED"}.get(mode["request"].get("body"), "NONE"),
            "request_trailer_mode": "SKIP",
            "response_header_mode": "SEND" if "response" in mode else "SKIP",
            "response_trailer_mode": "SKIP",
        },
    }
    if "statusOnError" in extension:
        config["status_on_error"] = {"code": extension["statusOnError"]}
    return {"name": _FILTER, "disabled": True, "typed_config": config}


def _cluster(settings: dict[str, Any], grpc: str) -> dict[str, Any]:
    breaker, health = settings["circuitBreaker"], settings["healthCheck"]
    active, passive = health["active"], health["passive"]
    host, _, port = grpc.rpartition(":")
    return {
        "name": CLUSTER,
        "type": "STATIC",
        "lb_policy": "LEAST_REQUEST",
        "ignore_health_on_host_removal": True,
        "per_connection_buffer_limit_bytes": 32768,
        "connect_timeout": _duration(settings["timeout"]["tcp"]["connectTimeout"]),
        "common_lb_config": {"healthy_panic_threshold": {"value": health["panicThreshold"]}},
        "circuit_breakers": {
            "thresholds": [
                {
                    "max_connections": breaker["maxConnections"],
                    "max_pending_requests": breaker["maxPendingRequests"],
                    "max_requests": breaker["maxParallelRequests"],
                    "max_retries": breaker["maxParallelRetries"],
                }
            ]
        },
        "health_checks": [
            {
                "timeout": _duration(active["timeout"]),
                "interval": _duration(active["interval"]),
                "unhealthy_threshold": active["unhealthyThreshold"],
                "healthy_threshold": active["healthyThreshold"],
                {"GRPC": "grpc_health_check"}[active["type"]]: {},
            }
        ],
        "outlier_detection": {
            "split_external_local_origin_errors": passive["splitExternalLocalOriginErrors"],
            "consecutive_local_origin_failure": passive["consecutiveLocalOriginFailures"],
            "consecutive_5xx": passive["consecutive5XxErrors"],
            "interval": _duration(passive["interval"]),
            "base_ejection_time": _duration(passive["baseEjectionTime"]),
            "max_ejection_percent": passive["maxEjectionPercent"],
        },
        "typed_extension_protocol_options": {
            f"envoy.{_HTTP}": {
                "@type": f"{_TYPES}.{_HTTP}",
                "explicit_http_config": {
                    "http2_protocol_options": {
                        "initial_connection_window_size": 1048576,
                        "initial_stream_window_size": 65536,
                    }
                },
            }
        },
        "load_assignment": {
            "cluster_name": CLUSTER,
            "endpoints": [
                {
                    "lb_endpoints": [
                        {
                            "endpoint": {
                                "address": {
                                    "socket_address": {"address": host, "port_value": int(port)}
                                }
                            }
                        }
                    ]
                }
            ],
        },
    }


def _duration(text: str) -> str:
    """Return a Gateway API duration of one unit as protobuf writes it."""
    if text.endswith("ms"):
        return f"{int(text.removesuffix('ms')) / 1000:g}s"
    assert text.endswith("s"), text
    return text
