"""The management paths of the real proxy, and every other path is the app's."""

import asyncio
import gzip
import json
import signal
from pathlib import Path

from kysira import __version__
from kysira.policy import Policy
from kysira.types import DETECTORS
from tests.adapter.certificates import make_certificate
from tests.adapter.raw import ask, connected, get, read_message
from tests.integration.proxy import COMMAND, ENV, running_proxy
from tests.processes import Program

OTHERS = [
    "/metrics/", "/metricsx", "//metrics", "/%6detrics", "/./metrics", "/api/mode/", "/API/mode",
    "/api/events/x", "/_kysira", "/_kysirax", "/%5fkysira/health", "/api", "/health",
    "http://shop.example/metrics", "/x/_kysira/health", "/metrics;x", "/api/mode%00",
]  # fmt: skip
PATHS = (
    "/_kysira/health",
    "/_kysira/ready",
    "/metrics",
    "/api/mode",
    "/api/events",
    "/_kysira/register",
)


async def test_management_answers_on_the_traffic_port(tmp_path: Path) -> None:
    """Health, metrics and mode as in the API reference; nothing of it reaches the app."""
    async with running_proxy(tmp_path, KYSIRA_INFERENCE_URL="") as stack:
        async with stack.client.get(f"{stack.url}/_kysira/health") as answer:
            assert await answer.json() == {
                "service": "kysira-proxy", "version": __version__, "status": "ok",
                "mode": "shadow", "threshold": 0.95, "target": stack.app.url,
                "inference": "in-process", "policy": Policy().hash,
                "detectors": dict.fromkeys(DETECTORS, "regex"),
            }  # fmt: skip
        async with stack.client.get(f"{stack.url}/shop"):
            pass
        assert (await stack.metrics())['kysira_requests_total{action="passed"}'] == 1
        await stack.set_mode("active")
        async with stack.client.get(f"{stack.url}/api/mode") as answer:
            assert await answer.json() == {"mode": "active", "configured": "shadow"}
        async with stack.client.get(f"{stack.url}/_kysira/ready") as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "ready"})
        async with stack.client.get(f"{stack.url}/_kysira/nothing") as answer:
            assert (answer.status, await answer.json()) == (404, {"error": "Not Found"})
        async with stack.client.delete(f"{stack.url}/api/mode") as answer:
            assert answer.status == 405
        form = {"name": "Ann", "email": "ann@shop.example", "company": "Shop", "message": "Hi"}
        async with stack.client.post(f"{stack.url}/_kysira/register", json=form) as answer:
            assert answer.status == 201, await answer.text()
        assert [seen.target for seen in stack.app.received] == ["/shop"]
    saved = next(tmp_path.glob("proxy-*/registrations.jsonl")).read_text()
    assert json.loads(saved)["email"] == "ann@shop.example"


async def test_other_spellings_are_the_apps(tmp_path: Path) -> None:
    """Paths are compared as they were sent, before any decoding."""
    async with running_proxy(tmp_path) as stack:
        for target in OTHERS:
            assert (await ask(stack.port, get(target.encode()))).startswith(b"HTTP/1.1 200 ")
        assert [seen.target for seen in stack.app.received] == OTHERS


async def test_admin_port_leaves_the_traffic_to_the_app(tmp_path: Path) -> None:
    """With a port of their own the paths live there, and the app has its own again."""
    async with running_proxy(tmp_path, KYSIRA_ADMIN_PORT="0") as stack:
        assert stack.admin != stack.url
        for path in (
            "/_kysira/health",
            "/metrics",
            "/api/mode",
            "/api/events",
            "/_kysira/register",
        ):
            async with stack.client.get(f"{stack.url}{path}") as answer:
                assert answer.status == 200
            assert stack.app.received[-1].target == path
        async with stack.client.get(f"{stack.admin}/_kysira/health") as answer:
            assert (await answer.json())["target"] == stack.app.url


