"""The requests that must fare alike wherever they enter, and a client that changes none of them."""

import asyncio
import gzip
import json
import socket
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import brotli

from kysira.types import Request
from tests.bypass_cases import load_bypasses
from tests.inference.test_detectors import SLUGS
from tests.placement import BROWSER_HEADERS, MATRIX_PLACES, request_with

MATRIX = Path(__file__).parents[1] / "data" / "matrix"
ATTACK = b"q=' UNION SELECT password FROM users--"
LIMIT = 131072
"""Bytes of a body that are inspected, by default."""


@dataclass(frozen=True, slots=True)
class Named:
    """One of the requests."""

    name: str
    request: Request
    is_chunked: bool = False


def same_requests() -> list[Named]:
    """Return them: every class in every place, the bypass suite, and odd bodies."""
    return [*_matrix(), *_bypasses(), *_bodies(), *_lines()]


def _matrix() -> Iterator[Named]:
    for slug in SLUGS:
        cells = json.loads((MATRIX / f"{slug}.json").read_text())
        for place in MATRIX_PLACES:
            cell = cells[place.value]
            if "input" in cell:
                request = request_with(place, cell["name"], cell["input"])
                yield Named(f"matrix {slug} {place}", _once(request))
                harmless = request_with(place, cell["name"] or "1", slug)
                yield Named(f"near {slug} {place}", _once(harmless))


def _once(request: Request) -> Request:
    """Return the request with the last of each header: servers differ on two User-Agents."""
    return replace(request, headers=tuple(dict(request.headers).items()))


def _bypasses() -> Iterator[Named]:
    for number, case in enumerate(load_bypasses()):
        yield Named(f"bypass {number} {case.technique}", case.request)


def _post(name: str, body: bytes, content_type: str, *more: tuple[str, bytes]) -> Named:
    headers = (*BROWSER_HEADERS, ("content-type", content_type.encode()), *more)
    return Named(name, Request("POST", b"/submit", headers, body))


