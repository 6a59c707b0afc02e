"""kysiractl render compose: Kysira in containers on one machine."""

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from ctl import console, render_options, render_output, render_values, service_policy
from ctl import render_service_options as service_options
from ctl.arguments import parsed, usage_error
from ctl.compose.options import (
    ENVOY_IMAGE,
    ENVOY_PORT,
    POLICY_FOLDER,
    ComposeOptions,
    Front,
    read_host_address,
    read_image,
)
from ctl.compose.template import render_compose
from ctl.envoy.options import read_target
from ctl.files import read_text
from ctl.option_groups import grouped
from ctl.render_options import WHOLE
from ctl.render_output import Destination, Format
from ctl.render_service_options import IMAGES, SERVICE, ImageOptions, PolicyOptions
from ctl.service_policy import POLICY_NAME, ServicePolicy

_HINT = "start it with: docker compose -p kysira -f {path}/docker-compose.yaml up -d"


@grouped
def compose_command(
    *,
    component: Annotated[
        Front,
        typer.Option(
            help="ext-proc: Envoy, which asks it about every request. proxy: Kysira's own, alone."
        ),
    ] = Front.EXT_PROC,
    target: render_options.Target = render_options.TARGET,
    listen_address: Annotated[
        str,
        typer.Option(
            metavar="IP",
            help="Address of this machine that clients find it at; 0.0.0.0 is every one.",
            rich_help_panel=WHOLE,
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65535,
            help=f"Port that clients find it at: Envoy's {ENVOY_PORT}, or the proxy's 8080, if "
            "not given.",
            rich_help_panel=WHOLE,
        ),
    ] = None,
    said: PolicyOptions,
    policy: service_options.PolicyFile = None,
    inference_url: service_options.InferenceUrl = "",
    sinks: service_options.Sinks = "file",
    http_sink_url: service_options.HttpSinkUrl = "",
    admin_token_file: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="File on the host with the admin token; without it KYSIRA_ADMIN_TOKEN counts, as "
            "docker compose finds it in its environment.",
            rich_help_panel=SERVICE,
        ),
    ] = "",
    images: ImageOptions,
    envoy_image: Annotated[
        str, typer.Option(metavar="IMAGE", help="Envoy's image.", rich_help_panel=IMAGES)
    ] = ENVOY_IMAGE,
    format_: render_output.FormatOption = Format.YAML,
    output_dir: service_options.OutputFolder = None,
    _values: render_values.Values = None,
    _set: render_values.Set = None,
) -> None:
    """Write a docker-compose.yaml, Envoy's configuration and kysira.yaml into a folder."""
    if output_dir is None:
        raise usage_error(
            "--output-dir", "say which folder: docker-compose.yaml needs other files beside it"
        )
    events = service_policy.read_events(sinks, http_sink_url)
    policy_name = f"{Path(POLICY_NAME).stem}.{format_}"
    wishes = said.service_policy(policy)
    options = ComposeOptions(
        front=component,
        app=parsed("--target", read_target, target),
        service_policy=_keep(wishes, output_dir / POLICY_FOLDER / policy_name),
        inference_url=service_policy.read_inference_url(inference_url),
        sinks=",".join(events.sinks) or "none",
        http_sink_url=events.http_sink_url,
        listen_address=parsed("--listen-address", read_host_address, listen_address),
        port=port or 0,
        token_file=str(Path(admin_token_file).absolute()) if admin_token_file else "",
        policy_name=policy_name,
        envoy_name=f"envoy.{format_}",
        envoy_image=parsed("--envoy-image", read_image, envoy_image),
        images=images.read(),
    )
    _note(options)
    to = Destination(format_, folder=output_dir)
    render_output.write(render_compose(options), to, hint=_HINT.replace("yaml", format_))


def _keep(wishes: ServicePolicy, path: Path) -> ServicePolicy:
    """Return the wishes beside the policy that is there, which people edit, unless it is ours."""
    if wishes.own_policy or not path.exists() or read_text(path) == wishes.policy:
        return wishes
    console.note(f"{path} stays as it is; --policy FILE replaces it")
    return dataclasses.replace(wishes, own_policy=service_policy.read_own_policy(path))


def _note(options: ComposeOptions) -> None:
    if options.token_file and not Path(options.token_file).is_file():
        console.note(f"{options.token_file} is no file yet: nothing starts before it is")
    service_options.note_shadowed(options.service_policy, options.policy_name)
    if options.is_app_on_host:
        console.note(
            f"{options.app} is this machine: containers reach it as {options.target}, where the "
            "app must listen too (on 0.0.0.0, or on docker's bridge)"
        )
