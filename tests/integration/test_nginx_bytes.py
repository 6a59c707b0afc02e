"""What nginx lets through and other parsers refuse: scored or refused, never passed unscored."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection

from ctl.nginx.options import NginxOptions, Via
from kysira.settings import OnFailure
from tests.integration.nginx_stack import placed, start_adapter
from tests.nginx import Nginx, exchange, rendered
from tests.raw_app import RawApp

ATTACK = b"/s?q=%27%20UNION%20SELECT%20password%20FROM%20users--"
HARMLESS = b"/s?q=shoes"
LINE = b"%s %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
ODD_BYTES = (0, 1, 7, 8, 9, 0x0B, 0x0C, 0x0D, 0x1B, 0x1F, 0x7F, 0x80, 0xC3, 0xFF)
LAX = {
    "ignore_invalid_headers on;": "ignore_invalid_headers off;",
    "underscores_in_headers off;": "underscores_in_headers on;",
    "client_header_timeout 30s;": "large_client_header_buffers 16 400k;",
}
"""What an administrator may set, and what lets most through."""


def get(target: bytes, headers: bytes = b"", *, method: bytes = b"GET") -> bytes:
    """Return a request without a body."""
    return LINE % (method, target) + headers + b"\r\n"


def post(target: bytes, headers: bytes, body: bytes) -> bytes:
    """Return a request whose framing is the headers'."""
    return LINE % (b"POST", target) + headers + b"\r\n" + body


