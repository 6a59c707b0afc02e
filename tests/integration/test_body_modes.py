"""The deployment guide's static body modes, as users already have them in their envoy.yaml."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from tests.integration.stack import Stack, running

DEADLINE = aiohttp.ClientTimeout(total=20)
ATTACK = {"file": "../../../../etc/passwd"}
STATIC_MODES = ["BUFFERED", "BUFFERED_PARTIAL", "STREAMED", "FULL_DUPLEX_STREAMED"]


def with_mode(mode: str) -> dict[str, str]:
    """Return the guide's values; full duplex needs trailers (Envoy refuses it without)."""
    trailers = "SEND" if mode == "FULL_DUPLEX_STREAMED" else "SKIP"
    return {"BODY_MODE": mode, "TRAILER_MODE": trailers}


async def until(stack: Stack, metric: str, value: float) -> None:
    """Return once the metric has the value: the verdict may fall after the answer."""
    async with asyncio.timeout(20):
        while (await stack.metrics())[metric] < value:
            await asyncio.sleep(0.05)
    assert (await stack.metrics())[metric] == value


@pytest.mark.parametrize("mode", STATIC_MODES)
async def test_body_is_scored_and_blocked(tmp_path: Path, mode: str) -> None:
    """A body that fits is inspected in every static mode; upgrades and spoofing are handled."""
    async with running(tmp_path, config=with_mode(mode), KYSIRA_MODE="active") as stack:
        async with stack.client.post(stack.url, data=ATTACK, timeout=DEADLINE) as answer:
            assert answer.status == 403
        spoofed = {"x-kysira-mode": "off"}
        async with stack.client.post(stack.url, data={"a": "b"}, headers=spoofed) as answer:
            assert answer.status == 200
        assert stack.app.received[-1].body == b"a=b"
        assert stack.app.received[-1].headers.get("x-kysira-mode") != "off"
        async with stack.client.ws_connect(f"{stack.url}/ws") as websocket:
            await websocket.send_str("hello")
            assert (await websocket.receive()).data == "echo hello"
        assert stack.envoy.spurious_messages() == 0


@pytest.mark.parametrize("mode", STATIC_MODES[1:])
async def test_large_body_passes_whole(tmp_path: Path, mode: str) -> None:
    """Only plain BUFFERED refuses what is over Envoy's buffer, with Envoy's own 413."""
    async with running(tmp_path, config=with_mode(mode)) as stack:
        async with stack.client.post(stack.url, data=b"z" * 6_000_000, timeout=DEADLINE) as answer:
            assert await answer.json() == {"bytes": 6_000_000}
        assert stack.envoy.spurious_messages() == 0


async def test_body_over_envoys_buffer_is_envoys_413(tmp_path: Path) -> None:
    """Documented, not ours to change: the guide's mode refuses what it can't hold."""
    async with running(tmp_path, config=with_mode("BUFFERED")) as stack:
        async with stack.client.post(stack.url, data=b"z" * 200_000, timeout=DEADLINE) as answer:
            assert answer.status == 413


@pytest.mark.parametrize("buffer", ["65536", "1048576"])
async def test_guard_inspects_exactly_its_limit(tmp_path: Path, buffer: str) -> None:
    """An attack that ends at the limit counts, one byte later it does not, whatever Envoy sends."""
    limit = 40_000
    attack = b"&f=../../../../etc/passwd"
    config = {**with_mode("BUFFERED_PARTIAL"), "BUFFER": buffer}
    settings = {"KYSIRA_MODE": "active", "KYSIRA_MAX_BODY_BYTES": str(limit)}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    async with running(tmp_path, config=config, **settings) as stack:
        for lead, expected in ((limit - len(attack), 403), (limit, 200)):
            body = b"a=" + b"x" * (lead - 2) + attack + b"&b=" + b"y" * 60_000
            async with stack.client.post(
                stack.url, data=body, headers=form, timeout=DEADLINE
            ) as answer:
                assert answer.status in (expected, 413 if len(body) > int(buffer) else expected)


async def test_override_forbidden_is_told(tmp_path: Path) -> None:
    """Static NONE without allow_mode_override hides bodies: heads are scored, and it is counted."""
    async with running(tmp_path, config={"BODY_MODE": "NONE"}) as stack:
        async with stack.client.post(f"{stack.url}/?f=../../../etc/passwd", data=ATTACK) as answer:
            assert answer.status == 200
        await until(stack, 'kysira_extproc_requests_total{action="shadow_kill"}', 1)
        metrics = await stack.metrics()
        assert metrics['kysira_extproc_uninspected_total{reason="error"}'] == 1


@pytest.mark.parametrize("mode", ["NONE", "STREAMED"])
async def test_observability_mode_tells_and_never_blocks(tmp_path: Path, mode: str) -> None:
    """Envoy's fire-and-forget: flagged in the metrics, 200 for the client, also in active mode."""
    config = {"BODY_MODE": mode, "OBSERVABILITY": "true", "FAILURE_MODE_ALLOW": "true"}
    async with running(tmp_path, config=config, KYSIRA_MODE="active") as stack:
        async with stack.client.get(f"{stack.url}/?f=../../../../etc/passwd") as answer:
            assert answer.status == 200
        async with stack.client.post(stack.url, data=ATTACK) as answer:
            assert answer.status == 200
        expected = 2 if mode == "STREAMED" else 1
        await until(stack, 'kysira_extproc_requests_total{action="shadow_kill"}', expected)
        assert (await stack.metrics())["kysira_extproc_killed_total"] == 0


@pytest.mark.parametrize("mode", STATIC_MODES)
async def test_body_that_a_route_leaves_out_is_unread(tmp_path: Path, mode: str) -> None:
    """Envoy sends it all the same, or waits with it: it arrives whole, and nobody scores it."""
    file = tmp_path / "kysira.yaml"
    file.write_text("routes: [{name: files, match: {path: /files}, inspect_body: false}]")
    settings = {"KYSIRA_MODE": "active", "KYSIRA_POLICY": str(file)}
    async with running(tmp_path, config=with_mode(mode), **settings) as stack:
        url = f"{stack.url}/files/a"
        for length in (10, 10_000 if mode == "BUFFERED" else 1_000_000):  # it refuses more itself
            data = b"../../../../etc/passwd" + b"z" * length
            async with stack.client.post(url, data=data, timeout=DEADLINE) as answer:
                assert answer.status == 200
            assert stack.app.received[-1].body == data
        waits = {"Expect": "100-continue"}
        async with stack.client.post(url, data=ATTACK, headers=waits, timeout=DEADLINE) as answer:
            assert answer.status == 200
        async with stack.client.request("GET", url, data=ATTACK, timeout=DEADLINE) as answer:
            assert answer.status == 200
        async with stack.client.head(url, timeout=DEADLINE) as answer:
            assert answer.status == 200
        await until(stack, 'kysira_extproc_uninspected_total{reason="policy"}', 4)
        async with stack.client.post(stack.url, data=ATTACK, timeout=DEADLINE) as answer:
            assert answer.status == 403
        assert stack.envoy.spurious_messages() == 0
