"""Traffic through a real nginx: what is blocked, what the app sees, what stays as it was."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest

from ctl.nginx.options import NginxOptions, Via
from kysira.replies import NGINX_FORBIDDEN
from tests.adapter.certificates import make_certificate
from tests.ctl.envoy.http2 import upload
from tests.integration.nginx_stack import (
    SCORE,
    SQLI,
    NginxStack,
    placed,
    running,
    start_adapter,
)
from tests.nginx import Nginx, exchange, rendered
from tests.raw_app import RawApp

ASKING = [Via.NJS, Via.AUTH_REQUEST]
SPOOFED = {
    "X-Kysira-Score": "0.0000",
    "x-kysira-reason": "none",
    "X-Kysira-Mode": "off",
    "X-Kysira-Would-Have-Killed": "no",
    "X-Kysira-Event-Id": "1",
    "X-Kysira-Killed": "no",
    "X-Kysira-Peer": "203.0.113.9",
    "X_Kysira_Score": "0.0000",
}


def claims(headers: dict[str, str]) -> dict[str, str]:
    """Return what an app is told in Kysira's name, however it is spelt."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {name: value for name, value in named.items() if name.startswith("x-kysira")}


@pytest.mark.parametrize("via", ASKING)
async def test_attack_in_a_query_is_refused_as_the_guide_says(tmp_path: Path, via: Via) -> None:
    """A 403 with the guide's JSON and the score, and the app never hears of it."""
    async with running(tmp_path, NginxOptions(via=via)) as stack:
        async with stack.client.get(f"{stack.url}/search", params={"q": SQLI}) as answer:
            assert answer.status == 403
            assert answer.content_type == "application/json"
            assert await answer.text() == NGINX_FORBIDDEN
            assert answer.headers["X-Kysira-Killed"] == "true"
            assert float(answer.headers["X-Kysira-Score"]) >= 0.95
            told = answer.headers["X-Kysira-Event-Id"]
        assert stack.app.received == []
        events = await stack.events(1)
        assert [(e["id"], e["action"], e["front_end"]) for e in events] == [
            (told, "active_kill", "nginx")
        ]


@pytest.mark.parametrize("via", ASKING)
async def test_app_sees_ours_and_never_a_client_s(tmp_path: Path, via: Via) -> None:
    """The verdict's headers take the place of all that a client sends in Kysira's name."""
    async with running(tmp_path, NginxOptions(via=via), mode="shadow") as stack:
        for query, is_flagged in ((SQLI, True), ("shoes", False)):
            url = f"{stack.url}/search?q={quote(query)}"
            async with stack.client.get(url, headers=SPOOFED) as answer:
                assert answer.status == 200
            told = claims(stack.app.received[-1].headers)
            assert (float(told.pop(SCORE)) >= 0.95) is is_flagged
            assert told.pop("x-kysira-mode") == "shadow"
            assert len(told.pop("x-kysira-event-id")) == 36
            if is_flagged:
                assert told == {
                    "x-kysira-reason": "sqli:union_select",
                    "x-kysira-would-have-killed": "true",
                }
            else:
                assert told == {}


async def test_body_is_inspected_through_njs(tmp_path: Path) -> None:
    """SQL injection in a body is a 403 over HTTP/1.1, in chunks and over HTTP/2."""
    async with running(tmp_path, NginxOptions(via=Via.NJS)) as stack:
        url = f"{stack.url}/login"
        async with stack.client.post(url, data={"q": SQLI}) as answer:
            assert (answer.status, await answer.text()) == (403, NGINX_FORBIDDEN)
        body = f"q={quote(SQLI)}".encode()
        form = {"content-type": "application/x-www-form-urlencoded"}
        async with stack.client.post(url, data=pieces(body), headers=form) as answer:
            assert answer.status == 403
        port = stack.nginx.http2_port
        assert await asyncio.to_thread(upload, "127.0.0.1", port, body, headers=form) == 403
        assert stack.app.received == []
        assert await asyncio.to_thread(upload, "127.0.0.1", port, b"q=1", headers=form) == 200
        assert stack.app.received[0].body == b"q=1"
        assert SCORE in stack.app.received[0].headers


async def pieces(body: bytes) -> AsyncIterator[bytes]:
    """Yield the body in two chunks."""
    yield body[:5]
    yield body[5:]


