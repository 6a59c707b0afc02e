"""Rendered configurations, proven on the real Envoy."""

import asyncio
import contextlib
import functools
import itertools
import signal
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from ctl.envoy.options import EnvoyOptions, read_address, read_target
from ctl.envoy.template import render_envoy, render_snippet
from ctl.envoy.version import NEWEST, OLDEST, EnvoyVersion
from ctl.templating import own_headers
from kysira.settings import OnFailure
from tests.app import App
from tests.ctl.envoy.http2 import http2_app, upload
from tests.ctl.envoy.program import validate
from tests.envoy import Envoy, rendered
from tests.processes import ExtProc

CLUSTER = "kysira_ext_proc"
NOBODY = "127.0.0.1:1"
"""An address where no ext-proc answers."""


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder: authorities ca.pem and other.pem; app.pem is localhost's, by the first."""
    folder = tmp_path_factory.mktemp("certificates")
    authority = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority"
    request = "req -newkey rsa:2048 -nodes -subj /CN=app -keyout app.key -out app.csr"
    signing = "x509 -req -in app.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out app.pem"
    (folder / "names").write_text("subjectAltName=DNS:localhost")
    authorities = [f"{authority} -keyout {name}.key -out {name}.pem" for name in ("ca", "other")]
    for command in (*authorities, request, f"{signing} -extfile names"):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
async def app() -> AsyncIterator[App]:
    """Run an app that answers everything."""
    app = App()
    await app.start()
    yield app
    await app.stop()


TARGETS = (
    "http://127.0.0.1:3000", "http://[::1]:3000", "http://localhost:3000", "http://app.example:80",
    "https://app.example", "https://127.0.0.1:8443",
)  # fmt: skip
EXT_PROCS = ((NOBODY,), ("localhost:1", "[::1]:2"), ("ext-proc.kysira.svc:50051", NOBODY))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("ext_procs", EXT_PROCS)
def test_every_combination_is_valid(
    target: str, ext_procs: tuple[str, ...], certificates: Path, tmp_path: Path
) -> None:
    """Envoy takes what any combination of options renders, and finds nothing deprecated in it."""
    for number, (failure, is_set) in enumerate(itertools.product(OnFailure, (False, True))):
        options = EnvoyOptions(
            target=read_target(target),
            target_ca=str(certificates / "ca.pem"),
            target_http2=is_set,
            ext_proc=tuple(map(read_address, ext_procs)),
            on_failure=failure,
            status_on_error=429 if is_set else 503,
            access_log=is_set,
            listen_address="::" if is_set else "127.0.0.1",
            port=0 if is_set else 10000,
            admin_port=0 if is_set else 9901,
            message_timeout=0.0015 if is_set else 3600,
            connect_timeout=1,
            max_body_bytes=1 if is_set else 1 << 26,
        )
        validate(render_envoy(options), tmp_path / f"{number}.yaml")


@pytest.mark.parametrize("version", [OLDEST, EnvoyVersion(1, 34), NEWEST])
def test_every_version_is_valid(version: EnvoyVersion, certificates: Path, tmp_path: Path) -> None:
    """What is rendered for an older Envoy is still taken by this one, which knows all of it."""
    options = EnvoyOptions(
        version=version,
        on_failure=OnFailure.CLOSED,
        access_log=True,
        ext_proc_tls=True,
        ext_proc_ca=str(certificates / "ca.pem"),
    )
    validate(render_envoy(options), tmp_path / "envoy.yaml")


async def test_older_envoy_strips_the_names_that_kysira_uses(app: App, tmp_path: Path) -> None:
    """Without patterns, too, no claim in our name arrives while ext-proc is down."""
    headers = dict.fromkeys(own_headers(), "1")
    text = rendered(app.url, NOBODY, "--envoy-version", "1.34")
    with Envoy(text, tmp_path) as envoy:
        assert await status_through(envoy, {**headers, "keep": "1"}) == 200
    (received,) = app.received
    assert received.headers["keep"] == "1"
    assert not [name for name in received.headers if "kysira" in name]


