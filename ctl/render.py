"""kysiractl render: configurations for what carries the traffic."""

from pathlib import Path
from typing import Annotated

import typer

from ctl import render_options
from ctl.arguments import parsed, usage_error
from ctl.envoy import options as envoy
from ctl.envoy.check import check_envoy, check_parts
from ctl.envoy.merge import merge
from ctl.envoy.options import EnvoyOptions
from ctl.envoy.template import render_cluster, render_envoy, render_filters, render_snippet
from ctl.exits import EPILOG
from ctl.files import read_text, write_text
from ctl.render_nginx import nginx_command
from ctl.render_options import GUARD, OUTPUT, WHOLE
from kysira.errors import RenderError
from kysira.settings import GuardSettings, OnFailure

app = typer.Typer(
    help="Print the configuration that puts Kysira into a proxy.",
    no_args_is_help=True,
    epilog=EPILOG,
)
MAX_BODY_BYTES = 1 << 26


app.command("nginx", epilog=EPILOG)(nginx_command)


@app.command("envoy", epilog=EPILOG)
def envoy_command(
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
            help="Where ext-proc answers, 127.0.0.1:50051 if not given; again for more.",
            rich_help_panel=GUARD,
        ),
    ] = None,
    on_failure: Annotated[
        OnFailure,
        typer.Option(
            help="When ext-proc can't be asked: open (pass) or closed (refuse).",
            rich_help_panel=GUARD,
        ),
    ] = OnFailure.OPEN,
    status_on_error: Annotated[
        str,
        typer.Option(
            metavar="STATUS", help="HTTP status of such a refusal.", rich_help_panel=GUARD
        ),
    ] = "503",
    message_timeout: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="How long a request waits for ext-proc.", rich_help_panel=GUARD
        ),
    ] = "500ms",
    max_body_bytes: Annotated[
        int,
        typer.Option(
            min=1,
            max=MAX_BODY_BYTES,
            help="Bytes of a body that are held for inspection.",
            rich_help_panel=GUARD,
        ),
    ] = 131072,
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
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write to this file.", rich_help_panel=OUTPUT
        ),
    ] = None,
) -> None:
    """Print an envoy.yaml that has every request scored, or add that to your own.

    With --into and --snippet the options for a complete envoy.yaml have no effect.
    """
    if in_place and into is None:
        raise usage_error("--in-place", "needs --into FILE, the file to change")
    if in_place and output is not None:
        raise usage_error("--in-place", "leave it out to write to another file with --output")
    if snippet and into is not None:
        raise usage_error("--snippet", "leave it out: --into adds the parts to the file")
    options = EnvoyOptions(
        target=parsed("--target", envoy.read_target, target),
        target_ca=target_ca,
        target_http2=target_http2,
        connect_timeout=parsed("--connect-timeout", envoy.read_duration, connect_timeout),
        listen_address=parsed("--listen-address", envoy.read_listen_address, listen_address),
        port=port,
        admin_port=admin_port,
        access_log=access_log,
        ext_proc=tuple(
            parsed("--ext-proc", envoy.read_address, text)
            for text in ext_proc or ["127.0.0.1:50051"]
        ),
        on_failure=on_failure,
        status_on_error=parsed("--status-on-error", envoy.read_error_status, status_on_error),
        message_timeout=parsed("--message-timeout", envoy.read_duration, message_timeout),
        max_body_bytes=max_body_bytes,
    )
    _warn(options)
    if into is not None:
        text = _merged(into, options)
    elif snippet:
        check_parts(render_cluster(options), render_filters(options))
        text = render_snippet(options)
    else:
        text = render_envoy(options)
        check_envoy(text)
    _write(text, into if in_place else output)


def _merged(path: Path, options: EnvoyOptions) -> str:
    check_parts(render_cluster(options), render_filters(options))
    text = read_text(path)
    try:
        merged = merge(text, options)
    except RenderError as error:
        raise RenderError(f"{path}: {error}") from error
    for note in merged.notes:
        _hint(f"{path}: {note}")
    return merged.text


def _warn(options: EnvoyOptions) -> None:
    scoring = GuardSettings().timeout_ms / 1000
    if options.message_timeout <= scoring:
        _hint(
            f"--message-timeout is not over the {scoring:g}s that ext-proc takes at most "
            "(KYSIRA_TIMEOUT_MS): Envoy may give up before it answers"
        )


def _write(text: str, path: Path | None) -> None:
    if path is None:
        typer.echo(text, nl=False)
    else:
        write_text(path, text)
        _hint(f"wrote {path}; check it with: envoy --mode validate -c {path}")


def _hint(text: str) -> None:
    typer.echo(f"kysiractl: {text}", err=True)
