"""kysiractl up: the whole thing, on this machine."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from ctl.arguments import parsed
from ctl.envoy.options import read_target
from ctl.envoy.program import find_envoy
from kysira.types import Mode


def up(
    target: Annotated[
        str | None, typer.Option(metavar="URL", help="Your app; without it, a demo app runs.")
    ] = None,
    mode: Annotated[
        Mode | None,
        typer.Option(
            help="shadow (score, tell, log) or active (block); KYSIRA_MODE, the policy, or shadow."
        ),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Your kysira.yaml, read again when it changes; KYSIRA_POLICY."
        ),
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the proxy; 0 is any free one.")
    ] = 10000,
    ext_proc_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port that Envoy asks ext-proc at.")
    ] = 50051,
    management_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port for health, metrics and the mode.")
    ] = 9090,
    admin_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of Envoy's admin interface.")
    ] = 9901,
    envoy: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Envoy's program, if not found by itself.")
    ] = None,
) -> None:
    """Run Envoy with ext-proc in front of your app, here and now, until Ctrl-C.

    Everything listens on 127.0.0.1. Other settings of ext-proc come from KYSIRA_* variables, which
    beat the policy. Envoy's part (timeout, body limit, failure mode) is as the policy is at the
    start.
    """
    # The parts take 0.4 s to import, which no other command needs.
    from ctl.stack.local import run  # noqa: PLC0415
    from ctl.stack.plan import (  # noqa: PLC0415
        Plan,
        envoy_options,
        ext_proc_settings,
        policy_of,
    )
    from ctl.stack.ports import require_free  # noqa: PLC0415
    from ctl.stack.screen import Screen  # noqa: PLC0415

    settings = ext_proc_settings(mode, policy)
    plan = Plan(
        envoy=find_envoy(envoy),
        target=parsed("--target", read_target, target) if target else None,
        mode=mode,
        policy=settings.policy.absolute() if settings.policy else None,
        options=envoy_options(policy_of(settings), port, admin_port),
        ext_proc_port=ext_proc_port,
        management_port=management_port,
    )
    require_free(
        {
            "--port": port,
            "--admin-port": admin_port,
            "--ext-proc-port": ext_proc_port,
            "--management-port": management_port,
        }
    )
    asyncio.run(run(plan, Screen()))
