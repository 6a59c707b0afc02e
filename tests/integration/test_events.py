"""What a security engineer reads of requests that came through a real Envoy."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.addresses import outside_address
from tests.integration.stack import Stack, running

pytestmark = pytest.mark.asyncio(loop_scope="module")
ATTACK = "' UNION SELECT password FROM users--"
SECRETS = ("hunter2", "s3cretcookie", "s3cretbearer", "bodysecret")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """Return one data path in shadow mode that trusts its own addresses as a proxy's."""
    folder = tmp_path_factory.mktemp("events")
    # For a loopback peer Envoy adds the machine's own address to X-Forwarded-For.
    trusted = f"127.0.0.0/8,{outside_address()}"
    async with running(folder, KYSIRA_TRUSTED_PROXIES=trusted) as started:
        yield started


async def event_of(stack: Stack, event_id: str) -> dict[str, Any]:
    """Return the event with the id, once it has been told."""
    url = f"http://{stack.ext_proc.http}/api/events"
    async with stack.client.get(url) as stream:
        assert stream.content_type == "text/event-stream"
        async for line in stream.content:
            if line.startswith(b"data: ") and event_id.encode() in line:
                return dict(json.loads(line[6:]))
    raise AssertionError("the stream ended")


async def test_event_says_what_happened(stack: Stack) -> None:
    """The id that the app got leads to the event, with place, detector and policy."""
    async with stack.client.get(f"{stack.url}/find", params={"q": ATTACK}) as answer:
        assert answer.status == 200
    seen = stack.app.received[-1].headers
    event = await event_of(stack, seen["x-kysira-event-id"])
    assert list(event)[:9] == [
        "timestamp", "method", "path", "source_ip", "score", "reason", "mode", "action",
        "latency_ms",
    ]  # fmt: skip
    assert (event["method"], event["path"], event["front_end"]) == ("GET", "/find", "ext-proc")
    assert (event["mode"], event["action"], event["detector"]) == ("shadow", "shadow_kill", "sqli")
    assert f"{event['score']:.4f}" == seen["x-kysira-score"]
    assert event["reason"] == seen["x-kysira-reason"]
    assert event["host"] == stack.url.removeprefix("http://")
    assert event["findings"][0]["location"] == "query:q"
    assert "UNION" in event["findings"][0]["matched"]
    assert len(event["policy"]) == 12
    assert event["breakdown"]["sqli"] == event["score"]


async def test_event_holds_no_secret(stack: Stack) -> None:
    """No body, cookie or authorization value, and no value that a name calls secret."""
    headers = {"Cookie": f"sid={SECRETS[1]}; q={ATTACK}", "Authorization": f"Bearer {SECRETS[2]}"}
    url = f"{stack.url}/login?password={SECRETS[0]}&page=2"
    body = {"note": f"{SECRETS[3]} {ATTACK}"}
    async with stack.client.post(url, headers=headers, data=body) as answer:
        assert answer.status == 200
    event = await event_of(stack, stack.app.received[-1].headers["x-kysira-event-id"])
    assert event["action"] == "shadow_kill"
    assert event["query"].endswith("&page=2")
    text = json.dumps(event)
    assert not [secret for secret in SECRETS if secret in text]


async def test_trusted_proxy_names_the_client(stack: Stack) -> None:
    """Behind a proxy that is trusted the event has the client's address."""
    headers = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
    async with stack.client.get(stack.url, headers=headers) as answer:
        assert answer.status == 200
    event = await event_of(stack, stack.app.received[-1].headers["x-kysira-event-id"])
    assert event["source_ip"] == "198.51.100.7"


async def test_refusal_names_its_event(stack: Stack) -> None:
    """Whoever was blocked can ask about the very request."""
    await stack.set_mode("active")
    async with stack.client.get(f"{stack.url}/?q=../../etc/passwd") as answer:
        assert answer.status == 403
        assert answer.headers["x-kysira-killed"] == "true"
        event = await event_of(stack, answer.headers["x-kysira-event-id"])
    assert (event["action"], event["detector"]) == ("active_kill", "path-traversal")
    await stack.set_mode("shadow")


async def test_file_holds_all_events(stack: Stack, tmp_path: Path) -> None:
    """events.jsonl has them in order, one object a line."""
    async with stack.client.get(f"{stack.url}/last") as answer:
        assert answer.status == 200
    await event_of(stack, stack.app.received[-1].headers["x-kysira-event-id"])
    async with stack.client.get(f"http://{stack.ext_proc.http}/api/events/recent") as answer:
        recent = await answer.json()
    assert [row["id"] for row in recent] == sorted(row["id"] for row in recent)
    assert recent[-1]["path"] == "/last"
