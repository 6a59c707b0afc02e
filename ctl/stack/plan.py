"""What ``up`` is to run, and what it then runs."""

from dataclasses import dataclass
from pathlib import Path

from ctl.envoy.options import Address, EnvoyOptions, Target
from kysira.settings import EngineSettings, GuardSettings, load
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
    """None leaves it to KYSIRA_MODE."""
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


def envoy_options(port: int, admin_port: int) -> EnvoyOptions:
    """Return the options that fit ext-proc's KYSIRA_* variables; raises SettingsError."""
    guard = load(GuardSettings, "kysiractl up", argv=[])
    engine = load(EngineSettings, "kysiractl up", argv=[])
    timeout = max(EnvoyOptions().message_timeout, guard.timeout_ms / 1000 + _MARGIN_S)
    return EnvoyOptions(
        listen_address=HOST,
        port=port,
        admin_port=admin_port,
        on_failure=guard.on_failure,
        message_timeout=timeout,
        max_body_bytes=max(1, engine.max_body_bytes),
    )
