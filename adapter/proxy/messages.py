"""Heads as they go out: the lines that came, but for those about the connection they came on."""

from collections.abc import Iterable

from adapter.proxy.heads import Header, RequestHead, ResponseHead
from adapter.proxy.hop_by_hop import request_headers, response_headers

LAST_CHUNK = b"0\r\n\r\n"


def encode_request(
    head: RequestHead,
    target: bytes,
    *,
    more: Iterable[bytes],
    is_chunked: bool = False,
    upgrade: bytes = b"",
) -> bytes:
    """Return the head of a request to the app, with ``more`` lines."""
    lines = [head.method + b" " + target + b" HTTP/1.1"]
    lines += _lines(request_headers(head))
    lines += more
    if is_chunked:
        lines.append(b"Transfer-Encoding: chunked")
    if upgrade:
        lines += (b"Connection: Upgrade", b"Upgrade: " + upgrade)
    lines.append(b"\r\n")
    return b"\r\n".join(lines)


def encode_response(head: ResponseHead, *, more: Iterable[bytes] = ()) -> bytes:
    """Return the head of an answer to the client, with ``more`` lines."""
    lines = [b"HTTP/1.1 %d %b" % (head.status, head.reason)]
    lines += _lines(response_headers(head))
    lines += more
    lines.append(b"\r\n")
    return b"\r\n".join(lines)


def chunk(piece: bytes) -> list[bytes]:
    """Return the piece as a chunk (RFC 9112 §7.1)."""
    return [b"%x\r\n" % len(piece), piece, b"\r\n"]


def keeps_alive(head: RequestHead) -> bool:
    """Return True for a client that means to send more requests (RFC 9112 §9.3)."""
    values = head.controls.get("connection")
    if values is None:
        return head.minor == 1
    options = [option.strip() for option in b",".join(values).lower().split(b",")]
    return b"close" not in options and (head.minor == 1 or b"keep-alive" in options)


def _lines(headers: list[Header]) -> list[bytes]:
    return [name + b": " + value for name, _, value in headers]
