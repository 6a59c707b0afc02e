"""Rendered objects, made into what Contour makes of them, with traffic through it."""

from pathlib import Path
from typing import Any

import pytest

from ctl.render_output import parse
from tests.app import App
from tests.integration.contour import contour, with_body
from tests.integration.guarded import (
    ATTACK,
    SPOOFED,
    check_traffic,
    claims,
    guarded,
    rendered_by,
    status,
)  # fmt: skip

CLUSTER = "extension_kysira_ext-proc"
HOST = ("--via", "http-proxy", "--fqdn", "shop.example", "--tls-secret", "shop", "--app", "shop:80")
VIA = {"global": (), "http-proxy": HOST}


def proxy(app: App, grpc: str, *options: str) -> str:
    """Return an Envoy's configuration as Contour makes it of the objects."""
    objects = {each["kind"]: each["spec"] for each in parse(rendered_by("contour", *options))}
    assert objects["ExtensionService"]["protocol"] == "h2c"
    asked = authorization(objects)
    body = asked["withRequestBody"]
    return contour(
        app.url,
        grpc,
        TIMEOUT=f"{int(asked['responseTimeout'].removesuffix('ms')) / 1000}s",
        FAIL_OPEN=str(asked["failOpen"]).lower(),
        BODY=with_body(
            body["maxRequestBytes"],
            as_bytes=body["packAsBytes"],
            partial=body["allowPartialMessage"],
        ),
    )


def authorization(objects: dict[str, Any]) -> dict[str, Any]:
    """Return what is said of asking, wherever it is."""
    if "HTTPProxy" in objects:
        found = objects["HTTPProxy"]["virtualhost"]["authorization"]
    else:
        found = objects["ContourConfiguration"]["globalExtAuth"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("via", VIA.values(), ids=VIA)
async def test_traffic_is_guarded(tmp_path: Path, via: tuple[str, ...]) -> None:
    """Benign, attack, WebSocket, big body, spoofed headers."""
    options = (*via, "--on-failure", "closed", "--message-timeout", "30s")
    async with guarded(
        tmp_path, lambda app, grpc: proxy(app, grpc, *options), CLUSTER, KYSIRA_MODE="active"
    ) as stack:
        await check_traffic(stack)


async def test_failing_closed_refuses(tmp_path: Path) -> None:
    """With Contour's own 403 while ext-proc is down; big bodies too."""
    async with guarded(
        tmp_path, lambda app, grpc: proxy(app, grpc, "--on-failure", "closed"), CLUSTER
    ) as stack:
        stack.ext_proc.kill()
        assert await status(stack) == 403
        assert await status(stack, "/big", data=b"x" * 6_000_000) == 403
        assert stack.app.received == []


async def test_failing_open_passes_with_claims(tmp_path: Path) -> None:
    """Requests pass, whatever they are, and what a client claims arrives: the note says so."""
    async with guarded(tmp_path, proxy, CLUSTER) as stack:
        stack.ext_proc.kill()
        assert await status(stack, ATTACK, headers=SPOOFED) == 200
        assert claims(stack) == {name.lower() for name in SPOOFED}
        assert await status(stack, "/big", data=b"x" * 6_000_000) == 200
        assert len(stack.app.received[-1].body) == 6_000_000
        async with stack.client.ws_connect(f"{stack.url}/ws") as socket:
            await socket.send_str("hello")
            assert (await socket.receive()).data == "echo hello"
