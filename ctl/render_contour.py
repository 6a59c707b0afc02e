"""kysiractl render contour: the objects that have Contour's requests scored."""

from typing import Annotated

import typer

from ctl import console, render_options, render_output
from ctl.arguments import parsed, parsed_each, parsed_if_given, usage_error
from ctl.contour.options import ContourOptions, Via, read_backend
from ctl.contour.template import render_contour
from ctl.envoy import options as envoy
from ctl.kubernetes.names import read_existing, read_name, read_namespace, read_service
from ctl.option_groups import grouped
from ctl.render_options import GUARD, PLACE
from ctl.render_output import OutputOptions
from kysira.settings import OnFailure

_APPLY = "apply it with: kubectl apply --server-side -f {path}"
_RESTART = "; then restart Contour, which reads its configuration when it starts"
_UNPROTECTED = (
    "gRPC streams that stay open both ways hang: ext_authz waits for their body. Keep them off "
    "guarded hosts, or set authPolicy.disabled on their routes, which leaves those unguarded",
    "Contour can't check ext-proc's health or retry: while one hangs, each request to it waits "
    "the whole --message-timeout",
)
_SPOOFED = (
    "while ext-proc is away, X-Kysira-* that a client sent reach the app: Contour can't strip "
    "them before it asks, so the app must not trust them when a request may not have been scored"
)
_REFUSED = "--on-failure closed refuses with 403: Contour has no choice of status"


@grouped
def contour_command(
    *,
    via: Annotated[
        Via,
        typer.Option(
            help="global: ContourConfiguration, every virtual host. http-proxy: one virtual host, "
            "which must have TLS.",
            rich_help_panel=PLACE,
        ),
    ] = Via.GLOBAL,
    namespace: render_options.Namespace = "projectcontour",
    configuration: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="With --via global: the ContourConfiguration that Contour runs with.",
            rich_help_panel=PLACE,
        ),
    ] = "contour",
    fqdn: Annotated[
        str,
        typer.Option(
            metavar="HOST", help="With --via http-proxy: the virtual host.", rich_help_panel=PLACE
        ),
    ] = "",
    tls_secret: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="With --via http-proxy: the Secret with its certificate.",
            rich_help_panel=PLACE,
        ),
    ] = "",
    app: Annotated[
        str,
        typer.Option(
            metavar="NAME:PORT",
            help="With --via http-proxy: the Service that requests go to.",
            rich_help_panel=PLACE,
        ),
    ] = "",
    name: Annotated[
        str,
        typer.Option(metavar="NAME", help="Name of the ExtensionService.", rich_help_panel=PLACE),
    ] = "kysira-ext-proc",
    ext_proc: render_options.ExtProcService = None,
    on_failure: render_options.OnFailureOption = OnFailure.OPEN,
    message_timeout: render_options.MessageTimeout = render_options.MESSAGE_TIMEOUT,
    max_body_bytes: render_options.MaxBodyBytes = render_options.MAX_BODY_BYTES,
    tls: render_options.Tls = False,
    tls_ca: Annotated[
        str,
        typer.Option(
            metavar="SECRET",
            help="With --tls: a Secret beside the Service, with the authorities in ca.crt.",
            rich_help_panel=GUARD,
        ),
    ] = "",
    tls_server_name: render_options.TlsServerName = "",
    mode: render_options.ModeOption = None,
    threshold: render_options.Threshold = None,
    where: OutputOptions,
) -> None:
    """Print objects for Contour 1.33 that have requests scored, through ext_authz.

    Contour has no ext_proc; what ext_authz can't do is said on stderr.
    """
    to = where.destination()
    _check_given(via, fqdn=fqdn, tls_secret=tls_secret, app=app)
    if bool(tls) != bool(tls_ca):
        raise usage_error("--tls", "needs --tls-ca, and the other way round")
    if tls_server_name and not tls:
        raise usage_error("--tls-server-name", "needs --tls")
    options = ContourOptions(
        via=via,
        services=parsed_each("--ext-proc", read_service, ext_proc or [render_options.SERVICE]),
        name=parsed("--name", read_name, name),
        namespace=parsed("--namespace", read_namespace, namespace),
        configuration=parsed("--configuration", read_existing, configuration),
        fqdn=parsed_if_given("--fqdn", envoy.read_host_name, fqdn),
        tls_secret=parsed_if_given("--tls-secret", read_existing, tls_secret),
        app=parsed("--app", read_backend, app or "app:80"),
        on_failure=on_failure,
        message_timeout=parsed("--message-timeout", envoy.read_duration, message_timeout),
        max_body_bytes=max_body_bytes,
        tls=tls,
        tls_ca=parsed_if_given("--tls-ca", read_existing, tls_ca),
        tls_server_name=parsed_if_given("--tls-server-name", envoy.read_host_name, tls_server_name),
    )
    if len({service.namespace for service in options.services}) > 1:
        raise usage_error("--ext-proc", "an ExtensionService takes Services of one namespace")
    _notes(options)
    render_options.note_service_options(mode, threshold, "Contour's objects")
    hint = _APPLY + (_RESTART if via is Via.GLOBAL else "")
    render_output.write(render_contour(options), to, hint=hint)


def _check_given(via: Via, **given: str) -> None:
    for option, value in given.items():
        flag = f"--{option.replace('_', '-')}"
        if via is Via.HTTP_PROXY and not value:
            raise usage_error(flag, "is needed for --via http-proxy")
        if via is Via.GLOBAL and value:
            raise usage_error(flag, "is for --via http-proxy")


def _notes(options: ContourOptions) -> None:
    if options.via is Via.HTTP_PROXY:
        console.note(
            f"where {options.fqdn} has an HTTPProxy already, add virtualhost.authorization to that "
            "one: two for a host are both invalid to Contour, and one of the same name is replaced"
        )
    for note in _UNPROTECTED:
        console.note(note)
    console.note(_SPOOFED if options.is_fail_open else _REFUSED)
    render_options.note_short_timeout(
        "--message-timeout", options.message_timeout, "ext-proc", "Envoy"
    )
