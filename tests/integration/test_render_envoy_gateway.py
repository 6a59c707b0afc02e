"""Rendered policies, made into what Envoy Gateway makes of them, with traffic through it."""

from pathlib import Path

import pytest

from ctl.render_output import parse
from tests.app import App
from tests.ctl.envoy.program import validate
from tests.envoy_gateway import CLUSTER, translated
from tests.integration.guarded import (
    SPOOFED,
    check_away,
    check_traffic,
    claims,
    guarded,
    port,
    rendered_by,
    status,
)  # fmt: skip


def gateway(app: App, grpc: str, *options: str, underscores: str = "RejectRequest") -> str:
    """Return a Gateway's configuration with the policies for an ext-proc at an address."""
    text = rendered_by("envoy-gateway", "--gateway", "eg", *options)
    return translated(parse(text), port(app), grpc, underscores=underscores)


@pytest.mark.parametrize("policy", ["open", "closed"])
def test_envoy_takes_it(tmp_path: Path, policy: str) -> None:
    """What becomes of the policies is a configuration that Envoy takes."""
    text = rendered_by("envoy-gateway", "--gateway", "eg", "--on-failure", policy)
    validate(translated(parse(text), "80", "127.0.0.1:1"), tmp_path / "envoy.json")


async def test_traffic_is_guarded(tmp_path: Path) -> None:
    """Benign, attack, WebSocket, big body, spoofed headers."""
    closed = ("--on-failure", "closed")
    async with guarded(
        tmp_path, lambda app, grpc: gateway(app, grpc, *closed), CLUSTER, KYSIRA_MODE="active"
    ) as stack:
        await check_traffic(stack)
        assert stack.envoy.spurious_messages() == 0


@pytest.mark.parametrize(("policy", "expected"), [("open", 200), ("closed", 503)])
async def test_policy_holds_while_ext_proc_is_down(
    tmp_path: Path, policy: str, expected: int
) -> None:
    """Open passes what is asked, stripped of claims; closed refuses; both score again after it."""
    options = ("--on-failure", policy)
    async with guarded(tmp_path, lambda app, grpc: gateway(app, grpc, *options), CLUSTER) as stack:
        await check_away(stack, expected, CLUSTER)


@pytest.mark.parametrize(("action", "expected"), [("RejectRequest", 400), ("Allow", 200)])
async def test_names_with_underscores_are_no_way_round(
    tmp_path: Path, action: str, expected: int
) -> None:
    """A Gateway refuses them, and where it was told not to, they are stripped."""
    async with guarded(
        tmp_path, lambda app, grpc: gateway(app, grpc, underscores=action), CLUSTER
    ) as stack:
        stack.ext_proc.kill()
        spoofed = {name.replace("-", "_"): value for name, value in SPOOFED.items()}
        assert await status(stack, headers=spoofed) == expected
        assert not stack.app.received or claims(stack) == set()
