"""kysiractl render helm-values: a values.yaml for the charts, one of them or the umbrella."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import typer

from ctl import console, render_options, render_output, service_policy
from ctl import render_service_options as service_options
from ctl.arguments import parsed, parsed_if_given, usage_error
from ctl.charts.table import (
    ADAPTER,
    CHARTS,
    DASHBOARD,
    EXT_PROC,
    INFERENCE,
    PROXY,
    UMBRELLA,
)
from ctl.charts.values import POLICY, ValuesOptions
from ctl.charts.values import render_values as render
from ctl.envoy.options import EnvoyOptions, read_duration, read_target
from ctl.istio.options import ROOT_NAMESPACE, Context, IstioOptions, check_reach, reach_note
from ctl.kubernetes.names import read_existing, read_namespace
from ctl.option_groups import grouped
from ctl.render_istio import ContextOption, workload_labels
from ctl.render_options import PLACE
from ctl.render_output import Document, OutputOptions
from ctl.render_service_options import SERVICE, PolicyOptions
from kysira.errors import RenderError
from kysira.events.settings import NO_SINK
from kysira.settings import Device, OnFailure

_UNSAID = {
    value.key if chart == EXT_PROC else f"{chart}.{value.key}": value.default
    for chart in (EXT_PROC, INFERENCE)
    for value in CHARTS[chart].values
    if value.key.startswith(("envoyFilter.", "env.", "config.sinks", "config.device"))
}
"""What options that always have a value say when nobody gave them."""


class ChartName(StrEnum):
    """A chart to print the values of."""

    PLATFORM = UMBRELLA
    EXT_PROC = EXT_PROC
    PROXY = PROXY
    INFERENCE = INFERENCE
    ADAPTER = ADAPTER
    DASHBOARD = DASHBOARD


@grouped
def helm_values_command(
    *,
    chart: Annotated[
        ChartName,
        typer.Option(help="Whose values; kysira-platform installs four of the others."),
    ] = ChartName.PLATFORM,
    namespace: render_options.Namespace = "kysira",
    target: Annotated[
        str,
        typer.Option(
            metavar="URL", help="The app behind the proxy, http://localhost:3000 if not given."
        ),
    ] = "",
    selector: render_options.Selector = None,
    all_workloads: Annotated[
        bool,
        typer.Option(
            "--all-workloads",
            help="Without --selector: guard every workload that the EnvoyFilter reaches.",
            rich_help_panel=PLACE,
        ),
    ] = False,
    envoy_filter: Annotated[
        bool,
        typer.Option(
            help="Have the mesh guarded; without, Envoy is told by other means.",
            rich_help_panel=PLACE,
        ),
    ] = True,
    envoy_filter_namespace: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Where the EnvoyFilter is; in the mesh's root namespace it reaches all of it.",
            rich_help_panel=PLACE,
        ),
    ] = ROOT_NAMESPACE,
    context: ContextOption = Context.SIDECAR_INBOUND,
    said: PolicyOptions,
    message_timeout: render_options.MessageTimeout = render_options.MESSAGE_TIMEOUT,
    policy: service_options.PolicyFile = None,
    inference_url: service_options.InferenceUrl = "",
    device: service_options.DeviceOption = Device.CPU,
    sinks: service_options.Sinks = "file",
    http_sink_url: service_options.HttpSinkUrl = "",
    admin_token_secret: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help='Secret whose key "token" is the admin token.',
            rich_help_panel=SERVICE,
        ),
    ] = "",
    replicas: Annotated[
        int | None,
        typer.Option(min=1, max=1000, help="Of each service.", rich_help_panel=SERVICE),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Print every value there is, with its default.")
    ] = False,
    where: OutputOptions,
) -> None:
    """Print a values.yaml: for helm install -f, for the umbrella chart or one of its own."""
    to = where.destination()
    events = service_policy.read_events(sinks, http_sink_url)
    timeout = parsed("--message-timeout", read_duration, message_timeout)
    labels = workload_labels(selector, all_workloads=all_workloads)
    if not envoy_filter and (labels or all_workloads):
        raise usage_error("--no-envoy-filter", "without it there are no workloads to name")
    guards = said.service_policy(policy)
    wishes = {
        "config.targetURL": str(parsed("--target", read_target, target)) if target else "",
        "config.mode": said.mode.value if said.mode else "",
        "config.scoreThreshold": said.threshold,
        "config.timeoutMs": said.timeout_ms,
        "config.onFailure": said.on_failure.value if said.on_failure else "",
        "config.maxBodyBytes": said.max_body_bytes,
        POLICY: guards.policy if guards.own_policy else "",
        "config.inferenceURL": service_policy.read_inference_url(inference_url),
        "config.sinks": ",".join(events.sinks) or NO_SINK,
        "config.httpSinkURL": events.http_sink_url,
        "config.adminTokenSecret": parsed_if_given(
            "--admin-token-secret", read_existing, admin_token_secret
        ),
        "replicaCount": replicas,
        f"{INFERENCE}.env.KYSIRA_DEVICE": device.value,
        f"{INFERENCE}.config.device": device.value,
        "envoyFilter.enabled": envoy_filter,
        "envoyFilter.context": context.value,
        "envoyFilter.workloadSelector": labels,
        "envoyFilter.allWorkloads": all_workloads,
        "envoyFilter.namespace": parsed_if_given(
            "--envoy-filter-namespace", read_namespace, envoy_filter_namespace
        ),
        "envoyFilter.messageTimeout": message_timeout,
        "envoyFilter.failureModeAllow": guards.failure_policy is OnFailure.OPEN,
    }
    options = ValuesOptions(
        chart=chart.value,
        wishes=_asked_for(wishes),
        namespace=parsed("--namespace", read_namespace, namespace),
        is_complete=every,
    )
    if EXT_PROC in options.names:
        _check_reach(options)
        render_options.note_short_timeout(
            "--message-timeout", timeout, "ext-proc", "Envoy", limit_ms=guards.time_limit_ms
        )
    if options.unused:
        console.note(f"{chart.value} has no {', '.join(options.unused)}")
    render_output.write([Document("values", render(options))], to)


def _asked_for(wishes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the wishes that are more than an option's default."""
    return {
        key: wish
        for key, wish in wishes.items()
        if wish not in (None, "", {}) and wish != _UNSAID.get(key)
    }


def _check_reach(options: ValuesOptions) -> None:
    """Raise RenderError where the chart's EnvoyFilter would attach to the whole mesh."""
    wishes = options.wishes
    if not wishes.get("envoyFilter.enabled", True):
        return
    istio = IstioOptions(
        envoy=EnvoyOptions(),
        namespace=wishes.get("envoyFilter.namespace", ROOT_NAMESPACE),
        context=Context(wishes.get("envoyFilter.context", Context.SIDECAR_INBOUND)),
        selector=wishes.get("envoyFilter.workloadSelector", {}),
    )
    is_meant = wishes.get("envoyFilter.allWorkloads", False)
    try:
        check_reach(istio, root_namespace=ROOT_NAMESPACE, all_workloads=is_meant)
    except RenderError as error:
        raise RenderError(f"{error}; for no EnvoyFilter at all, --no-envoy-filter") from error
    if note := reach_note(istio, root_namespace=ROOT_NAMESPACE):
        console.note(note)