def test_same_options_same_bytes() -> None:
    """Rendering is deterministic."""
    options = EnvoyOptions(ext_proc=(read_address("a:1"), read_address("b:2")))
    assert render_envoy(options) == render_envoy(options)


def test_snippet_says_where_its_parts_go() -> None:
    """Cluster, filters and the settings around them, each under a numbered comment."""
    text = render_snippet(EnvoyOptions())
    parts = (
        "# 1. ", "- name: kysira_ext_proc", "# 2. ", "- name: kysira.strip_headers",
        "- name: kysira.ext_proc", "# 3. ", "# 4. ",
    )  # fmt: skip
    order = [text.index(part) for part in parts]
    assert order == sorted(order)
    assert text.index("request_trailers_mutations:") < text.index("- name: kysira.ext_proc")


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (["--on-failure", "open"], 200),
        (["--on-failure", "closed"], 503),
        (["--on-failure", "closed", "--status-on-error", "502"], 502),
    ],
)
async def test_policy_holds_without_ext_proc(
    app: App, tmp_path: Path, options: list[str], status: int
) -> None:
    """Open passes requests, stripped of what they claim; closed refuses with the chosen status."""
    headers = {
        "X-Kysira-Score": "0.0",
        "X_KYSIRA_mode": "active",
        "x-kysira_reason": "",
        "Keep": "1",
    }
    with Envoy(rendered(app.url, NOBODY, *options), tmp_path) as envoy:
        assert await status_through(envoy, headers) == status
    assert len(app.received) == (status == 200)
    for received in app.received:
        assert received.headers["keep"] == "1"
        assert not [name for name in received.headers if "kysira" in name.lower()]


async def test_port_in_use_elsewhere_does_not_matter(app: App, tmp_path: Path) -> None:
    """Ports of 0 are free ones, so that two Envoys run side by side."""
    text = rendered(app.url, NOBODY)
    (tmp_path / "other").mkdir()
    with Envoy(text, tmp_path) as one, Envoy(text, tmp_path / "other") as two:
        assert one.port != two.port


@asynccontextmanager
async def small_app(host: str, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Serve "here" at an address and yield the port."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="here")

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, host, 0, ssl_context=context)
    await site.start()
    yield site.port
    await runner.cleanup()


async def status_through(envoy: Envoy, headers: dict[str, str] | None = None) -> int:
    """Return the status of a request through Envoy."""
    async with aiohttp.ClientSession(headers=headers) as client, client.get(envoy.url) as answer:
        return answer.status


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_localhost_is_both_loopbacks(tmp_path: Path, host: str) -> None:
    """An app may listen on either of them."""
    async with small_app(host) as port:
        with Envoy(rendered(f"http://localhost:{port}", NOBODY), tmp_path) as envoy:
            assert await status_through(envoy) == 200


@pytest.mark.parametrize(
    ("host", "authority", "status"),
    [("localhost", "ca.pem", 200), ("127.0.0.1", "ca.pem", 503), ("localhost", "other.pem", 503)],
)
async def test_https_app_is_verified(
    tmp_path: Path, certificates: Path, host: str, authority: str, status: int
) -> None:
    """The app's certificate must be signed by the authority, for the name that was asked for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "app.pem", certificates / "app.key")
    async with small_app("127.0.0.1", context) as port:
        options = ["--target-ca", str(certificates / authority)]
        text = rendered(f"https://{host}:{port}", NOBODY, *options)
        with Envoy(text, tmp_path) as envoy:
            assert await status_through(envoy) == status


@asynccontextmanager
async def tls_before(grpc: str, context: ssl.SSLContext) -> AsyncIterator[int]:
    """End TLS on a free port before a plaintext address, as a sidecar of ext-proc does."""
    host, _, port = grpc.rpartition(":")

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(host, int(port))
        await asyncio.gather(copy(reader, inner_writer), copy(inner_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]
        server.close()


@pytest.mark.parametrize(
    ("authority", "name", "is_scored"),
    [
        ("ca.pem", "localhost", True),
        ("other.pem", "localhost", False),
        ("ca.pem", "other.example", False),
    ],
)
async def test_ext_proc_is_asked_over_tls(
    app: App, certificates: Path, tmp_path: Path, authority: str, name: str, is_scored: bool
) -> None:
    """Only one whose certificate is for the name and by the authority is believed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "app.pem", certificates / "app.key")
    context.set_alpn_protocols(["h2"])
    options = ["--tls", "--tls-ca", str(certificates / authority), "--tls-server-name", name]
    with ExtProc(tmp_path / "state") as ext_proc:
        async with tls_before(ext_proc.grpc, context) as port:
            text = rendered(app.url, f"127.0.0.1:{port}", *options, "--on-failure", "closed")
            with Envoy(text, tmp_path) as envoy:
                if is_scored:
                    await asyncio.to_thread(envoy.wait_until_healthy, CLUSTER)
                assert await status_through(envoy) == (200 if is_scored else 503)
    assert len(app.received) == is_scored


