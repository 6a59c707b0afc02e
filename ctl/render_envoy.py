"""kysiractl render envoy: an envoy.yaml that has every request scored, or the parts for yours."""

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from ctl import console, render_options, render_output
from ctl.arguments import parsed, parsed_each, parsed_if_given, usage_error
from ctl.envoy import options as envoy
from ctl.envoy.check import check_envoy, check_parts
from ctl.envoy.merge import merge
from ctl.envoy.options import EnvoyOptions
from ctl.envoy.template import render_cluster, render_envoy, render_filters, render_snippet
from ctl.envoy.version import NEWEST, read_version, version_notes
from ctl.files import read_text
from ctl.kubernetes.names import is_one_address
from ctl.option_groups import grouped
from ctl.render_options import GUARD, OUTPUT, WHOLE
from ctl.render_output import Destination, Document, Format, OutputOptions
from kysira.errors import RenderError
from kysira.settings import OnFailure

_EXT_PROC = "127.0.0.1:50051"
_HINT = "check it with: envoy --mode validate -c {path}"


@dataclasses.dataclass(frozen=True, slots=True)
class GuardOptions:
    """How Envoy asks ext-proc, its own or a mesh's."""

    on_failure: render_options.OnFailureOption = OnFailure.OPEN
    status_on_error: render_options.StatusOnError = render_options.STATUS_ON_ERROR
    message_timeout: render_options.MessageTimeout = render_options.MESSAGE_TIMEOUT
    max_body_bytes: render_options.MaxBodyBytes = render_options.MAX_BODY_BYTES
    tls: render_options.Tls = False
    tls_ca: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="With --tls: authorities that its certificate is checked against.",
            rich_help_panel=GUARD,
        ),
    ] = render_options.TARGET_CA
    tls_server_name: render_options.TlsServerName = ""

    def of(
        self, options: EnvoyOptions, ext_proc: Iterable[str], envoy_version: str
    ) -> EnvoyOptions:
        """Return the options with these, for addresses and a version; raises usage errors."""
        return dataclasses.replace(
            options,
            ext_proc=parsed_each("--ext-proc", envoy.read_address, ext_proc),
            on_failure=self.on_failure,
            status_on_error=parsed(
                "--status-on-error", envoy.read_error_status, self.status_on_error
            ),
            message_timeout=parsed("--message-timeout", envoy.read_duration, self.message_timeout),
            max_body_bytes=self.max_body_bytes,
            ext_proc_tls=self.tls,
            ext_proc_ca=self.tls_ca,
            ext_proc_server_name=parsed_if_given(
                "--tls-server-name", envoy.read_server_name, self.tls_server_name
            ),
            version=parsed("--envoy-version", read_version, envoy_version),
        )


