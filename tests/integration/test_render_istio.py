"""A rendered EnvoyFilter in a sidecar's configuration, with traffic through it."""

from pathlib import Path

import pytest

from ctl.render_output import parse
from tests.app import App
from tests.ctl.envoy.program import validate
from tests.integration.guarded import check_away, check_traffic, guarded, port, rendered_by
from tests.istio import spliced

CLUSTER = "kysira_ext_proc"
VERSIONS = ("1.32", "1.40")
"""The preset, for every mesh, and the newest."""
CONTEXTS = ("SIDECAR_INBOUND", "SIDECAR_OUTBOUND", "GATEWAY")


def sidecar(app: App, grpc: str, *options: str) -> str:
    """Return a sidecar's configuration with the EnvoyFilter for an ext-proc at an address."""
    text = rendered_by("istio", "--selector", "app=shop", "--ext-proc", grpc, *options)
    return spliced(parse(text)[0], port(app))


@pytest.mark.parametrize("context", CONTEXTS)
def test_envoy_takes_every_context(tmp_path: Path, context: str) -> None:
    """The patches of one context make a configuration that Envoy takes, without a warning."""
    text = rendered_by("istio", "--all-workloads", "--context", context)
    validate(spliced(parse(text)[0], "80", context), tmp_path / "envoy.json")


@pytest.mark.parametrize("version", VERSIONS)
async def test_traffic_is_guarded(tmp_path: Path, version: str) -> None:
    """Benign, attack, WebSocket, big body, spoofed headers."""
    closed = ("--on-failure", "closed", "--envoy-version", version)
    async with guarded(
        tmp_path, lambda app, grpc: sidecar(app, grpc, *closed), CLUSTER, KYSIRA_MODE="active"
    ) as stack:
        await check_traffic(stack)
        assert stack.envoy.spurious_messages() == 0


@pytest.mark.parametrize(
    ("policy", "version", "expected"),
    [
        ("open", "1.32", 200),
        ("open", "1.40", 200),
        ("closed", "1.32", 500),
        ("closed", "1.40", 503),
    ],
)  # fmt: skip
async def test_policy_holds_while_ext_proc_is_down(
    tmp_path: Path, policy: str, version: str, expected: int
) -> None:
    """Open passes what is asked, stripped of claims; closed refuses; both score again after it."""
    options = ("--on-failure", policy, "--envoy-version", version)
    async with guarded(tmp_path, lambda app, grpc: sidecar(app, grpc, *options), CLUSTER) as stack:
        await check_away(stack, expected, CLUSTER)
