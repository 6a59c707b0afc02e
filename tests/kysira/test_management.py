"""Who may change the mode, on real sockets: the rule in each of its conditions."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter

from kysira.events.event import timestamp
from kysira.management import Management, ManagementAccess, json_errors
from kysira.mode_request import MAX_TTL_SECONDS
from kysira.mode_store import ModeStore
from kysira.serving import HttpServer, Running, listen, start_http, start_runner
from kysira.types import Mode
from tests.addresses import outside_address
from tests.needs import need

TOKEN = "correct horse"
FLIP = b'{"mode": "active"}'
JSON_HEADERS = {"Content-Type": "application/json"}


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        """Return the body's object."""
        return dict(json.loads(self.body))


@dataclass
class Service:
    """A service with the management paths and nothing else."""

    server: HttpServer
    modes: ModeStore

    async def ask(
        self, line: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Send exactly this, with a Host unless one is given, and return the answer."""
        sent = {"Host": f"localhost:{self.server.port}", **(headers or {})}
        return await self.send(line, list(sent.items()), body)

    async def send(self, line: str, headers: list[tuple[str, str]], body: bytes = b"") -> Answer:
        """Send exactly this and return the answer."""
        reader, writer = await asyncio.open_connection(self.server.host, self.server.port)
        rows = [f"{name}: {value}" for name, value in headers if value]
        rows += [f"Content-Length: {len(body)}", "Connection: close"]
        head = "\r\n".join([f"{line} HTTP/1.1", *rows, "", ""])
        writer.write(head.encode("utf-8", "surrogateescape") + body)
        raw = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        status, *lines = raw.partition(b"\r\n\r\n")[0].decode().split("\r\n")
        answered = {n.lower(): v for n, _, v in (row.partition(": ") for row in lines)}
        return Answer(int(status.split()[1]), answered, raw.partition(b"\r\n\r\n")[2])

    async def flip(self, headers: dict[str, str], body: bytes = FLIP) -> Answer:
        """Ask for another mode."""
        return await self.ask("POST /api/mode", {**JSON_HEADERS, **headers}, body)


async def serve(folder: Path, host: str, token: str) -> AsyncIterator[Service]:
    registry = CollectorRegistry()
    Counter("kysira_test", "A counter.", registry=registry)
    modes = ModeStore(Mode.SHADOW, folder)
    health = {"service": "kysira-test", "status": "ok"}
    management = Management(
        modes, ManagementAccess(token), registry, lambda: health, {"/more": {"GET": more}}
    )
    app = web.Application(middlewares=[json_errors])
    app.add_routes(management.routes())
    server = await start_http(app, host, 0)
    yield Service(server, modes)
    await server.close()


async def more(_: web.BaseRequest) -> web.Response:
    """Answer a path that only this service has."""
    return web.Response(text="more")


@pytest.fixture
async def plain(tmp_path: Path) -> AsyncIterator[Service]:
    """Serve without a router, as the proxy does, on a server that answers nothing else."""
    modes = ModeStore(Mode.SHADOW, tmp_path)
    management = Management(
        modes, ManagementAccess(""), CollectorRegistry(), dict, {"/more": {"GET": more}}
    )
    running = Running()
    runner = web.ServerRunner(web.Server(management.answer))
    server = await start_runner(runner, running, listen("127.0.0.1", 0))
    yield Service(server, modes)
    await server.close()


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Service]:
    """Serve without a token."""
    async for service in serve(tmp_path, "127.0.0.1", ""):
        yield service


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Service]:
    """Serve with a token."""
    async for service in serve(tmp_path, "127.0.0.1", TOKEN):
        yield service


def other_address() -> str:
    """Return an address of this machine that is not a loopback one."""
    found = outside_address()
    need(found, "a network interface beside loopback")
    return found


async def test_reads_are_open(guarded: Service) -> None:
    """Health, metrics and the mode are told to everyone, also when a token is set."""
    assert (await guarded.ask("GET /_kysira/health")).json["service"] == "kysira-test"
    assert (await guarded.ask("GET /api/mode")).json == {"mode": "shadow"}
    metrics = await guarded.ask("GET /metrics", {"Host": "10.0.0.7:9090"})
    assert metrics.status == 200
    assert metrics.headers["content-type"].startswith("text/plain")
    assert b"\nkysira_test_total 0.0\n" in metrics.body


async def test_local_client_flips(local: Service) -> None:
    """Without a token a program on this machine may change the mode, and is told the new one."""
    answer = await local.flip({})
    assert (answer.status, answer.json) == (200, {"mode": "active"})
    assert (await local.ask("GET /api/mode")).json == {"mode": "active", "configured": "shadow"}
    assert local.modes.mode is Mode.ACTIVE


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost:9090", "127.0.0.1", "127.8.8.8:1", "[::1]:9090", "[::1]"]
)
async def test_loopback_host_is_fine(local: Service, host: str) -> None:
    """Every way to name this machine is a loopback Host."""
    assert (await local.flip({"Host": host})).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "example.org", "localhost.example.org", "127.0.0.1.example.org", "10.0.0.1", "0.0.0.0",
        "[::]", "[fe80::1]", "localhost@example.org", "example.org@localhost", "[::1", "",
        "2130706433",
    ],
)  # fmt: skip
async def test_foreign_host_may_not(local: Service, host: str) -> None:
    """A page that rebinds its name to this machine still sends its own name."""
    answer = await local.flip({"Host": host})
    assert answer.status in (400, 403)  # 400: aiohttp itself wants a Host
    assert local.modes.mode is Mode.SHADOW


@pytest.mark.parametrize(
    "header",
    [
        "X-Forwarded-For", "x-real-ip", "CF-Connecting-IP", "Forwarded", "Via",
        "X-Forwarded-Proto", "X-Forwarded-Host", "X-Envoy-Expected-Rq-Timeout-Ms",
        "X-Forwarded-Server", "X_Forwarded_For", "X-Client-IP", "True-Client-IP",
        "X-Envoy-External-Address",
    ],
)  # fmt: skip
async def test_proxied_client_may_not(local: Service, header: str) -> None:
    """Behind a local proxy everyone comes from 127.0.0.1."""
    answer = await local.flip({header: "127.0.0.1"})
    assert answer.status == 403
    assert "KYSIRA_ADMIN_TOKEN" in str(answer.json["error"])
    assert local.modes.mode is Mode.SHADOW


async def test_old_http_may_not(local: Service) -> None:
    """A bare nginx in front of a service speaks HTTP/1.0 to it, with the service's own Host."""
    reader, writer = await asyncio.open_connection(local.server.host, local.server.port)
    head = "POST /api/mode HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {len(FLIP)}\r\n\r\n".encode() + FLIP)
    assert b" 403 " in await asyncio.wait_for(reader.readline(), 10)
    assert local.modes.mode is Mode.SHADOW
    writer.close()


