"""What every Envoy that Kysira was put into must do with traffic, whoever put it there."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.app import App
from tests.envoy import Envoy
from tests.integration.stack import Stack
from tests.processes import ExtProc, kysiractl

DEADLINE = aiohttp.ClientTimeout(total=60)
QUICK = {"KYSIRA_SQLI_MODEL": "none", "KYSIRA_PI_MODEL": "none"}
ATTACK = "/search?q=%27%20UNION%20SELECT%20password%20FROM%20users--"
ATTACK_FORM = {"file": "../../../../etc/passwd"}
SPOOFED = {"X-Kysira-Score": "0.0000", "x-kysira-mode": "off", "x-kysira-would-have-killed": "no"}
TOLD = {"x-kysira-score", "x-kysira-reason", "x-kysira-mode", "x-kysira-event-id"}
TIMED_OUT = 504
"""What a request gets that waited in vain, before Envoy knows that ext-proc is away."""
Config = Callable[[App, str], str]
"""Returns a configuration for an app and ext-proc's address."""


def rendered_by(*arguments: str) -> str:
    """Return what ``kysiractl render`` prints."""
    done = kysiractl("render", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


@asynccontextmanager
async def guarded(
    folder: Path, config: Config, cluster: str, **settings: str
) -> AsyncIterator[Stack]:
    """Run app, ext-proc and an Envoy that has the configuration; yield once it is healthy."""
    app = App()
    await app.start()
    try:
        with ExtProc(folder / "state", **QUICK, **settings) as ext_proc:
            with Envoy(config(app, ext_proc.grpc), folder) as envoy:
                await asyncio.to_thread(envoy.wait_until_healthy, cluster)
                async with aiohttp.ClientSession(timeout=DEADLINE) as client:
                    yield Stack(app, ext_proc, envoy, client)
    finally:
        await app.stop()


def port(app: App) -> str:
    """Return the app's port."""
    return app.url.rpartition(":")[2]


async def status(stack: Stack, target: str = "/", **more: object) -> int:
    """Return the status of a GET, or of a POST when there is data."""
    method = "POST" if "data" in more else "GET"
    async with stack.client.request(method, stack.url + target, **more) as answer:  # type: ignore[arg-type]
        await answer.read()
        return answer.status


def claims(stack: Stack) -> set[str]:
    """Return the names under which the app was last told something in our name."""
    seen = stack.app.received[-1].headers
    return {name for name in seen if "kysira" in name.replace("_", "-")}


async def check_traffic(stack: Stack) -> None:
    """Check what active mode does: benign passes and is scored, attacks get 403, nothing hangs."""
    assert await status(stack, "/shop?q=garden+chair", headers=SPOOFED) == 200
    assert claims(stack) == TOLD
    assert stack.app.received[-1].headers["x-kysira-score"] == "0.0000"
    assert await status(stack, "/login", data={"user": "ann"}, headers=SPOOFED) == 200
    assert claims(stack) == TOLD
    assert stack.app.received[-1].body == b"user=ann"
    count = len(stack.app.received)
    async with stack.client.get(stack.url + ATTACK) as answer:
        assert answer.status == 403
        assert answer.headers["x-kysira-killed"] == "true"
        assert (await answer.json())["reason"].startswith("sqli:")
    assert await status(stack, "/upload", data=ATTACK_FORM) == 403
    assert len(stack.app.received) == count, "an attack reached the app"
    async with asyncio.timeout(20), stack.client.ws_connect(f"{stack.url}/ws") as socket:
        await socket.send_str("hello")
        assert (await socket.receive()).data == "echo hello"
    await _check_big_body(stack)


async def _check_big_body(stack: Stack) -> None:
    name = 'kysira_extproc_uninspected_total{reason="oversize"}'
    before = (await stack.metrics()).get(name, 0.0)
    plain = {"Content-Type": "text/plain"}
    async with stack.client.post(
        f"{stack.url}/big", data=b"x" * 6_000_000, headers=plain
    ) as answer:
        assert answer.status == 200, await answer.text()
        assert (await answer.json())["bytes"] == 6_000_000
    assert stack.app.received[-1].headers["x-kysira-score"] == "0.0000"
    assert (await stack.metrics())[name] == before + 1


async def check_away(stack: Stack, expected: int, cluster: str) -> None:
    """Check what happens while ext-proc is down: the policy's answer, and no claim is believed."""
    stack.ext_proc.kill()
    soon = {expected} if expected == 200 else {expected, TIMED_OUT}
    async with asyncio.timeout(20):
        while stack.envoy.stat(f"cluster.{cluster}.membership_healthy"):
            assert await status(stack, headers=SPOOFED) in soon
            if expected == 200:
                assert claims(stack) == set()
    for more in ({}, {"data": {"a": "b"}}):
        assert await status(stack, ATTACK, headers=SPOOFED, **more) == expected
        if expected == 200:
            assert claims(stack) == set()
    async with asyncio.timeout(20):
        assert await status(stack, "/big", data=b"x" * 6_000_000) == expected
    if expected == 200:
        async with asyncio.timeout(20), stack.client.ws_connect(f"{stack.url}/ws") as socket:
            await socket.send_str("hello")
            assert (await socket.receive()).data == "echo hello"
    await asyncio.to_thread(stack.ext_proc.start)
    await asyncio.to_thread(stack.envoy.wait_until_healthy, cluster)
    await stack.until_scored()
