"""Every value of the Helm charts: its key, the setting that it becomes, its default and a comment.

The one place where they are listed: ``kysiractl render helm-values`` prints them, and the charts'
tests can hold their values.yaml against it. The deployment guide's keys are marked. What a setting
defaults to is read where it is declared; where a chart differs, or a service declares the setting,
it stands here.
"""

import dataclasses
import enum
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ctl.containers import PROGRAMS, Component
from kysira.events.settings import EventSettings
from kysira.settings import EngineSettings, GuardSettings, ServiceSettings

UMBRELLA = "kysira-platform"
EXT_PROC = "kysira-ext-proc"
PROXY = "kysira-proxy"
INFERENCE = "kysira-inference"
ADAPTER = "kysira-nginx-auth-adapter"
DASHBOARD = "kysira-dashboard"
INFERENCE_URL = "http://kysira-inference:8081"


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a chart."""

    key: str
    """With dots, as ``helm --set`` has it."""
    default: Any
    comment: str
    setting: str = ""
    """The field that it sets, e.g. ``score_threshold`` (KYSIRA_SCORE_THRESHOLD); "" for none."""
    in_guide: bool = True
    """Whether the deployment guide lists it."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of one service."""

    name: str
    values: tuple[Value, ...]


BY_THE_CHART = {
    "bind": "a pod is reached by its own address",
    "data_dir": "where persistence, or an emptyDir, is mounted",
    "admin_token_file": "config.adminTokenSecret names the Secret that the token comes from",
    "policy": "config.policy is the file's text",
    "http_sink_key_file": "a Secret's business, as a file",
    "target_ca": "a ConfigMap's business, as a file",
    "tls_cert": "a Secret's business, as a file",
    "tls_key": "a Secret's business, as a file",
}
"""Settings that are no values, and what a chart does about them."""

_DECLARED = {
    field.name: field
    for kind in (ServiceSettings, GuardSettings, EngineSettings, EventSettings)
    for field in dataclasses.fields(kind)
}


def key_of(setting: str) -> str:
    """Return a setting's name as the charts spell it: ``http_sink_url`` is ``httpSinkURL``."""
    first, *others = setting.split("_")
    return first + "".join("URL" if word == "url" else word.capitalize() for word in others)


def _config(setting: str, *, in_guide: bool = False, **changed: Any) -> Value:
    """Return the value of a setting that ``kysira`` declares."""
    field = _DECLARED[setting]
    default, comment = _plain(field.default), re.sub(r"\.$", "", field.metadata["help"])
    value = Value(f"config.{key_of(setting)}", default, comment, setting, in_guide)
    return dataclasses.replace(value, **changed)


def _configs(settings: Iterable[str]) -> tuple[Value, ...]:
    return tuple(_config(setting) for setting in settings)


def _plain(value: Any) -> Any:
    """Return a setting's default as the environment would say it."""
    if isinstance(value, tuple):
        return ",".join(str(_plain(item)) for item in value)
    return value.value if isinstance(value, enum.Enum) else value


def _resources(component: Component, *, in_guide: bool = False) -> tuple[Value, ...]:
    program = PROGRAMS[component]
    cpu, memory = program.requests["cpu"], program.requests["memory"]
    return (
        Value("resources.requests.cpu", cpu, "CPU that a pod is sure of", in_guide=False),
        Value("resources.requests.memory", memory, "Minimum memory", in_guide=in_guide),
        Value(
            "resources.limits.memory", program.memory_limit,
            "No limit of CPU: a throttled firewall answers late", in_guide=False,
        ),
    )  # fmt: skip


_TOKEN = Value(
    "config.adminTokenSecret", "",
    'Secret whose key "token" lets its bearer flip the mode and read events', in_guide=False,
)  # fmt: skip
_POLICY = Value("config.policy", "", "The text of kysira.yaml", in_guide=False)
_METRICS = Value("metrics.enabled", True, "Add Prometheus scrape annotations to the pod")
_OTHERS = (
    *_configs(
        ("timeout_ms", "max_body_bytes", "on_failure", "on_oversize", "trusted_proxies",
         "client_address_headers", "disabled_detectors", "device", "sqli_model", "pi_model")
    ),
    _POLICY,
    _TOKEN,
    *_configs(("log_level", "log_format")),
)  # fmt: skip
_EVENTS = _configs(
    ("http_sink_format", "http_sink_header", "events_file_bytes", "events_files", "spool_bytes")
)


def _front_end(inference_url: Value) -> tuple[Value, ...]:
    """Return what every front-end's chart has of the guide's."""
    return (
        inference_url,
        _config("mode", in_guide=True),
        _config("score_threshold", in_guide=True),
    )


_ELSEWHERE = _config(
    "inference_url", in_guide=True, default=INFERENCE_URL, comment="Inference service URL"
)
_DERIVED = _config(
    "inference_url", in_guide=True, default="",
    comment="Inference service URL; empty: http://<release>-kysira-inference:8081",
)  # fmt: skip