@pytest.mark.parametrize(
    "origin",
    [
        "https://example.org", "null", "http://localhost", "http://localhost:1", "http://[",
        "http://localhost:{port}@example.org", "file://", "http://127.0.0.1:{port}",
    ],
)  # fmt: skip
async def test_foreign_origin_may_not(local: Service, origin: str) -> None:
    """A web page in a browser on this machine is not this machine."""
    answer = await local.flip({"Origin": origin.format(port=local.server.port)})
    assert (answer.status, local.modes.mode) == (403, Mode.SHADOW)


async def test_own_origin_may(local: Service) -> None:
    """A page that the service itself could serve may write."""
    origin = f"http://localhost:{local.server.port}"
    assert (await local.flip({"Origin": origin})).status == 200


@pytest.mark.parametrize(
    "content_type",
    [
        "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
        "text/plain; application/json", "application/jsonp", "text/plain, application/json",
    ],
)  # fmt: skip
async def test_simple_request_may_not(local: Service, content_type: str) -> None:
    """What a browser sends across origins without asking is refused."""
    answer = await local.flip({"Content-Type": content_type})
    assert (answer.status, local.modes.mode) == (403, Mode.SHADOW)


async def test_charset_is_fine(local: Service) -> None:
    """Parameters of the content type don't matter."""
    assert (await local.flip({"Content-Type": "Application/JSON; charset=utf-8"})).status == 200


