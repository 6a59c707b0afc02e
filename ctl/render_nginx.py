"""kysiractl render nginx: nginx in front of an app, every request scored by the adapter."""

from pathlib import Path
from typing import Annotated

import typer

from ctl import console, render_options, render_values
from ctl.arguments import parsed, parsed_each, parsed_if_given, usage_error
from ctl.envoy.options import read_address, read_duration, read_listen_address, read_target
from ctl.files import make_folder, refuse_foreign, write_text
from ctl.nginx.check import check_nginx, find_nginx
from ctl.nginx.options import NginxOptions, Via, read_path, read_size, read_version
from ctl.nginx.template import SCRIPT, Part, render_nginx, render_parts, scripts
from ctl.render_options import GUARD, OUTPUT, WHOLE
from kysira.errors import RenderError, StartError
from kysira.settings import OnFailure

_MAIN = "nginx.conf"
_BLIND = (
    "request bodies are not inspected: auth_request never sends them; --via njs has them inspected"
)
_SHADOW = "mirror is shadow only: nothing is blocked, whatever the adapter's mode"


def nginx_command(
    via: Annotated[
        Via,
        typer.Option(
            help="njs: inspects bodies, blocks (needs the njs module). auth-request: any nginx, "
            "blind to bodies. mirror: any nginx, shadow only.",
            rich_help_panel=GUARD,
        ),
    ] = Via.NJS,
    adapter: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Where the adapter answers, 127.0.0.1:8090 if not given; again for more.",
            rich_help_panel=GUARD,
        ),
    ] = None,
    on_failure: Annotated[
        OnFailure,
        typer.Option(
            help="When the adapter can't be asked: open (pass) or closed (refuse, 503).",
            rich_help_panel=GUARD,
        ),
    ] = OnFailure.OPEN,
    check_timeout: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="How long a request waits for the adapter.", rich_help_panel=GUARD
        ),
    ] = "500ms",
    connect_timeout: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="How long a connection to the adapter may take.",
            rich_help_panel=GUARD,
        ),
    ] = "200ms",
    target: render_options.Target = render_options.TARGET,
    target_ca: render_options.TargetCa = render_options.TARGET_CA,
    listen_address: render_options.ListenAddress = render_options.LISTEN_ADDRESS,
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="Port to listen on.", rich_help_panel=WHOLE)
    ] = 80,
    tls_cert: Annotated[
        str,
        typer.Option(
            metavar="FILE", help="Serve TLS and HTTP/2 with this chain.", rich_help_panel=WHOLE
        ),
    ] = "",
    tls_key: Annotated[
        str, typer.Option(metavar="FILE", help="The chain's key.", rich_help_panel=WHOLE)
    ] = "",
    client_max_body_size: Annotated[
        str,
        typer.Option(
            metavar="SIZE",
            help="Larger bodies get a 413; 0 is no limit.",
            rich_help_panel=WHOLE,
        ),
    ] = "10m",
    access_log: render_options.AccessLog = False,
    run_dir: Annotated[
        str,
        typer.Option(
            metavar="DIR",
            help="Folder for pid and temporary files, for an nginx that is not run by root.",
            rich_help_panel=WHOLE,
        ),
    ] = "",
    nginx_version: Annotated[
        str,
        typer.Option(
            metavar="VERSION",
            help="The nginx it is for; from 1.25.1 on HTTP/2 has a directive of its own.",
            rich_help_panel=WHOLE,
        ),
    ] = "1.22.1",
    include: Annotated[
        bool,
        typer.Option(
            "--include",
            help="Only the parts to include in a configuration of yours, and where.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Fail unless this machine's nginx takes it; without, it is only told.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="FILE",
            help="Write to this file; the script of njs beside it.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    output_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Write every file into this folder.", rich_help_panel=OUTPUT
        ),
    ] = None,
    mode: render_options.ModeOption = None,
    threshold: render_options.Threshold = None,
    _values: render_values.Values = None,
    _set: render_values.Set = None,
) -> None:
    """Print an nginx.conf that has every request scored, or the parts for your own.

    With --include the options for a complete nginx.conf have no effect.
    """
    if output is not None and (include or output_dir is not None):
        raise usage_error("--output", "use --output-dir DIR for several files")
    if bool(tls_cert) != bool(tls_key):
        raise usage_error("--tls-cert", "needs --tls-key, and the other way round")
    options = NginxOptions(
        via=via,
        adapters=parsed_each("--adapter", read_address, adapter or ["127.0.0.1:8090"]),
        on_failure=on_failure,
        check_timeout=parsed("--check-timeout", read_duration, check_timeout),
        connect_timeout=parsed("--connect-timeout", read_duration, connect_timeout),
        target=parsed("--target", read_target, target),
        target_ca=parsed("--target-ca", read_path, target_ca),
        listen_address=parsed("--listen-address", read_listen_address, listen_address),
        port=port,
        tls_cert=parsed_if_given("--tls-cert", read_path, tls_cert),
        tls_key=parsed_if_given("--tls-key", read_path, tls_key),
        client_max_body_size=parsed("--client-max-body-size", read_size, client_max_body_size),
        access_log=access_log,
        run_dir=parsed_if_given("--run-dir", read_path, run_dir),
        script=_script(include, output_dir),
        version=parsed("--nginx-version", read_version, nginx_version),
    )
    _warn(options)
    render_options.note_service_options(mode, threshold, "nginx's configuration")
    if options.via is Via.MIRROR and not options.is_fail_open:
        raise usage_error("--on-failure", "a mirror holds up no request: leave it out")
    _check(options, is_strict=check)
    parts = render_parts(options) if include else (Part(_MAIN, render_nginx(options)),)
    _write(parts, scripts(options), output, output_dir)


