"""Where the app is, and TLS on either side of the proxy."""

import ssl
from pathlib import Path

import pytest

from adapter.proxy.target import read_target, server_tls
from kysira.errors import SettingsError
from kysira.types import Mode
from tests.adapter.certificates import Certificate, make_certificate
from tests.adapter.proxied import proxied
from tests.adapter.raw import OK, RawApp, ask, connected, get, header, read_message


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Return the app's certificate, or the proxy's."""
    return make_certificate(tmp_path_factory.mktemp("tls"), "app")


@pytest.mark.parametrize(
    ("url", "host", "port", "authority"),
    [
        ("http://localhost:3000", "localhost", 3000, b"localhost:3000"),
        ("http://app", "app", 80, b"app"),
        ("https://app", "app", 443, b"app"),
        ("http://app:443/x/", "app", 443, b"app:443"),
        ("http://[::1]:80", "::1", 80, b"[::1]"),
        ("http://[::1]:81", "::1", 81, b"[::1]:81"),
    ],
)
def test_target_names_host_and_port(url: str, host: str, port: int, authority: bytes) -> None:
    """The usual port of the scheme where there is none."""
    target = read_target(url)
    assert (target.host, target.port, target.authority) == (host, port, authority)


@pytest.mark.parametrize(
    "url", ["http://app/?x", "http://app/#x", "http://äpp", "http://app/ä", ""]
)
def test_target_that_is_none_is_refused(url: str) -> None:
    """With a line that says what it must be."""
    with pytest.raises(SettingsError, match="target"):
        read_target(url)


def test_credentials_are_refused() -> None:
    """They would not be sent; the error does not show them either."""
    for url in ("http://ann:secret@app", "http://ann:secret@app/?x"):
        with pytest.raises(SettingsError, match="--target-url") as raised:
            read_target(url)
        assert "secret" not in str(raised.value)


def test_wrong_files_are_named(tmp_path: Path) -> None:
    """The error is one line with the file."""
    for call in (
        lambda: read_target("https://app", ca=tmp_path / "none"),
        lambda: server_tls(tmp_path / "none", None),
    ):
        with pytest.raises(SettingsError, match=r"none.*: no such file"):
            call()
    broken = tmp_path / "broken"
    broken.write_text("x")
    with pytest.raises(SettingsError, match=r"broken.*PEM"):
        read_target("https://app", ca=broken)
    with pytest.raises(SettingsError, match="needs a certificate"):
        server_tls(None, broken)
    assert server_tls(None, None) is None


async def test_https_app_is_verified(certificate: Certificate, tmp_path: Path) -> None:
    """By the authority that is set; a wrong one is a 502, unless nobody is to look."""
    other = make_certificate(tmp_path, "other")
    app = RawApp()
    async with app.running(certificate.server()):
        for ca, is_insecure, status in (
            (certificate.cert, False, b"200"),
            (other.cert, False, b"502"),
            (None, False, b"502"),
            (None, True, b"200"),
        ):
            url = f"https://localhost:{app.port}"
            target = read_target(url, ca=ca, is_insecure=is_insecure)
            async with proxied(target) as proxy:
                answer = await ask(proxy.port, get())
                assert answer.split(b" ")[1] == status
                if status == b"502":
                    assert b"certificate is not trusted" in answer


async def test_https_app_must_be_the_one_that_is_meant(certificate: Certificate) -> None:
    """A certificate for another name is none."""
    app = RawApp()
    async with app.running(certificate.server()):
        target = read_target(f"https://127.0.0.2:{app.port}", ca=certificate.cert)
        target = target._replace(host="127.0.0.1")
        async with proxied(target) as proxy:
            assert (await ask(proxy.port, get())).split(b" ")[1] == b"200"
        target = read_target(f"https://ip6-localhost:{app.port}", ca=certificate.cert)
        async with proxied(target) as proxy:
            assert (await ask(proxy.port, get())).split(b" ")[1] == b"502"


async def test_tls_listener_serves(certificate: Certificate) -> None:
    """Keep-alive too; the app hears that it was https; a plain client gets nothing."""
    tls = server_tls(certificate.cert, certificate.key)
    async with RawApp().running() as app, proxied(app, tls=tls) as proxy:
        async with connected(proxy.port, certificate.client()) as (reader, writer):
            for _ in range(2):
                writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                assert await read_message(reader) == OK
        assert header(app.requests[0], b"x-forwarded-proto") == [b"https"]
        assert b"HTTP" not in await ask(proxy.port, get())


async def test_tls_client_is_killed_too(certificate: Certificate) -> None:
    """The whole 403 arrives, then the connection ends without a goodbye."""
    tls = server_tls(certificate.cert, certificate.key)
    async with RawApp().running() as app, proxied(app, tls=tls, mode=Mode.ACTIVE) as proxy:
        async with connected(proxy.port, certificate.client()) as (reader, writer):
            writer.write(get(b"/attack"))
            answer = await read_message(reader)
            assert answer.startswith(b"HTTP/1.1 403 ")
            assert answer.endswith(b"0.98}")
            with pytest.raises((ConnectionResetError, ssl.SSLError)):
                await reader.readexactly(1)
        assert app.connections == 0


async def test_tls_errors_are_answered(certificate: Certificate) -> None:
    """A broken request over TLS gets its answer before the connection ends."""
    tls = server_tls(certificate.cert, certificate.key)
    async with RawApp().running() as app, proxied(app, tls=tls) as proxy:
        async with connected(proxy.port, certificate.client()) as (reader, writer):
            writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n" + b"y" * 9000)
            assert (await read_message(reader)).startswith(b"HTTP/1.1 400 ")