@grouped
def envoy_command(
    *,
    target: render_options.Target = render_options.TARGET,
    target_ca: render_options.TargetCa = render_options.TARGET_CA,
    target_http2: Annotated[
        bool,
        typer.Option(
            "--target-http2",
            help="The app speaks HTTP/2, as gRPC servers do.",
            rich_help_panel=WHOLE,
        ),
    ] = False,
    connect_timeout: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="How long a connection to the app may take.",
            rich_help_panel=WHOLE,
        ),
    ] = "5s",
    listen_address: render_options.ListenAddress = render_options.LISTEN_ADDRESS,
    port: Annotated[
        int,
        typer.Option(
            min=0, max=65535, help="Port to listen on; 0 is any free one.", rich_help_panel=WHOLE
        ),
    ] = 10000,
    admin_port: Annotated[
        int,
        typer.Option(
            min=0,
            max=65535,
            help="Port of Envoy's admin interface, on 127.0.0.1.",
            rich_help_panel=WHOLE,
        ),
    ] = 9901,
    access_log: render_options.AccessLog = False,
    ext_proc: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST:PORT",
            help=f"Where ext-proc answers, {_EXT_PROC} if not given; again for more.",
            rich_help_panel=GUARD,
        ),
    ] = None,
    guard: GuardOptions,
    envoy_version: render_options.EnvoyVersionOption = str(NEWEST),
    mode: render_options.ModeOption = None,
    threshold: render_options.Threshold = None,
    into: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Add Kysira to this envoy.yaml of yours; it is printed, and not changed.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    in_place: Annotated[
        bool,
        typer.Option("--in-place", help="With --into: change the file.", rich_help_panel=OUTPUT),
    ] = False,
    snippet: Annotated[
        bool,
        typer.Option(
            "--snippet", help="Only the parts to add by hand, and where.", rich_help_panel=OUTPUT
        ),
    ] = False,
    where: OutputOptions,
) -> None:
    """Print an envoy.yaml that has every request scored, or add that to your own.

    With --into and --snippet the options for a complete envoy.yaml have no effect.
    """
    to = where.destination()
    _refuse(into, to, in_place=in_place, snippet=snippet)
    if port and port == admin_port:
        raise usage_error("--port", "is --admin-port too: each needs one of its own")
    options = EnvoyOptions(
        target=parsed("--target", envoy.read_target, target),
        target_ca=target_ca,
        target_http2=target_http2,
        connect_timeout=parsed("--connect-timeout", envoy.read_duration, connect_timeout),
        listen_address=parsed("--listen-address", envoy.read_listen_address, listen_address),
        port=port,
        admin_port=admin_port,
        access_log=access_log,
    )
    options = guard.of(options, ext_proc or [_EXT_PROC], envoy_version)
    envoy_notes(options)
    render_options.note_service_options(mode, threshold, "Envoy's configuration")
    text = _text(into, options, snippet=snippet)
    if in_place and into is not None:
        if text == read_text(into):
            console.note(f"{into} is up to date")
            return
        to = Destination(file=into)
    render_output.write([Document("envoy", text)], to, hint=_HINT)


def envoy_notes(options: EnvoyOptions) -> None:
    """Tell what is left out or unwise; raises RenderError, or a usage error, where it can't be."""
    hosts = {address.host for address in options.ext_proc}
    if options.ext_proc_tls and len(hosts) > 1 and not options.ext_proc_server_name:
        raise usage_error("--tls", "several addresses need --tls-server-name, the certificate's")
    if options.ext_proc_server_name and not options.ext_proc_tls:
        raise usage_error("--tls-server-name", "needs --tls")
    if options.ext_proc_ca != render_options.TARGET_CA and not options.ext_proc_tls:
        raise usage_error("--tls-ca", "needs --tls")
    for note in version_notes(
        options.version, is_fail_open=options.is_fail_open, access_log=options.access_log
    ):
        console.note(note)
    for address in options.ext_proc:
        if is_one_address(address):
            console.note(
                f"{address.host} has one address for all pods, unless it is headless: Envoy keeps "
                "to the pod that it first got, and takes one's health for that of all. "
                "kysiractl render kustomize makes kysira-ext-proc-headless beside it"
            )
    render_options.note_short_timeout(
        "--message-timeout", options.message_timeout, "ext-proc", "Envoy"
    )


def _refuse(into: Path | None, to: Destination, *, in_place: bool, snippet: bool) -> None:
    if in_place and into is None:
        raise usage_error("--in-place", "needs --into FILE, the file to change")
    if in_place and to != Destination():
        raise usage_error("--in-place", "leave it out to write elsewhere, or as JSON")
    if snippet and into is not None:
        raise usage_error("--snippet", "leave it out: --into adds the parts to the file")
    if snippet and to.format is Format.JSON:
        raise usage_error("--snippet", "is YAML with comments that say where its parts go")


def _text(into: Path | None, options: EnvoyOptions, *, snippet: bool) -> str:
    if into is None and not snippet:
        text = render_envoy(options)
        check_envoy(text)
        return text
    check_parts(render_cluster(options), render_filters(options))
    return render_snippet(options) if into is None else _merged(into, options)


def _merged(path: Path, options: EnvoyOptions) -> str:
    text = read_text(path)
    try:
        merged = merge(text, options)
    except RenderError as error:
        raise RenderError(f"{path}: {error}") from error
    for note in merged.notes:
        console.note(f"{path}: {note}")
    return merged.text