async def test_other_machine_may_not(tmp_path: Path) -> None:
    """Without a token a peer that is no loopback address is refused, whatever Host it sends."""
    async for service in serve(tmp_path, other_address(), ""):
        answer = await service.flip({"Host": "localhost"})
        assert answer.status == 403
        assert service.modes.mode is Mode.SHADOW
        assert (await service.ask("GET /api/mode")).status == 200


async def test_other_machine_may_with_token(tmp_path: Path) -> None:
    """With the token it may, through proxies and under any name."""
    async for service in serve(tmp_path, other_address(), TOKEN):
        headers = {
            "Host": "waf.example.org", "X-Forwarded-For": "192.0.2.1", "Content-Type": "",
            "Authorization": f"Bearer {TOKEN}", "Origin": "https://dashboard.example.org",
        }  # fmt: skip
        assert (await service.flip(headers)).status == 200


async def test_ipv6_loopback_is_local(tmp_path: Path) -> None:
    """::1 is this machine, and its rule is the same."""
    need(socket.has_dualstack_ipv6(), "IPv6")
    async for service in serve(tmp_path, "::1", ""):
        host = f"[::1]:{service.server.port}"
        assert (await service.flip({"Host": host, "Origin": f"http://{host}"})).status == 200
        assert (await service.flip({"Host": "example.org"})).status == 403
        assert (await service.flip({"Host": host, "Via": "1.1 proxy"})).status == 403


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_token_opens(guarded: Service, scheme: str) -> None:
    """The token in a bearer header is enough; the scheme's case is free (RFC 9110 §11.1)."""
    answer = await guarded.flip({"Authorization": f"{scheme} {TOKEN}"})
    assert (answer.status, guarded.modes.mode) == (200, Mode.ACTIVE)


@pytest.mark.parametrize(
    "authorization",
    [
        "", "Bearer", "Bearer ", "Bearer correct", "Bearer correct horse2", f"Basic {TOKEN}", TOKEN,
        "Bearer Correct horse", "Bearer \udce9", "Bearer  x",
    ],
)  # fmt: skip
async def test_wrong_token_may_not(guarded: Service, authorization: str) -> None:
    """Once a token is set nothing else opens, not even coming from this machine."""
    answer = await guarded.flip({"Authorization": authorization})
    assert (answer.status, guarded.modes.mode) == (401, Mode.SHADOW)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert TOKEN not in answer.body.decode()


async def test_token_may_hold_any_bytes(tmp_path: Path) -> None:
    """A token that is no ASCII, or no text at all, is compared like any other."""
    for token in ("schlüssel", "\udce9\udcff"):
        async for service in serve(tmp_path, "127.0.0.1", token):
            assert (await service.flip({"Authorization": f"Bearer {token}"})).status == 200
            assert (await service.flip({"Authorization": "Bearer x"})).status == 401


@pytest.mark.parametrize(
    "body",
    [
        b"", b"active", b"[]", b'"active"', b"{}", b'{"mode": "off"}', b'{"mode": "ACTIVE"}',
        b'{"mode": ["active"]}', b'{"mode": {}}', b'{"mode": null}', b'{"mode": 1}',
        b'{"mode": "active"', b"[" * 100_000, b"\xff\xfe\xfd",
        b'{"mode": "active", "ttl": 5}', b'{"mode": "active", "": null}',
        b'{"mode": "active", "ttl_seconds": 0}', b'{"mode": "active", "ttl_seconds": -1}',
        b'{"mode": "active", "ttl_seconds": "60"}', b'{"mode": "active", "ttl_seconds": true}',
        b'{"mode": "active", "ttl_seconds": NaN}', b'{"mode": "active", "ttl_seconds": Infinity}',
        b'{"mode": "active", "ttl_seconds": 1e400}', b'{"mode": "active", "ttl_seconds": 2592001}',
        b'{"mode": "active", "ttl_seconds": 1' + b"0" * 400 + b"}",
        b'{"mode": "active", "ttl_seconds": 1' + b"0" * 5000 + b"}",
    ],
)  # fmt: skip
async def test_unclear_request_is_400(local: Service, body: bytes) -> None:
    """Anything but a mode, and perhaps a sensible time, is refused with what to send."""
    answer = await local.flip({}, body)
    assert (answer.status, local.modes.mode) == (400, Mode.SHADOW)
    assert answer.json["error"]