def _persistence(*, is_enabled: bool, comment: str, in_guide: bool) -> tuple[Value, ...]:
    return (
        Value("persistence.enabled", is_enabled, comment, in_guide=in_guide),
        Value("persistence.size", "1Gi", "PVC size", in_guide=in_guide and is_enabled),
    )


_STATE = "Mount a PVC for the mode, events and spool; else they end with the pod"
CHARTS: dict[str, Chart] = {
    chart.name: chart
    for chart in (
        Chart(
            INFERENCE,
            (
                Value("env.KYSIRA_DEVICE", "cpu", "cpu, cuda or mps", "device"),
                Value("config.device", "cpu", "The same, in the charts' usual spelling", "device"),
                *_configs(("sqli_model", "pi_model", "disabled_detectors", "score_threshold",
                           "max_body_bytes", "log_level", "log_format")),
                Value("service.port", 8081, "HTTP port", "inference_port", in_guide=False),
                *_persistence(
                    is_enabled=False, in_guide=True,
                    comment="Models are in the image: only for models of your own",
                ),
                dataclasses.replace(_METRICS, in_guide=False),
                Value("replicaCount", 1, "Number of replicas", in_guide=False),
                *_resources(Component.INFERENCE, in_guide=True),
            ),
        ),
        Chart(
            PROXY,
            (
                Value("config.targetURL", "http://localhost:3000", "Upstream application URL",
                      "target_url"),
                *_front_end(_DERIVED),
                _config("sinks", in_guide=True),
                _config("http_sink_url", in_guide=True),
                Value("config.proxyPort", 8080, "Port to listen on", "proxy_port"),
                *_OTHERS,
                *_EVENTS,
                Value("config.adminPort", None,
                      "Port for health, metrics, mode and events; empty: on the traffic port",
                      "admin_port", in_guide=False),
                Value("config.targetInsecure", False,
                      "Take any certificate of an https target", "target_insecure",
                      in_guide=False),
                Value("config.connectTimeoutMs", 5000, "Milliseconds to reach the app in",
                      "connect_timeout_ms", in_guide=False),
                Value("config.upstreamTimeoutMs", 60000,
                      "Milliseconds the app may take until its answer begins",
                      "upstream_timeout_ms", in_guide=False),
                *_persistence(
                    is_enabled=True, in_guide=True,
                    comment="Mount a PVC for events.jsonl and registrations.jsonl",
                ),
                _METRICS,
                Value("replicaCount", 1, "Number of proxy replicas"),
                *_resources(Component.PROXY),
            ),
        ),
        Chart(
            DASHBOARD,
            (
                Value("service.port", 8070, "HTTP port", "dashboard_port", in_guide=False),
                Value("replicaCount", 1, "Number of dashboard replicas"),
            ),
        ),
        Chart(
            EXT_PROC,
            (
                *_front_end(_ELSEWHERE),
                *_configs(("sinks", "http_sink_url")),
                *_OTHERS,
                *_EVENTS,
                Value("config.drainMs", 1000, "Milliseconds to keep serving after SIGTERM",
                      "drain_ms", in_guide=False),
                Value("service.grpcPort", 50051, "gRPC listen port", "grpc_port"),
                Value("service.metricsPort", 9090, "HTTP port for health, metrics and mode",
                      "metrics_port"),
                Value("envoyFilter.enabled", True, "Create the EnvoyFilter resource"),
                Value("envoyFilter.context", "SIDECAR_INBOUND", "Envoy listener context"),
                Value("envoyFilter.workloadSelector", {}, "Labels of the target workloads"),
                Value("envoyFilter.allWorkloads", False,
                      "Allow an empty workloadSelector: every sidecar of the mesh",
                      in_guide=False),
                Value("envoyFilter.namespace", "istio-system",
                      "Namespace where the EnvoyFilter is created"),
                Value("envoyFilter.messageTimeout", "500ms",
                      "Per-message gRPC timeout; keep it over config.timeoutMs"),
                Value("envoyFilter.failureModeAllow", True,
                      "Pass requests through if ext_proc is unreachable"),
                *_persistence(is_enabled=False, comment=_STATE, in_guide=False),
                _METRICS,
                Value("replicaCount", 1, "Number of replicas", in_guide=False),
                *_resources(Component.EXT_PROC),
            ),
        ),
        Chart(
            ADAPTER,
            (
                *_front_end(_ELSEWHERE),
                *_configs(("sinks", "http_sink_url")),
                *_OTHERS,
                *_EVENTS,
                Value("service.port", 8090, "Port the adapter listens on", "adapter_port"),
                *_persistence(is_enabled=False, comment=_STATE, in_guide=False),
                dataclasses.replace(_METRICS, in_guide=False),
                Value("replicaCount", 2, "Replicas; keep at least 2 for rolling updates"),
                *_resources(Component.NGINX_AUTH_ADAPTER),
            ),
        ),
    )
}  # fmt: skip
PLATFORM = (INFERENCE, PROXY, DASHBOARD, EXT_PROC)
"""The charts that the umbrella installs."""
