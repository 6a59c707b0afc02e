"""kysiractl render istio: the EnvoyFilter that has a mesh's requests scored."""

from typing import Annotated

import typer

from ctl import console, render_options, render_output, render_values
from ctl.arguments import parsed, parsed_each, parsed_if_given, usage_error
from ctl.envoy import options as envoy
from ctl.envoy.options import EnvoyOptions
from ctl.envoy.version import OLDEST, read_version
from ctl.istio.options import ROOT_NAMESPACE, Context, IstioOptions, check_reach, reach_note
from ctl.istio.template import render_istio
from ctl.kubernetes.names import read_labels, read_name, read_namespace
from ctl.render_envoy import envoy_notes
from ctl.render_options import GUARD, HEADLESS, PLACE
from ctl.render_output import APPLY, Format
from kysira.settings import OnFailure


def istio_command(
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
    context: Annotated[
        Context,
        typer.Option(
            case_sensitive=False,
            help="What is guarded: requests that reach the workloads, that leave them, or that go "
            "through a gateway.",
            rich_help_panel=PLACE,
        ),
    ] = Context.SIDECAR_INBOUND,
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
    on_failure: render_options.OnFailureOption = OnFailure.OPEN,
    status_on_error: render_options.StatusOnError = render_options.STATUS_ON_ERROR,
    message_timeout: render_options.MessageTimeout = render_options.MESSAGE_TIMEOUT,
    max_body_bytes: render_options.MaxBodyBytes = render_options.MAX_BODY_BYTES,
    tls: render_options.Tls = False,
    tls_ca: render_options.TlsCa = render_options.TARGET_CA,
    tls_server_name: render_options.TlsServerName = "",
    envoy_version: render_options.EnvoyVersionOption = str(OLDEST),
    mode: render_options.ModeOption = None,
    threshold: render_options.Threshold = None,
    format_: render_output.FormatOption = Format.YAML,
    output: render_output.OutputFile = None,
    output_dir: render_output.OutputDir = None,
    _values: render_values.Values = None,
    _set: render_values.Set = None,
) -> None:
    """Print an EnvoyFilter that has requests to the chosen workloads scored.

    It is for Istio 1.24 and later unless --envoy-version says that every proxy is newer.

    The pods of ext-proc need the annotation traffic.sidecar.istio.io/excludeInboundPorts: "50051",
    as kysiractl render kustomize has it: sidecars ask it in plaintext, or with --tls.
    """
    to = render_output.destination(format_, output, output_dir)
    options = IstioOptions(
        envoy=EnvoyOptions(
            ext_proc=parsed_each("--ext-proc", envoy.read_address, ext_proc or [HEADLESS]),
            on_failure=on_failure,
            status_on_error=parsed("--status-on-error", envoy.read_error_status, status_on_error),
            message_timeout=parsed("--message-timeout", envoy.read_duration, message_timeout),
            max_body_bytes=max_body_bytes,
            ext_proc_tls=tls,
            ext_proc_ca=tls_ca,
            ext_proc_server_name=parsed_if_given(
                "--tls-server-name", envoy.read_server_name, tls_server_name
            ),
            version=parsed("--envoy-version", read_version, envoy_version),
        ),
        name=parsed("--name", read_name, name),
        namespace=parsed("--namespace", read_namespace, namespace),
        context=context,
        selector=parsed("--selector", lambda text: read_labels([text]), ",".join(selector or [])),
    )
    if options.selector and all_workloads:
        raise usage_error("--all-workloads", "leave it out: --selector names the workloads")
    check_reach(options, root_namespace=root_namespace, all_workloads=all_workloads)
    _notes(options, root_namespace)
    render_options.note_service_options(mode, threshold, "an EnvoyFilter")
    render_output.write([render_istio(options)], to, hint=APPLY)


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