async def test_ttl_is_kept(local: Service) -> None:
    """A flip may end by itself; when it will is told, now and later."""
    answer = await local.flip({}, b'{"mode": "active", "ttl_seconds": 3600}')
    assert local.modes.expires_at is not None
    assert answer.json["expires_at"] == timestamp(local.modes.expires_at)
    assert answer.json["back_to"] == "shadow"
    told = (await local.ask("GET /api/mode")).json
    assert told == {**answer.json, "configured": "shadow"}
    long = json.dumps({"mode": "shadow", "ttl_seconds": MAX_TTL_SECONDS}).encode()
    assert (await local.flip({}, long)).status == 200
    assert (await local.flip({}, b'{"mode": "active", "ttl_seconds": null}')).json == {
        "mode": "active"
    }


async def test_configured_mode_is_told_under_a_flip(local: Service) -> None:
    """A flip to the configured mode leaves nothing to tell; one with an end has what comes then."""
    await local.flip({})
    assert (await local.ask("GET /api/mode")).json == {"mode": "active", "configured": "shadow"}
    timed = (await local.flip({}, b'{"mode": "shadow", "ttl_seconds": 60}')).json
    assert (timed["mode"], timed["back_to"]) == ("shadow", "active")
    assert (await local.ask("GET /api/mode")).json == {**timed, "configured": "shadow"}
    assert (await local.flip({}, b'{"mode": "shadow"}')).json == {"mode": "shadow"}
    assert (await local.ask("GET /api/mode")).json == {"mode": "shadow"}


async def test_flip_over_another_mode_is_409(local: Service) -> None:
    """Compared and set in one step: the mode in force is named, and nothing is changed."""
    asked = b'{"mode": "active", "if_mode": "active"}'
    refused = await local.flip({}, asked)
    assert (refused.status, refused.json["mode"]) == (409, "shadow")
    assert "the mode in force is shadow, not active" in str(refused.json["error"])
    assert local.modes.mode is Mode.SHADOW
    assert (await local.flip({}, FLIP)).status == 200
    assert (await local.flip({}, asked)).json == {"mode": "active"}


async def test_what_was_told_can_be_put_back(
    local: Service, caplog: pytest.LogCaptureFixture
) -> None:
    """What GET tells of a flip is what POST takes, to the millisecond, also a second time."""
    await local.flip({}, b'{"mode": "active", "ttl_seconds": 1000.0017}')
    told = (await local.ask("GET /api/mode")).json
    for _ in range(3):
        await local.flip({}, b'{"mode": "active"}')
        back = {key: told[key] for key in ("mode", "expires_at", "back_to")}
        assert (await local.flip({}, json.dumps(back).encode())).json == back
        assert (await local.ask("GET /api/mode")).json == told
    assert f"expires_at={told['expires_at']} back_to=shadow peer=" in caplog.text


async def test_new_keys_open_nothing(guarded: Service) -> None:
    """Who may not flip learns nothing by comparing first."""
    answer = await guarded.flip({}, b'{"mode": "active", "if_mode": "active"}')
    assert answer.status == 401


async def test_change_is_an_audit_event(local: Service, caplog: pytest.LogCaptureFixture) -> None:
    """Changes and refusals are logged with who asked."""
    await local.flip({})
    assert "mode_changed from=shadow to=active ttl_seconds=None peer=127.0.0.1" in caplog.text
    await local.flip({"Origin": "https://example.org"})
    assert "mode_refused peer=127.0.0.1" in caplog.text