def _script(include: bool, folder: Path | None) -> str:
    """Return where nginx finds the script: a relative path begins where its nginx.conf is."""
    if include and folder is not None:
        return parsed("--output-dir", read_path, str(folder / SCRIPT))
    return SCRIPT


def _warn(options: NginxOptions) -> None:
    if options.via is Via.AUTH_REQUEST:
        console.note(_BLIND)
    if options.via is Via.MIRROR:
        console.note(_SHADOW)
    if options.target.is_tls and options.target.address.is_ip:
        console.note(
            f"--target {options.target}: nginx knows certificates by name; give the app's name"
        )
    render_options.note_short_timeout(
        "--check-timeout", options.check_timeout, "the adapter", "nginx"
    )


def _check(options: NginxOptions, *, is_strict: bool) -> None:
    if options.run_dir and not Path(options.run_dir).is_dir():
        missing = f"--run-dir {options.run_dir} is no folder: nginx will not start before it is"
        if is_strict:
            raise RenderError(missing)
        console.note(missing)
    nginx = find_nginx()
    if nginx is None:
        if is_strict:
            raise StartError("no nginx on this machine; leave --check out, or install nginx")
        return
    try:
        check_nginx(nginx, options)
    except RenderError as error:
        if is_strict:
            raise
        console.note(str(error))


def _write(
    parts: tuple[Part, ...], beside: tuple[Part, ...], output: Path | None, folder: Path | None
) -> None:
    if output is not None:
        files = {output: parts[0].text, **{output.parent / p.name: p.text for p in beside}}
    elif folder is not None:
        make_folder(folder)
        files = {folder / part.name: part.text for part in (*parts, *beside)}
        refuse_foreign(files)
    else:
        _print(parts, beside)
        return
    for path, text in files.items():
        write_text(path, text)
        console.note(f"wrote {path}")


def _print(parts: tuple[Part, ...], beside: tuple[Part, ...]) -> None:
    if len(parts) == 1:
        typer.echo(parts[0].text, nl=False)
    else:
        for part in parts:
            typer.echo(f"# ---- {part.name} ----\n{part.text}")
    for part in beside:
        console.note(f"nginx needs {part.name} beside it: --output-dir DIR writes every file")