def _bodies() -> Iterator[Named]:
    form, kind = ATTACK + b"&page=2", "application/x-www-form-urlencoded"
    packed = {
        "gzip": gzip.compress(form),
        "deflate": zlib.compress(form),
        "br": brotli.compress(form),
    }
    for coding, body in packed.items():
        encoding = ("content-encoding", coding.encode())
        yield _post(f"{coding} body", body, kind, encoding)
        yield _post(f"broken {coding} body", body[: len(body) // 2], kind, encoding)
    yield _post("unknown coding", form, kind, ("content-encoding", b"x-unknown"))
    bomb = gzip.compress(b"a=" + b"x" * (64 << 20), 9)
    yield _post("gzip bomb", bomb, kind, ("content-encoding", b"gzip"))
    for size in (LIMIT - 1, LIMIT, LIMIT + 1, 4 * LIMIT):
        filler = b"&f=" + b"x" * (size - len(form) - 3)
        yield _post(f"attack first of {size}", form + filler, kind)
        yield _post(f"attack last of {size}", b"f=" + filler[3:] + b"&" + form, kind)
    yield _post("broken JSON", b'{"a": [1, {"q": "\' UNION SELECT 1--', "application/json")
    yield _post("deep JSON", b"[" * 5000 + b"]" * 5000, "application/json")
    yield _post("no JSON", b"\x00\xff\xfe" * 50, "application/json")
    yield _post(
        "UTF-16 JSON", '{"q": "<script>alert(1)</script>"}'.encode("utf-16"), "application/json"
    )
    yield _post("broken multipart", b"--XyZ\r\nnonsense", "multipart/form-data; boundary=XyZ")
    yield _post("no boundary", ATTACK, "multipart/form-data")
    yield _post("broken XML", b"<a><b>&xxe;", "application/xml")
    yield _post("binary", bytes(range(256)) * 20, "application/octet-stream")
    yield _post("empty", b"", kind)
    yield _post("no type", form, "")
    chunked = _post("chunked attack", form, kind)
    yield Named(chunked.name, chunked.request, is_chunked=True)
    long = _post("chunked over the limit", form + b"&f=" + b"x" * (2 * LIMIT), kind)
    yield Named(long.name, long.request, is_chunked=True)
    yield Named("GET with a body", Request("GET", b"/", BROWSER_HEADERS, form))
    yield Named(
        "PUT", Request("PUT", b"/a", BROWSER_HEADERS, b'{"q": "<script>alert(1)</script>"}')
    )
    yield Named("DELETE", Request("DELETE", b"/a?q=..%2f..%2fetc%2fpasswd", BROWSER_HEADERS))


def _lines() -> Iterator[Named]:
    targets = (
        b"/", b"/?", b"//double//slash", b"/a%2Fb/c", b"/a/./b", b"/%E4?x=%ff", b"/?q=1&q=2&&=",
        b"/?" + b"a=1&" * 500, b"/?q=" + b"x" * 3000, b"/a;b=c?d=e", b"/~user/(x)/'y'",
    )  # fmt: skip
    for target in targets:
        yield Named(f"target {target[:30]!r}", Request("GET", target, BROWSER_HEADERS))
    many = tuple((f"x-own-{n}", b"value %d" % n) for n in range(40))
    yield Named("many headers", Request("GET", b"/", (*BROWSER_HEADERS, *many)))
    latin = ("x-name", b"Andr\xe9")
    yield Named("Latin-1 header", Request("GET", b"/", (*BROWSER_HEADERS, latin)))
    spoofed = (("x-kysira-score", b"0.0000"), ("x-kysira-event-id", b"mine"))
    yield Named(
        "spoofed headers",
        Request("GET", b"/?q=%27%20UNION%20SELECT%201--", (*BROWSER_HEADERS, *spoofed)),
    )


@dataclass(frozen=True, slots=True)
class Response:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


async def send(port: int, named: Named, *more: tuple[str, bytes]) -> Response:
    """Send the request to this port of the loopback address, byte for byte."""
    raw = await asyncio.wait_for(_talk(port, _wire(named, more)), 60)
    head, _, body = raw.partition(b"\r\n\r\n")
    status, *rows = head.decode("latin-1").split("\r\n")
    headers = {n.lower(): v for n, _, v in (row.partition(": ") for row in rows)}
    return Response(int(status.split()[1]), headers, body)


async def _talk(port: int, data: bytes) -> bytes:
    """Return everything that comes back, up to a reset: a stream would forget what came before."""
    loop, raw = asyncio.get_running_loop(), b""
    with socket.socket() as sock:
        sock.setblocking(False)
        await loop.sock_connect(sock, ("127.0.0.1", port))
        with suppress(ConnectionError):  # refused before all of it was read
            await loop.sock_sendall(sock, data)
        with suppress(ConnectionResetError):
            while piece := await loop.sock_recv(sock, 1 << 16):
                raw += piece
    return raw


def _wire(named: Named, more: tuple[tuple[str, bytes], ...]) -> bytes:
    request = named.request
    headers = [*request.headers, *more]
    body = request.body
    if named.is_chunked:
        headers.append(("transfer-encoding", b"chunked"))
        body = b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in _chunks(body)) + b"0\r\n\r\n"
    elif body or request.method not in ("GET", "HEAD", "DELETE"):
        headers.append(("content-length", b"%d" % len(body)))
    known = {name for name, _ in headers}
    fixed = [("connection", b"close"), *([] if "host" in known else [("host", b"app.example")])]
    rows = [name.encode() + b": " + value for name, value in [*fixed, *headers] if value]
    line = b"%s %s HTTP/1.1" % (request.method.encode(), request.target)
    return b"\r\n".join([line, *rows, b"", body])


def _chunks(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 1000):
        yield body[start : start + 1000]