def odd_requests(target: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield requests for the target that some parser refuses, each with a name."""
    for byte in ODD_BYTES:
        odd = bytes([byte])
        yield f"value {byte:02x}", get(target, b"X-A: a" + odd + b"b\r\n")
        yield f"name {byte:02x}", get(target, b"X" + odd + b"A: b\r\n")
        yield f"target {byte:02x}", get(target + b"&x=" + odd)
        yield f"method {byte:02x}", get(target, method=b"GE" + odd)
        yield f"host {byte:02x}", get(target).replace(b"Host: h", b"Host: h" + odd)
    for name in (b"X A", b"X(A", b"X/A", b"X@A", b'X"A', b"X{A", b"X_A", b"", b"\xf0\x9f\x98\x80"):
        yield f"name {name!r}", get(target, name + b": b\r\n")
    yield "no colon", get(target, b"abc\r\n")
    yield "white space before the colon", get(target, b"X-A : b\r\n")
    yield "folded", get(target, b"X-A: a\r\n b\r\n")
    yield "line feeds alone", get(target).replace(b"\r\n", b"\n")
    for method in (b"A-B_C", b"M" * 300, b"get", b"G3T", b"PRI", b"SEARCH", b"CONNECT", b"TRACE"):
        yield f"method {method[:9]!r}", get(target, method=method)
    yield "absolute", get(b"http://h" + target)
    yield "absolute https", get(b"https://other:444" + target)
    yield "absolute without a path", get(b"http://h?" + target)
    yield "no slash", get(target[1:])
    yield "raw quote", get(target + b'&x="<>\\^`{|}#frag')
    yield "bad escape", get(target + b"&x=%zz%")
    yield "HTTP/0.9", b"GET " + target + b"\r\n"
    yield "HTTP/1.0", b"GET " + target + b" HTTP/1.0\r\n\r\n"
    yield "HTTP/1.9", get(target).replace(b"HTTP/1.1", b"HTTP/1.9")
    yield "long line", get(target + b"&x=" + b"a" * 7900)
    yield "very long line", get(target + b"&x=" + b"a" * 300_000)
    yield "long header", get(target, b"X-A: " + b"a" * 8000 + b"\r\n")
    yield "very long header", get(target, b"X-A: " + b"a" * 300_000 + b"\r\n")
    yield "head over every bound", get(target, b"".join(b"X-%d: %s\r\n" % (i, b"a" * 390_000) for i in range(4)))  # noqa: E501 # fmt: skip
    yield "many headers", get(target, b"".join(b"X-%d: 1\r\n" % i for i in range(600)))
    yield "two hosts", get(target, b"Host: i\r\n")
    yield "expectation", post(target, b"Expect: x\r\nContent-Length: 1\r\n", b"a")
    yield "no body comes", get(target, b"Content-Length: 0\r\n", method=b"POST")
    yield from framings(target)
    for name in (b"X-Original-URI", b"X-Original-Method", b"X-Original-Upgrade", b"X-Kysira-Peer"):
        yield f"spoofed {name!r}", get(target, name + b": /harmless\r\n")
    yield "spoofed body", get(target, b"X-Original-Content-Length: 5\r\n")
    yield "upgrade", get(target, b"Upgrade: websocket\r\n")


def framings(target: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield bodies whose end two parsers may see at two places."""
    chunked, length = b"Transfer-Encoding: chunked\r\n", b"Content-Length: 3\r\n"
    yield "chunked", post(target, chunked, b"3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n")
    yield "length and chunked", post(target, length + chunked, b"0\r\n\r\n")
    yield "chunked and length", post(target, chunked + length, b"0\r\n\r\n")
    yield "two lengths", post(target, length + length, b"abc")
    yield "signed length", post(target, b"Content-Length: +3\r\n", b"abc")
    yield "two codings", post(target, chunked + chunked, b"0\r\n\r\n")
    yield "unknown coding", post(target, b"Transfer-Encoding: x, chunked\r\n", b"0\r\n\r\n")
    yield "odd coding", post(target, b"Transfer-Encoding:\x0bchunked\r\n", b"0\r\n\r\n")
    yield "bad chunk", post(target, chunked, b"zz\r\nabc\r\n0\r\n\r\n")


@pytest.mark.parametrize("edits", [{}, LAX], ids=["strict", "lax"])
@pytest.mark.parametrize("on_failure", list(OnFailure))
@pytest.mark.parametrize("via", [Via.NJS, Via.AUTH_REQUEST])
async def test_odd_request_never_passes_unscored(
    tmp_path: Path, via: Via, on_failure: OnFailure, edits: dict[str, str]
) -> None:
    """In active mode an attack beside odd bytes reaches no app; what passes carries its score."""
    options = NginxOptions(via=via, on_failure=on_failure)
    async with RawApp() as app:
        with start_adapter(tmp_path, "active") as adapter:
            files = rendered(placed(options, app.url, adapter), edits=edits)
            with Nginx(files, tmp_path) as nginx:
                for name, raw in odd_requests(ATTACK):
                    answer = await asyncio.to_thread(exchange, nginx.port, raw)
                    assert app.heads == [], f"{name}: passed, {answer[:80]!r}"
                passed = {name for name, raw in odd_requests(HARMLESS) if await passes(nginx, raw)}
                assert len(passed) >= len(app.heads) - 1 > 40  # HTTP/0.9 has no status
                for head in app.heads:
                    assert b"\r\nX-Kysira-Score: 0." in head, head[:200]


async def passes(nginx: Nginx, raw: bytes) -> bool:
    """Return True when the answer is the app's."""
    return b" 200 OK" in await asyncio.to_thread(exchange, nginx.port, raw)


def odd_http2(target: bytes) -> Iterator[tuple[str, list[tuple[bytes, bytes]]]]:
    """Yield HTTP/2 requests for the target that HTTP/1 can't carry, or hardly, each with a name."""
    line = {b":method": b"GET", b":path": target, b":scheme": b"http", b":authority": b"h"}
    plain = list(line.items())
    for byte in ODD_BYTES:
        odd = bytes([byte])
        yield f"value {byte:02x}", [*plain, (b"x-a", b"a" + odd + b"b")]
        yield f"name {byte:02x}", [*plain, (b"x" + odd + b"a", b"b")]
        yield f"target {byte:02x}", list({**line, b":path": target + b"&x=" + odd}.items())
        yield f"authority {byte:02x}", list({**line, b":authority": b"h" + odd}.items())
    yield "method", list({**line, b":method": b"A-B_C"}.items())
    yield "no authority", [row for row in plain if row[0] != b":authority"]
    yield "host beside authority", [*plain, (b"host", b"other")]
    yield "line in a value", [*plain, (b"x-a", b"b\r\nX-Original-URI: /harmless")]
    yield "spoofed", [*plain, (b"x-original-uri", b"/harmless"), (b"x-kysira-score", b"0.0000")]
    yield "connection", [*plain, (b"connection", b"close"), (b"transfer-encoding", b"chunked")]
    yield "length", [*plain, (b"content-length", b"0")]
    yield "cookies", [*plain, (b"cookie", b"a=1"), (b"cookie", b"b=2")]


def http2_status(port: int, headers: list[tuple[bytes, bytes]]) -> str:
    """Return the status of a request on a connection of its own, "" for none."""
    config = H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False)
    client = H2Connection(config)
    client.initiate_connection()
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        client.send_headers(1, headers, end_stream=True)
        connection.sendall(client.data_to_send())
        while data := connection.recv(65536):
            for event in client.receive_data(data):
                if isinstance(event, events.ResponseReceived):
                    return dict(event.headers)[b":status"].decode()
                if isinstance(event, events.StreamReset | events.ConnectionTerminated):
                    return ""
            connection.sendall(client.data_to_send())
    return ""


@pytest.mark.parametrize("edits", [{}, LAX], ids=["strict", "lax"])
@pytest.mark.parametrize("via", [Via.NJS, Via.AUTH_REQUEST])
async def test_odd_http2_request_never_passes_unscored(
    tmp_path: Path, via: Via, edits: dict[str, str]
) -> None:
    """The same over HTTP/2, failing open."""
    async with RawApp() as app:
        with start_adapter(tmp_path, "active") as adapter:
            options = placed(NginxOptions(via=via), app.url, adapter)
            with Nginx(rendered(options, edits=edits), tmp_path) as nginx:
                for name, headers in odd_http2(ATTACK):
                    status = await asyncio.to_thread(http2_status, nginx.http2_port, headers)
                    assert app.heads == [], f"{name}: passed, {status}"
                for _, headers in odd_http2(HARMLESS):
                    await asyncio.to_thread(http2_status, nginx.http2_port, headers)
                assert len(app.heads) > 20
                for head in app.heads:
                    assert b"\r\nX-Kysira-Score: 0." in head, head[:200]