async def test_refusals_are_logged_seldom(local: Service, caplog: pytest.LogCaptureFixture) -> None:
    """Anybody may be refused, as often as they like, and must not fill the disk with it."""
    for _ in range(20):
        assert (await local.flip({"Origin": "https://example.org"})).status == 403
    assert caplog.text.count("mode_refused") < 10


async def test_refusal_reads_no_body(local: Service) -> None:
    """Who may not write is told so though the body never comes."""
    reader, writer = await asyncio.open_connection(local.server.host, local.server.port)
    writer.write(b"POST /api/mode HTTP/1.1\r\nHost: example.org\r\nContent-Length: 1000\r\n\r\n")
    assert await asyncio.wait_for(reader.readline(), 10) == b"HTTP/1.1 403 Forbidden\r\n"
    writer.close()


async def test_own_errors_are_json(local: Service) -> None:
    """Unknown paths, wrong methods and bodies too long are answered as JSON."""
    missing = await local.ask("GET /nowhere")
    assert (missing.status, missing.json) == (404, {"error": "Not Found"})
    wrong = await local.ask("DELETE /api/mode")
    assert (wrong.status, wrong.json["error"]) == (405, "Method Not Allowed")
    assert "POST" in wrong.headers["allow"]
    long = await local.flip({}, b" " * (1 << 21))
    assert (long.status, bool(long.json["error"])) == (413, True)


def test_token_comparison_takes_constant_time() -> None:
    """The comparison is hmac's, which does not end at the first difference."""
    names = ManagementAccess.refusal.__code__.co_names
    assert "compare_digest" in names


async def test_more_paths_are_answered(local: Service) -> None:
    """A service adds paths of its own, with no method but those it names."""
    assert (await local.ask("GET /more")).body == b"more"
    assert (await local.ask("HEAD /more")).status == 405
    assert (await local.ask("HEAD /api/mode")).status == 200


async def test_paths_are_answered_without_router(plain: Service) -> None:
    """The same answers where every other path is somebody else's."""
    assert (await plain.ask("GET /api/mode?x=1")).json == {"mode": "shadow"}
    assert (await plain.flip({})).json == {"mode": "active"}
    assert (await plain.ask("GET /more")).body == b"more"
    assert (await plain.ask("HEAD /metrics")).status == 200
    missing = await plain.ask("GET /_kysira/nowhere")
    assert (missing.status, missing.json) == (404, {"error": "Not Found"})
    wrong = await plain.ask("DELETE /api/mode")
    assert (wrong.status, wrong.headers["allow"]) == (405, "GET,HEAD,POST")
    long = await plain.flip({}, b" " * (1 << 21))
    assert (long.status, bool(long.json["error"])) == (413, True)


@pytest.mark.parametrize(
    ("target", "is_ours"),
    [
        ("/api/mode", True), ("/api/mode?a=b", True), ("/_kysira/health", True),
        ("/_kysira/unknown", True), ("/metrics", True), ("/more", True),
        ("/", False), ("/api/mode/", False), ("/api/modes", False), ("//api/mode", False),
        ("/api%2Fmode", False), ("/API/mode", False), ("/x/../api/mode", False),
        ("/_kysira", False), ("http://app/api/mode", False), ("*", False), ("", False),
    ],
)  # fmt: skip
def test_no_other_path_is_ours(tmp_path: Path, target: str, is_ours: bool) -> None:
    """Only these paths, as they are spelled: everything else is the app's."""
    modes = ModeStore(Mode.SHADOW, tmp_path)
    management = Management(
        modes, ManagementAccess(""), CollectorRegistry(), dict, {"/more": {"GET": more}}
    )
    assert management.owns(target) is is_ours


async def test_flip_that_is_not_kept_says_so(local: Service, tmp_path: Path) -> None:
    """One that a restart would forget is no lasting one, until another is written."""
    broken = tmp_path / "mode.json"
    broken.mkdir()
    assert (await local.flip({})).json == {"mode": "active", "saved": False}
    broken.rmdir()
    assert (await local.flip({})).json == {"mode": "active"}
