"""kysiractl render kustomize: Kysira's services for a cluster, as a folder or as one stream."""

from typing import Annotated

import typer

from ctl import console, render_options, render_output, service_policy
from ctl import render_service_options as service_options
from ctl.arguments import parsed, parsed_if_given, usage_error
from ctl.containers import Component
from ctl.envoy.options import read_target
from ctl.kubernetes.names import read_existing, read_namespace
from ctl.kustomize.options import TOKEN_KEY, TOKEN_SECRET, KustomizeOptions
from ctl.kustomize.template import render_kustomization, render_manifests
from ctl.option_groups import grouped
from ctl.render_output import Document, Format, OutputOptions
from ctl.render_service_options import SERVICE, ImageOptions, PolicyOptions
from kysira.settings import Device

_HINT = "apply it with: kubectl apply -k {path}"


@grouped
def kustomize_command(
    *,
    component: Annotated[
        list[Component] | None,
        typer.Option(help="What is to run, ext-proc if not given; again for more."),
    ] = None,
    namespace: render_options.Namespace = "kysira",
    target: Annotated[
        str,
        typer.Option(
            metavar="URL", help="The app behind the proxy, such as http://shop.shop.svc:3000."
        ),
    ] = "",
    said: PolicyOptions,
    policy: service_options.PolicyFile = None,
    inference_url: service_options.InferenceUrl = "",
    device: service_options.DeviceOption = Device.CPU,
    sinks: service_options.Sinks = "file",
    http_sink_url: service_options.HttpSinkUrl = "",
    replicas: Annotated[
        int,
        typer.Option(min=1, max=1000, help="Of each service, at least.", rich_help_panel=SERVICE),
    ] = 2,
    max_replicas: Annotated[
        int,
        typer.Option(
            min=1,
            max=1000,
            help="At most, as load has it; not over --replicas: no autoscaler.",
            rich_help_panel=SERVICE,
        ),
    ] = 10,
    admin_token_secret: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help=f"Secret whose key {TOKEN_KEY} is the admin token, and which must be there; not "
            f"given, {TOKEN_SECRET} is used where it is.",
            rich_help_panel=SERVICE,
        ),
    ] = "",
    network_policy: Annotated[
        bool, typer.Option(help="Say who may reach the services.", rich_help_panel=SERVICE)
    ] = True,
    metrics_namespace: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Where Prometheus runs, which the network policy lets in.",
            rich_help_panel=SERVICE,
        ),
    ] = "monitoring",
    images: ImageOptions,
    where: OutputOptions,
) -> None:
    """Print what runs Kysira in a cluster: for kubectl apply -f -, or -k with --output-dir.

    What Envoy, Istio, Contour or nginx need beside it has its own command.
    """
    to = where.destination()
    if to.folder is not None and to.format is Format.JSON:
        raise usage_error("--output-dir", "kustomize reads kustomization.yaml: leave out -o json")
    components = tuple(component or [Component.EXT_PROC])
    if Component.PROXY in components and not target:
        raise usage_error("--target", "the proxy needs the URL of the app that it stands before")
    events = service_policy.read_events(sinks, http_sink_url)
    options = KustomizeOptions(
        components=components,
        namespace=parsed("--namespace", read_namespace, namespace),
        service_policy=said.service_policy(policy),
        target=str(parsed("--target", read_target, target)) if target else "",
        inference_url=service_policy.read_inference_url(inference_url),
        device=device,
        sinks=",".join(events.sinks) or "none",
        http_sink_url=events.http_sink_url,
        replicas=replicas,
        max_replicas=max_replicas,
        token_secret=parsed_if_given("--admin-token-secret", read_existing, admin_token_secret),
        network_policy=network_policy,
        metrics_namespace=parsed("--metrics-namespace", read_namespace, metrics_namespace),
        images=images.read(),
    )
    _note(options)
    documents: tuple[Document, ...] = render_manifests(options)
    if to.folder is not None:
        documents = (render_kustomization(options, documents), *documents)
    render_output.write(documents, to, hint=_HINT if to.folder is not None else "")


def _note(options: KustomizeOptions) -> None:
    if options.target and Component.PROXY not in options.components:
        console.note("--target has no effect without --component proxy")
    if options.device is not Device.CPU and Component.INFERENCE not in options.components:
        console.note("--device has no effect without --component inference")
    service_options.note_shadowed(options.service_policy, service_policy.POLICY_NAME)
    if options.has_policy and not options.token_secret:
        console.note(
            "only kubectl port-forward may flip the mode until there is a token: "
            f"kubectl -n {options.namespace} create secret generic {TOKEN_SECRET} "
            f"--from-file={TOKEN_KEY}=FILE"
        )