async def test_auth_request_is_blind_to_bodies_and_says_so(tmp_path: Path) -> None:
    """A body passes unread, which is counted; the line and headers of the same request are not."""
    async with running(tmp_path, NginxOptions(via=Via.AUTH_REQUEST)) as stack:
        async with stack.client.post(stack.url, data={"q": SQLI}) as answer:
            assert answer.status == 200
        async with stack.client.post(stack.url, params={"q": SQLI}, data={"a": "b"}) as answer:
            assert answer.status == 403
        assert len(stack.app.received) == 1
        metrics = await stack.metrics()
        assert metrics['kysira_nginx_uninspected_total{reason="oversize"}'] == 2
        assert [event["uninspected"] for event in await stack.events(2)] == [["oversize"]] * 2


@pytest.mark.parametrize("mode", ["shadow", "active"])
async def test_mirror_tells_and_never_blocks(tmp_path: Path, mode: str) -> None:
    """An attack in a body is in the events, as let through; the app gets it and nothing of ours."""
    async with running(tmp_path, NginxOptions(via=Via.MIRROR), mode=mode) as stack:
        async with stack.client.post(stack.url, data={"q": SQLI}, headers=SPOOFED) as answer:
            assert answer.status == 200
        (event,) = await stack.events(1)
        assert (event["action"], event["method"]) == ("shadow_kill", "POST")
        (seen,) = stack.app.received
        assert seen.body == f"q={quote(SQLI, safe='').replace('%20', '+')}".encode()
        assert claims(seen.headers) == {}


@pytest.mark.parametrize("via", list(Via))
async def test_request_arrives_as_it_was_sent(tmp_path: Path, via: Via) -> None:
    """Method, target, body and Host are the client's; where it comes from is said."""
    async with running(tmp_path, NginxOptions(via=via), mode="shadow") as stack:
        large = bytes(range(256)) * (4 << 12)
        for method, target, body in (
            ("GET", "/a%2Fb//c/../d?x=%20&y=a+b", b""),
            ("PROPFIND", "/", b"<a/>"),
            ("PUT", "/large", large),
            ("DELETE", "/x?;", b""),
        ):
            host = {"Host": "shop.example:81"}
            status = await raw_request(stack, method, target, body, host)
            assert status == 200
            seen = stack.app.received[-1]
            assert (seen.method, seen.target) == (method, target)
            assert seen.body == body
            assert seen.headers["host"] == "shop.example:81"
            assert seen.headers["x-forwarded-for"] == "127.0.0.1"
        async with stack.client.head(stack.url) as answer:
            assert answer.status == 200


async def raw_request(
    stack: NginxStack, method: str, target: str, body: bytes, headers: dict[str, str]
) -> int:
    """Send the target as it is, and return the status."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stack.nginx.port)
    lines = [f"{method} {target} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
    lines += [f"Content-Length: {len(body)}"] if body else []
    writer.write("\r\n".join([*lines, "Connection: close", "", ""]).encode() + body)
    answer = await reader.read()
    writer.close()
    return int(answer.split(b" ", 2)[1])


async def test_long_body_is_scored_on_its_first_part(tmp_path: Path) -> None:
    """An attack within the limit is refused however much follows; one behind it is not read."""
    options = NginxOptions(via=Via.NJS, client_max_body_size="0")
    async with running(tmp_path, options, KYSIRA_MAX_BODY_BYTES="1000") as stack:
        attack = f"q={quote(SQLI)}&".encode()
        form = {"content-type": "application/x-www-form-urlencoded"}
        for body, status in (
            (attack + b"a" * (20 << 20), 403),
            (b"a" * 2000 + b"&" + attack, 200),
        ):
            async with stack.client.post(stack.url, data=body, headers=form) as answer:
                assert answer.status == status
        assert len(stack.app.received) == 1
        metrics = await stack.metrics()
        assert metrics['kysira_nginx_uninspected_total{reason="oversize"}'] == 2


@pytest.mark.parametrize("via", ASKING)
async def test_client_is_whom_nginx_sees(tmp_path: Path, via: Via) -> None:
    """No header of a client's changes its address, X-Kysira-Peer least of all."""
    claimed = dict.fromkeys(
        ("X-Forwarded-For", "X-Real-IP", "CF-Connecting-IP", "X-Kysira-Peer"), "203.0.113.9"
    )
    async with running(tmp_path, NginxOptions(via=via)) as stack:
        async with stack.client.get(stack.url, headers=claimed) as answer:
            assert answer.status == 200
        assert [event["source_ip"] for event in await stack.events(1)] == ["127.0.0.1"]


async def test_trusted_proxy_in_front_is_believed(tmp_path: Path) -> None:
    """With the peer trusted, the last address that it could not choose counts."""
    async with running(
        tmp_path, NginxOptions(via=Via.NJS), KYSIRA_TRUSTED_PROXIES="127.0.0.0/8"
    ) as stack:
        claimed = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
        async with stack.client.get(stack.url, headers=claimed) as answer:
            assert answer.status == 200
        assert [event["source_ip"] for event in await stack.events(1)] == ["198.51.100.7"]