async def test_http2_upload_is_bounded(app: App, tmp_path: Path) -> None:
    """Of a long body over HTTP/2, too, ext-proc gets the part to inspect, and the app all of it."""
    size, limit = 3_000_000, 100_000
    with ExtProc(tmp_path / "state") as ext_proc:
        text = rendered(app.url, ext_proc.grpc, "--max-body-bytes", str(limit))
        with Envoy(text, tmp_path) as envoy:
            envoy.wait_until_healthy(CLUSTER)
            status = await asyncio.to_thread(upload, "127.0.0.1", envoy.port, b"x" * size)
            sent = envoy.stat(f"cluster.{CLUSTER}.upstream_cx_tx_bytes_total")
    assert (status, len(app.received[0].body)) == (200, size)
    assert app.received[0].headers["x-kysira-score"]
    assert limit < sent < 2 * limit


GRPC = {"content-type": "application/grpc", "te": "trailers"}


@pytest.mark.parametrize("mode", [None, "shadow", "active"])
@pytest.mark.parametrize("headers", [{}, GRPC], ids=["plain", "grpc"])
async def test_spoofed_trailers_are_gone(
    tmp_path: Path, mode: str | None, headers: dict[str, str]
) -> None:
    """Of the trailers of HTTP/2 the app gets the others; ext-proc (None: down) changes nothing."""
    body = b"\0\0\0\0\5hello"
    trailers = {"x-kysira-score": "0", "x_kysira_mode": "off", "x-kysira_reason": "", "sum": "1"}
    with ExtProc(tmp_path / "state", KYSIRA_MODE=mode or "shadow") as ext_proc:
        ext_proc_at = ext_proc.grpc if mode else NOBODY
        async with http2_app() as app:
            with Envoy(rendered(app.url, ext_proc_at, "--target-http2"), tmp_path) as envoy:
                if mode:
                    envoy.wait_until_healthy(CLUSTER)
                send = functools.partial(upload, headers=headers, trailers=trailers)
                assert await asyncio.to_thread(send, "127.0.0.1", envoy.port, body) == 200
    (received,) = app.received
    assert received.body == body
    assert received.trailers == {"sum": "1"}
    assert ("x-kysira-score" in received.headers) == (mode is not None)


async def test_idle_proxy_notices_a_hung_ext_proc(app: App, tmp_path: Path) -> None:
    """Without any traffic Envoy notices, and the first request does not wait for the timeout."""
    with ExtProc(tmp_path / "state") as ext_proc:
        text = rendered(app.url, ext_proc.grpc, "--message-timeout", "30s")
        with Envoy(text, tmp_path) as envoy:
            envoy.wait_until_healthy(CLUSTER)
            ext_proc.program.signal(signal.SIGSTOP)
            async with asyncio.timeout(10):
                while envoy.stat(f"cluster.{CLUSTER}.membership_healthy"):
                    await asyncio.sleep(0.05)  # Envoy tells nobody
            async with asyncio.timeout(5):
                assert await status_through(envoy) == 200
            ext_proc.program.signal(signal.SIGCONT)
            envoy.wait_until_healthy(CLUSTER)
