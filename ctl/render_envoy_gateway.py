"""kysiractl render envoy-gateway: the policies that have a Gateway's requests scored."""

from typing import Annotated

import typer

from ctl import console, render_options, render_output
from ctl.arguments import parsed, parsed_each, parsed_if_given, usage_error
from ctl.envoy import options as envoy
from ctl.envoy_gateway.options import GatewayOptions
from ctl.envoy_gateway.template import render_gateway
from ctl.kubernetes.names import read_existing, read_name, read_namespace, read_service
from ctl.option_groups import grouped
from ctl.render_options import GUARD, PLACE
from ctl.render_output import APPLY, OutputOptions
from kysira.settings import OnFailure

_OTHERS = (
    "a route with an EnvoyExtensionPolicy of its own is not guarded: that one replaces the "
    "Gateway's, so add this extProc to it",
    "a Gateway takes one ClientTrafficPolicy, the oldest: where there is one already, add the "
    "rendered spec to it",
    "request trailers named X-Kysira-* are not stripped: Envoy Gateway can't remove trailers",
)


@grouped
def envoy_gateway_command(
    *,
    gateway: Annotated[
        str,
        typer.Option(metavar="NAME", help="The Gateway to guard.", rich_help_panel=PLACE),
    ],
    namespace: render_options.Namespace = "default",
    listener: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Only this listener of the Gateway; all of them if not given.",
            rich_help_panel=PLACE,
        ),
    ] = "",
    name: Annotated[
        str, typer.Option(metavar="NAME", help="Name of the policies.", rich_help_panel=PLACE)
    ] = "kysira-ext-proc",
    ext_proc: render_options.ExtProcService = None,
    on_failure: render_options.OnFailureOption = OnFailure.OPEN,
    status_on_error: render_options.StatusOnError = render_options.STATUS_ON_ERROR,
    message_timeout: render_options.MessageTimeout = render_options.MESSAGE_TIMEOUT,
    max_body_bytes: render_options.MaxBodyBytes = render_options.MAX_BODY_BYTES,
    tls: render_options.Tls = False,
    tls_ca: Annotated[
        str,
        typer.Option(
            metavar="CONFIGMAP",
            help="With --tls: a ConfigMap beside the Service, with the authorities in ca.crt; "
            "those that the proxy's system trusts if not given.",
            rich_help_panel=GUARD,
        ),
    ] = "",
    tls_server_name: render_options.TlsServerName = "",
    mode: render_options.ModeOption = None,
    threshold: render_options.Threshold = None,
    where: OutputOptions,
) -> None:
    """Print policies for Envoy Gateway 1.9 that have a Gateway's requests scored.

    They lie in the Gateway's namespace; a grant lets them use ext-proc's Service in its own.
    """
    to = where.destination()
    if not tls and (tls_ca or tls_server_name):
        raise usage_error("--tls-ca" if tls_ca else "--tls-server-name", "needs --tls")
    options = GatewayOptions(
        gateway=parsed("--gateway", read_existing, gateway),
        namespace=parsed("--namespace", read_namespace, namespace),
        listener=parsed_if_given("--listener", read_existing, listener),
        name=parsed("--name", read_name, name),
        services=parsed_each("--ext-proc", read_service, ext_proc or [render_options.SERVICE]),
        on_failure=on_failure,
        status_on_error=parsed("--status-on-error", envoy.read_error_status, status_on_error),
        message_timeout=parsed("--message-timeout", envoy.read_duration, message_timeout),
        max_body_bytes=max_body_bytes,
        tls=tls,
        tls_ca=parsed_if_given("--tls-ca", read_existing, tls_ca),
        tls_server_name=parsed_if_given("--tls-server-name", envoy.read_host_name, tls_server_name),
    )
    for note in _OTHERS:
        console.note(note)
    render_options.note_short_timeout(
        "--message-timeout", options.message_timeout, "ext-proc", "Envoy"
    )
    render_options.note_service_options(mode, threshold, "an EnvoyExtensionPolicy")
    render_output.write(render_gateway(options), to, hint=APPLY)
