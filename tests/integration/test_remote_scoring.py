"""Scoring in this process and through KYSIRA_INFERENCE_URL: the same verdict on the same bytes."""

import asyncio
import gzip
import json
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from inference.engine import Engine
from inference.in_process import EngineScorer
from kysira.scorer import HttpScorer
from kysira.types import Request, ScoreOptions, Verdict
from tests.integration.stack import Stack, running
from tests.processes import Program

FORM = "application/x-www-form-urlencoded"
ATTACK = "id=1' UNION SELECT password FROM users-- &f=../../../../etc/passwd"
JSON = "application/json"
DOCUMENT = json.dumps({"q": ATTACK})
BODIES: dict[str, tuple[dict[str, str], bytes]] = {
    "form": ({"content-type": FORM}, ATTACK.encode()),
    "json": ({"content-type": JSON}, DOCUMENT.encode()),
    "gzip": ({"content-type": FORM, "content-encoding": "gzip"}, gzip.compress(ATTACK.encode())),
    "deflate": (
        {"content-type": FORM, "content-encoding": "deflate"},
        zlib.compress(ATTACK.encode()),
    ),
    "broken gzip": ({"content-encoding": "gzip"}, b"\x1f\x8b" + b"\x00" * 30),
    "unknown coding": ({"content-encoding": "x-unknown"}, ATTACK.encode()),
    "utf-16": ({"content-type": f"{JSON}; charset=utf-16"}, DOCUMENT.encode("utf-16")),
    "invalid utf-8": ({"content-type": FORM}, b"a=\xff\xfe\xc0\xaf..\xc0\xaf&" + ATTACK.encode()),
    "control characters": (
        {"content-type": "text/plain"},
        b"\x00\x01\x0b" + ATTACK.encode() + b"\x7f",
    ),
    "binary": ({"content-type": "application/octet-stream"}, bytes(range(256)) * 20),
    "broken json": ({"content-type": JSON}, b'{"q": "../../../../etc/passwd", '),
    "lone surrogates": (
        {"content-type": JSON},
        b'{"q": "\\ud800 ../../../../etc/passwd"}',
    ),
    "newlines": ({"content-type": "text/plain"}, b"GET /a HTTP/1.1\r\n\r\n\n\n" + ATTACK.encode()),
    "empty": ({}, b""),
}  # fmt: skip


@pytest.fixture(scope="module")
def inference_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run the real service."""
    # Without models, as the engine here: how long those take depends on the machine.
    settings = {
        "KYSIRA_INFERENCE_PORT": "0",
        "KYSIRA_DATA_DIR": str(tmp_path_factory.mktemp("d")),
        "KYSIRA_SQLI_MODEL": "none",
        "KYSIRA_PI_MODEL": "none",
    }
    with Program([sys.executable, "-m", "inference"], env=settings) as program:
        yield program.wait_for(r"listening on (http://\S+)")[1]


async def ready(url: str) -> None:
    """Return once the service scores."""
    async with aiohttp.ClientSession() as client:
        while True:
            async with client.get(f"{url}/ready") as answer:
                if answer.status == 200:
                    return
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("name", BODIES)
async def test_verdicts_are_equal(engine: Engine, inference_url: str, name: str) -> None:
    """Score, reason, findings, breakdown and what was not read: all the same."""
    await ready(inference_url)
    headers, body = BODIES[name]
    request = Request(
        "POST",
        b"/a%00b?x=%ff%fe&y=\xc3\xa9",
        (
            ("user-agent", b"curl/8"),
            ("cookie", b"a=\xff; b=1"),
            *((key, value.encode()) for key, value in headers.items()),
        ),
        body,
        body_truncated=name == "binary",
    )
    options = ScoreOptions(thresholds={"sqli": 0.5}, disabled=frozenset({"crlf"}))
    here, there = EngineScorer(engine), HttpScorer(inference_url)
    try:
        local = here.score(request, options)
        local = local if isinstance(local, Verdict) else await local
        assert local == await there.score(request, options)
    finally:
        await here.close()
        await there.close()


async def test_envoy_path_with_remote_scoring(tmp_path: Path, inference_url: str) -> None:
    """The data path gives the same answers when scoring happens elsewhere."""
    await ready(inference_url)
    settings = {"KYSIRA_MODE": "active", "KYSIRA_INFERENCE_URL": inference_url}
    async with running(tmp_path, **settings) as stack:
        for headers, body in (BODIES["gzip"], BODIES["utf-16"], BODIES["control characters"]):
            async with stack.client.post(stack.url, data=body, headers=headers) as answer:
                assert answer.status == 403
        async with stack.client.post(stack.url, data={"a": "b"}) as answer:
            assert answer.status == 200


async def test_dead_inference_fails_open(tmp_path: Path) -> None:
    """Unreachable scoring forwards, claims nothing, and is counted."""
    settings = {"KYSIRA_MODE": "active", "KYSIRA_INFERENCE_URL": "http://127.0.0.1:9"}
    async with running(tmp_path, **settings) as stack:
        async with stack.client.get(f"{stack.url}/?f=../../../../etc/passwd") as answer:
            assert answer.status == 200
        assert "x-kysira-score" not in stack.app.received[-1].headers
        metrics = await stack.metrics()
        assert metrics["kysira_extproc_inference_errors_total"] == 1
        assert metrics['kysira_extproc_requests_total{action="error"}'] == 1


async def health(stack: Stack) -> str:
    """Return the status that ext-proc shows."""
    async with stack.client.get(f"http://{stack.ext_proc.http}/_kysira/health") as answer:
        assert answer.status == 200
        return str((await answer.json())["status"])


async def test_health_is_degraded_while_inference_is_dead(tmp_path: Path) -> None:
    """Of ext-proc's health the status says how the last scoring went; the process is fine."""
    settings = {"KYSIRA_INFERENCE_PORT": "0", "KYSIRA_DATA_DIR": str(tmp_path / "inference")}
    command = [sys.executable, "-m", "inference"]
    with Program(command, env=settings) as inference:
        url = inference.wait_for(r"listening on (http://\S+)")[1]
        await ready(url)
        async with running(tmp_path, KYSIRA_INFERENCE_URL=url) as stack:
            assert await health(stack) == "ok"
            await stack.until_scored()
            assert await health(stack) == "ok"
            inference.stop()
            async with stack.client.get(stack.url) as answer:
                assert answer.status == 200
            assert await health(stack) == "degraded"
            settings["KYSIRA_INFERENCE_PORT"] = url.rpartition(":")[2]
            with Program(command, env=settings) as again:
                again.wait_for("listening on")
                await ready(url)
                assert await health(stack) == "degraded"
                await stack.until_scored()
                assert await health(stack) == "ok"


async def test_hanging_inference_meets_the_deadline(tmp_path: Path) -> None:
    """A service that never answers costs timeout_ms, and closed refuses in active mode."""

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = {
        "KYSIRA_MODE": "active",
        "KYSIRA_ON_FAILURE": "closed",
        "KYSIRA_TIMEOUT_MS": "100",
        "KYSIRA_INFERENCE_URL": f"http://127.0.0.1:{port}",
    }
    async with running(tmp_path, **settings) as stack:
        async with stack.client.get(stack.url) as answer:
            assert answer.status == 503
            assert (await answer.json())["reason"] == "uninspected:timeout"
        metrics = await stack.metrics()
        assert metrics['kysira_extproc_uninspected_total{reason="timeout"}'] == 1
        assert await health(stack) == "degraded"
    server.close()
