"""Whose request it is, on every way in: no client chooses what its events say."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from multidict import CIMultiDict

from ctl.nginx.options import NginxOptions, Via
from tests.addresses import outside_address
from tests.app import App
from tests.integration import nginx_stack, stack
from tests.integration.proxy import running_proxy

pytestmark = pytest.mark.asyncio(loop_scope="module")
EVENT_ID = "x-kysira-event-id"
PEER = "127.0.0.1"
SPOOFED = "203.0.113.9"
CLIENT = "198.51.100.7"
WAYS = ["proxy", "envoy", "nginx njs", "nginx auth-request"]
Rows = Sequence[tuple[str, str]]
SPOOFING: list[Rows] = [
    [("X-Forwarded-For", SPOOFED)],
    [("X-Real-IP", SPOOFED)],
    [("CF-Connecting-IP", SPOOFED)],
    [("True-Client-IP", SPOOFED), ("Forwarded", f"for={SPOOFED}"), ("X-Client-IP", SPOOFED)],
    [("X-Kysira-Peer", SPOOFED), ("X-Original-URI", "/other"), ("X_Kysira_Peer", SPOOFED)],
    [("X-Envoy-External-Address", SPOOFED), ("X-Envoy-Internal", "true")],
    [("X-Forwarded-For", PEER), ("X-Real-IP", PEER), ("X-Forwarded-For", SPOOFED)],
]
"""What a client may say that is no proxy: nothing of it counts."""
BELIEVED: list[tuple[Rows, str]] = [
    ([("X-Forwarded-For", f"{SPOOFED}, {CLIENT}")], CLIENT),
    ([("X-Forwarded-For", SPOOFED), ("X-Forwarded-For", CLIENT)], CLIENT),
    ([("X-Forwarded-For", f"{SPOOFED}, {CLIENT}, 127.0.0.9")], CLIENT),
    ([("X-Forwarded-For", f"{SPOOFED}, [2001:db8::1]:443")], "2001:db8::1"),
    ([("X-Forwarded-For", SPOOFED), ("X-Real-IP", CLIENT)], CLIENT),
    ([("X-Forwarded-For", SPOOFED), ("X-Real-IP", SPOOFED), ("CF-Connecting-IP", CLIENT)], CLIENT),
    ([("X-Forwarded-For", CLIENT), ("X_Real_IP", SPOOFED), ("X_Forwarded_For", SPOOFED)], CLIENT),
    ([("X-Forwarded-For", CLIENT), ("X-Kysira-Peer", SPOOFED)], CLIENT),
]
"""What a trusted proxy may pass on, and who the client then is."""
UNREADABLE: list[Rows] = [
    [("X-Forwarded-For", f"{SPOOFED}, unknown")],
    [("X-Forwarded-For", f"{SPOOFED}, fe80::1%x action=passed")],
    [("X-Real-IP", "localhost"), ("CF-Connecting-IP", "")],
]
"""Nothing that can be read: the proxy itself is all that is known."""


@dataclass(frozen=True)
class WayIn:
    """A running data path."""

    app: App
    url: str
    management: str
    client: aiohttp.ClientSession

    async def event_of(self, headers: Rows) -> dict[str, Any]:
        """Return the event of a request with these headers, once it has been told."""
        async with self.client.get(f"{self.url}/mine", headers=CIMultiDict(headers)) as answer:
            assert answer.status == 200
        event_id = self.app.received[-1].headers[EVENT_ID]
        async with asyncio.timeout(20):
            while True:
                async with self.client.get(f"{self.management}/api/events/recent") as answer:
                    for event in await answer.json():
                        if event["id"] == event_id:
                            return dict(event)
                await asyncio.sleep(0.02)


@asynccontextmanager
async def way_in(name: str, folder: Path, trusted: str = "") -> AsyncIterator[WayIn]:
    """Run what stands between a client and the app, with some proxies trusted."""
    if name == "proxy":
        async with running_proxy(folder, KYSIRA_TRUSTED_PROXIES=trusted) as proxy:
            yield WayIn(proxy.app, proxy.url, proxy.admin, proxy.client)
    elif name == "envoy":
        async with stack.running(folder, KYSIRA_TRUSTED_PROXIES=trusted) as envoy:
            yield WayIn(envoy.app, envoy.url, f"http://{envoy.ext_proc.http}", envoy.client)
    else:
        options = NginxOptions(via=Via(name.removeprefix("nginx ")))
        async with nginx_stack.running(folder, options, KYSIRA_TRUSTED_PROXIES=trusted) as nginx:
            yield WayIn(nginx.app, nginx.url, nginx.management, nginx.client)


@pytest.mark.parametrize("name", WAYS)
async def test_client_can_not_choose_its_address(tmp_path: Path, name: str) -> None:
    """Whatever headers come, the event has the peer's address, and the request's own path.

    Some proxies are trusted, and the client is none of them.
    """
    async with way_in(name, tmp_path, f"10.0.0.0/8,{SPOOFED}") as way:
        for headers in SPOOFING:
            event = await way.event_of(headers)
            assert (event["source_ip"], event["path"]) == (PEER, "/mine"), headers


@pytest.mark.parametrize("name", WAYS)
async def test_trusted_proxy_says_who_the_client_is(tmp_path: Path, name: str) -> None:
    """And what the client wrote before it counts for nothing."""
    # For a loopback peer Envoy adds the machine's own address to X-Forwarded-For.
    own = outside_address()
    async with way_in(name, tmp_path, f"127.0.0.0/8,{own}") as way:
        for headers, client in BELIEVED:
            assert (await way.event_of(headers))["source_ip"] == client, headers
        for headers in UNREADABLE:
            assert (await way.event_of(headers))["source_ip"] in (PEER, own), headers


async def test_rate_of_registrations_is_the_peers(tmp_path: Path) -> None:
    """Who says to be another each time is still one client, and is known as it."""
    async with running_proxy(tmp_path) as proxy:
        for number in range(6):
            spoofed = {"X-Forwarded-For": f"203.0.113.{number}", "X-Real-IP": f"192.0.2.{number}"}
            form = {"name": "Ann", "email": "ann@shop.example"}
            async with proxy.client.post(
                f"{proxy.url}/_kysira/register", json=form, headers=spoofed
            ) as answer:
                assert answer.status == (201 if number < 5 else 429)
    saved = next(tmp_path.glob("proxy-*/registrations.jsonl")).read_text()
    assert saved.count(f'"source_ip": "{PEER}"') == saved.count("\n") == 5