@pytest.mark.parametrize("via", ASKING)
async def test_streams_pass(tmp_path: Path, via: Via) -> None:
    """WebSockets work both ways, and events arrive while their stream is open."""
    async with running(tmp_path, NginxOptions(via=via)) as stack:
        async with stack.client.ws_connect(f"{stack.url}/ws") as socket:
            await socket.send_str("hello")
            assert await socket.receive_str() == "echo hello"
        async with stack.client.get(f"{stack.url}/sse") as answer:
            assert await answer.content.readuntil(b"\n\n") == b"data: 0\n\n"
            stack.app.release.set()
            assert await answer.content.readuntil(b"\n\n") == b"data: last\n\n"
        attack = f"{stack.url}/ws?q={quote(SQLI)}"
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await stack.client.ws_connect(attack)
        assert refused.value.status == 403
        metrics = await stack.metrics()
        assert metrics['kysira_nginx_uninspected_total{reason="upgrade"}'] == 2


async def test_no_tunnel_but_websockets(tmp_path: Path) -> None:
    """An upgrade to h2c does not reach the app: nobody would look into it."""
    async with running(tmp_path, NginxOptions(via=Via.NJS)) as stack:
        upgrade = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c"}
        async with stack.client.get(stack.url, headers=upgrade) as answer:
            assert answer.status == 200
        assert "upgrade" not in stack.app.received[0].headers


async def test_check_is_not_for_clients(tmp_path: Path) -> None:
    """A client can't ask the adapter itself, nor reach its management paths."""
    async with running(tmp_path, NginxOptions(via=Via.NJS)) as stack:
        async with stack.client.get(f"{stack.url}/_kysira/check") as answer:
            assert answer.status == 404
        async with stack.client.post(f"{stack.url}/api/mode", json={"mode": "shadow"}) as answer:
            assert answer.status == 200, "the app's"
        assert [seen.target for seen in stack.app.received] == ["/api/mode"]
        async with stack.client.get(f"{stack.management}/api/mode") as answer:
            assert json.loads(await answer.text()) == {"mode": "active"}


async def test_deny_of_the_server_s_own_stays_its_own(tmp_path: Path) -> None:
    """A 403 that is not the adapter's is not said to be."""
    edits = {"location / {": "location = /secret { deny all; }\n location / {"}
    options = NginxOptions(via=Via.AUTH_REQUEST)
    async with running(tmp_path, options, edits=edits) as stack:
        async with stack.client.get(f"{stack.url}/secret") as answer:
            assert answer.status == 403
            assert "Kysira" not in await answer.text()
            assert not [name for name in answer.headers if "kysira" in name.lower()]


@pytest.mark.parametrize("via", ASKING)
async def test_tls_is_served_with_http2(tmp_path: Path, via: Via) -> None:
    """A client may choose HTTP/2; by HTTPS the app is told so, and attacks are refused."""
    made = make_certificate(tmp_path, "nginx")
    options = NginxOptions(via=via, tls_cert=str(made.cert), tls_key=str(made.key))
    async with running(tmp_path, options) as stack:
        async with stack.client.get(stack.url, ssl=made.client()) as answer:
            assert answer.status == 200
        assert stack.app.received[0].headers["x-forwarded-proto"] == "https"
        attack = f"{stack.url}/?q={quote(SQLI)}"
        async with stack.client.get(attack, ssl=made.client()) as answer:
            assert answer.status == 403
        context = made.client()
        context.set_alpn_protocols(["h2"])
        _, writer = await asyncio.open_connection("127.0.0.1", stack.nginx.port, ssl=context)
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
        writer.close()


async def test_https_app_is_verified(tmp_path: Path) -> None:
    """It is asked by TLS when its certificate is one of the authorities', and not otherwise."""
    made = make_certificate(tmp_path, "localhost")
    async with RawApp(made.server()) as app:
        url = app.url.replace("127.0.0.1", "localhost")
        with start_adapter(tmp_path, "active") as adapter:
            known, others = str(made.cert), str(make_certificate(tmp_path, "other").cert)
            for authorities, status in ((known, b" 200 "), (others, b" 502 ")):
                options = NginxOptions(target_ca=authorities)
                with Nginx(rendered(placed(options, url, adapter)), tmp_path) as nginx:
                    raw = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
                    assert status in await asyncio.to_thread(exchange, nginx.port, raw)
    assert len(app.heads) == 1
