"""What ``up`` is to run, and what it then runs."""

import time
from dataclasses import dataclass
from pathlib import Path

from ctl.envoy.options import Address, EnvoyOptions, Target
from kysira.front_end import FrontEndSettings
from kysira.policy import Policy
from kysira.settings import OnFailure, load
from kysira.types import Mode

HOST = "127.0.0.1"
"""Everything listens here: ``up`` is for this machine."""
_MARGIN_S = 0.2
"""Seconds between ext-proc's own deadline and Envoy's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to run."""

    envoy: Path
    options: EnvoyOptions
    """Envoy's; target and ext_proc become known later."""
    target: Target | None = None
    """None runs the demo app."""
    mode: Mode | None = None
    """None leaves it to KYSIRA_MODE, or the policy."""
    policy: Path | None = None
    """The file that ext-proc watches; None is none."""
    ext_proc_port: int = 50051
    management_port: int = 9090


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What runs, and where."""

    proxy: Address
    target: Target
    is_demo: bool
    ext_proc: Address
    management: Address
    admin: Address
    config: Path
    policy: Path | None = None


def ext_proc_settings(mode: Mode | None, policy: Path | None) -> FrontEndSettings:
    """Return what ext-proc will be told, by options of ours and variables; raises SettingsError."""
    given = {"--mode": mode, "--policy": policy}
    argv = [f"{option}={value}" for option, value in given.items() if value is not None]
    return load(FrontEndSettings, "kysiractl up", argv=argv)


def policy_of(settings: FrontEndSettings) -> Policy:
    """Return the policy that ext-proc will begin with; raises PolicyError for a broken file."""
    if settings.policy is None:
        return settings.stated_policy
    # Pydantic takes a tenth of a second: only who has a policy pays for it.
    from kysira.policy_file import build, read_policy  # noqa: PLC0415

    return build(read_policy(settings.policy), settings.over_file, time.time())


def envoy_options(policy: Policy, port: int, admin_port: int) -> EnvoyOptions:
    """Return the options that fit a policy: Envoy waits longer than ext-proc takes.

    Envoy can't fail by route: where one fails closed all do.
    """
    failures = {policy.on_failure, *(route.on_failure for route in policy.routes)}
    return EnvoyOptions(
        listen_address=HOST,
        port=port,
        admin_port=admin_port,
        on_failure=OnFailure.CLOSED if OnFailure.CLOSED in failures else OnFailure.OPEN,
        message_timeout=max(EnvoyOptions().message_timeout, policy.timeout_s + _MARGIN_S),
        max_body_bytes=max(1, policy.max_body_bytes),
    )