async def test_admin_port_tells_that_it_drains(tmp_path: Path) -> None:
    """While an answer is still being sent after SIGTERM, nobody is to send more."""
    async with (
        running_proxy(tmp_path, KYSIRA_ADMIN_PORT="0") as stack,
        connected(stack.port) as (reader, writer),
    ):
        writer.write(b"GET /sse HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"data: 0\n\n\r\n")
        stack.program.signal(signal.SIGTERM)
        await asyncio.to_thread(stack.program.wait_for, "draining")
        async with stack.client.get(f"{stack.admin}/_kysira/ready") as answer:
            assert (answer.status, await answer.json()) == (503, {"status": "draining"})
        stack.app.release.set()


async def test_foreign_writes_are_refused(tmp_path: Path) -> None:
    """A browser on this machine must not flip the mode for a page of elsewhere."""
    async with running_proxy(tmp_path) as stack:
        url, mode = f"{stack.url}/api/mode", {"mode": "active"}
        for headers in (
            {"Origin": "http://evil.example"}, {"Host": "shop.example"}, {"Via": "1.1 x"},
            {"X-Forwarded-For": "127.0.0.1"},
        ):  # fmt: skip
            async with stack.client.post(url, json=mode, headers=headers) as answer:
                assert answer.status == 403
        async with stack.client.post(url, data=b"x" * 100_000) as answer:
            assert answer.status in (403, 413)


async def test_events_are_told_and_end_with_the_service(tmp_path: Path) -> None:
    """What happened is in the list and on the stream, and no reader holds up the stop."""
    async with running_proxy(tmp_path) as stack:
        async with stack.client.get(f"{stack.url}/shop?q=1"):
            pass
        asked = (
            b"GET /api/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\r\n"
        )
        async with connected(stack.port) as (reader, writer):
            writer.write(asked)
            event = b""
            while b"/shop" not in event:
                event = await reader.readuntil(b"\n")
            told = json.loads(event.partition(b"data: ")[2])
            assert (told["path"], told["front_end"]) == ("/shop", "proxy")
            assert told["id"] == stack.app.received[-1].headers["x-kysira-event-id"]
            stack.program.signal(signal.SIGTERM)
            async with asyncio.timeout(15):
                await reader.read()
            assert await asyncio.to_thread(stack.program.wait) == 0


async def test_stop_lets_requests_finish(tmp_path: Path) -> None:
    """SIGTERM in the middle of an answer: the rest of it still comes."""
    async with running_proxy(tmp_path) as stack, connected(stack.port) as (reader, writer):
        writer.write(b"GET /sse HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"data: 0\n\n\r\n")
        stack.program.signal(signal.SIGTERM)
        await asyncio.to_thread(stack.program.wait_for, "draining")
        stack.app.release.set()
        assert (await reader.read()).endswith(b"0\r\n\r\n")
        assert await asyncio.to_thread(stack.program.wait) == 0


def test_wrong_settings_are_one_line(tmp_path: Path) -> None:
    """And status 1."""
    for name, value, says in (
        ("TARGET_URL", "http://a/?q", "--target-url must be"),
        ("KYSIRA_TLS_CERT", "/nowhere.pem", "TLS certificate /nowhere.pem"),
        ("KYSIRA_TARGET_URL", "ftp://a", "must begin with http"),
    ):
        env = {**ENV, "KYSIRA_DATA_DIR": str(tmp_path), name: value}
        with Program(COMMAND, env=env) as program:
            assert program.wait() == 1
        assert len(program.output) == 1
        assert says in program.output[0]


async def test_app_on_the_other_side_of_a_dead_port(tmp_path: Path) -> None:
    """A 502 as JSON, that tells the client nothing of where."""
    async with running_proxy(tmp_path, KYSIRA_TARGET_URL="http://127.0.0.1:9") as stack:
        async with connected(stack.port) as (reader, writer):
            writer.write(get(b"/"))
            answer = await read_message(reader)
        assert answer.startswith(b"HTTP/1.1 502 ")
        assert b"127.0.0.1" not in answer.partition(b"\r\n\r\n")[2]


async def test_management_answers_over_tls(tmp_path: Path) -> None:
    """The listener's TLS is the management paths' too; the mode flips, and stays in health."""
    made = make_certificate(tmp_path, "proxy")
    tls = {"KYSIRA_TLS_CERT": str(made.cert), "KYSIRA_TLS_KEY": str(made.key)}
    async with running_proxy(tmp_path, **tls) as stack:
        url = stack.url.replace("127.0.0.1", "localhost")
        options = {"ssl": made.client()}
        async with stack.client.get(f"{url}/shop", **options) as answer:
            assert answer.status == 200
        assert stack.app.received[-1].headers["x-forwarded-proto"] == "https"
        async with stack.client.post(f"{url}/api/mode", json={"mode": "active"}, **options) as told:
            assert await told.json() == {"mode": "active"}
        async with stack.client.get(f"{url}/_kysira/health", **options) as answer:
            assert (await answer.json())["mode"] == "active"


async def test_own_bodies_are_not_inflated(tmp_path: Path) -> None:
    """Anybody can send one to the traffic port: a small one must not fill the memory."""
    async with running_proxy(tmp_path) as stack:
        body = gzip.compress(b'{"mode": "active"}')
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        async with stack.client.post(f"{stack.url}/api/mode", data=body, headers=headers) as answer:
            assert answer.status == 400
            assert "must be JSON" in (await answer.json())["error"]
