"""kysiractl render istio: the EnvoyFilter that has a mesh's requests scored."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from ctl import console, render_options, render_output
from ctl.arguments import parsed, usage_error
from ctl.envoy.options import EnvoyOptions
from ctl.envoy.version import OLDEST
from ctl.istio.options import ROOT_NAMESPACE, Context, IstioOptions, check_reach, reach_note
from ctl.istio.template import render_istio
from ctl.kubernetes.names import read_labels, read_name, read_namespace
from ctl.option_groups import grouped
from ctl.render_envoy import GuardOptions, envoy_notes
from ctl.render_options import GUARD, HEADLESS, PLACE
from ctl.render_output import APPLY, OutputOptions

ContextOption = Annotated[
    Context,
    typer.Option(
        "--context",
        case_sensitive=False,
        help="What is guarded: requests that reach the workloads, that leave them, or that go "
        "through a gateway.",
        rich_help_panel=PLACE,
    ),
]


@grouped
def istio_command(
    *,
    selector: render_options.Selector = None,
    all_workloads: Annotated[
        bool,
        typer.Option(
            "--all-workloads",
            help="Without --selector: guard every workload of the namespace, and of the whole mesh "
            "when that is its root.",
            rich_help_panel=PLACE,
        ),
    ] = False,
    namespace: render_options.Namespace = ROOT_NAMESPACE,
    root_namespace: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="The mesh's root namespace, whose filters reach all of it.",
            rich_help_panel=PLACE,
        ),
    ] = ROOT_NAMESPACE,
    context: ContextOption = Context.SIDECAR_INBOUND,
    name: Annotated[
        str, typer.Option(metavar="NAME", help="Name of the object.", rich_help_panel=PLACE)
    ] = "kysira-ext-proc",
    ext_proc: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST:PORT",
            help=f"Where ext-proc answers, {HEADLESS} if not given, which kysiractl render "
            "kustomize makes; again for more.",
            rich_help_panel=GUARD,
        ),
    ] = None,
    guard: GuardOptions,
    envoy_version: render_options.EnvoyVersionOption = str(OLDEST),
    mode: render_options.ModeOption = None,
    threshold: render_options.Threshold = None,
    where: OutputOptions,
) -> None:
    """Print an EnvoyFilter that has requests to the chosen workloads scored.

    It is for Istio 1.24 and later unless --envoy-version says that every proxy is newer.

    The pods of ext-proc need the annotation traffic.sidecar.istio.io/excludeInboundPorts: "50051",
    as kysiractl render kustomize has it: sidecars ask it in plaintext, or with --tls.
    """
    to = where.destination()
    options = IstioOptions(
        envoy=guard.of(EnvoyOptions(), ext_proc or [HEADLESS], envoy_version),
        name=parsed("--name", read_name, name),
        namespace=parsed("--namespace", read_namespace, namespace),
        context=context,
        selector=workload_labels(selector, all_workloads=all_workloads),
    )
    check_reach(options, root_namespace=root_namespace, all_workloads=all_workloads)
    _notes(options, root_namespace)
    render_options.note_service_options(mode, threshold, "an EnvoyFilter")
    render_output.write([render_istio(options)], to, hint=APPLY)


def workload_labels(selector: Sequence[str] | None, *, all_workloads: bool) -> Mapping[str, str]:
    """Return the labels of the workloads that are named; raises usage errors."""
    labels = parsed("--selector", lambda text: read_labels([text]), ",".join(selector or []))
    if labels and all_workloads:
        raise usage_error("--all-workloads", "leave it out: --selector names the workloads")
    return labels


def _notes(options: IstioOptions, root_namespace: str) -> None:
    envoy_notes(options.envoy)
    if not options.envoy.version.matches_names:
        console.note(
            "where every proxy is of Istio 1.28 or later, --envoy-version 1.36 strips them all; an "
            "older proxy would refuse that configuration, and new pods of it never get ready"
        )
    if note := reach_note(options, root_namespace=root_namespace):
        console.note(note)
    if options.context is not Context.GATEWAY:
        console.note(
            "a sidecar takes the client's address from X-Forwarded-For, as its caller wrote it: "
            "believe it as far as you trust the callers"
        )
