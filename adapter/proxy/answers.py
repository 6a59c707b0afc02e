"""Answers of our own, written out."""

import json
from collections.abc import Iterable
from http import HTTPStatus

_ERRORS = {
    408: "request_timeout", 431: "request_header_fields_too_large", 405: "method_not_allowed",
    500: "internal_error", 502: "bad_gateway", 504: "gateway_timeout",
    505: "http_version_not_supported",
}  # fmt: skip


def answer(
    status: int, body: bytes, headers: Iterable[tuple[str, str]] = (), *, is_head: bool = False
) -> bytes:
    """Return a JSON answer that ends its connection, without its body for a HEAD request."""
    lines = [
        f"HTTP/1.1 {status} {_phrase(status)}",
        "Content-Type: application/json",
        *(f"{name}: {value}" for name, value in headers),
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "Connection: close",
        "\r\n",
    ]
    return "\r\n".join(lines).encode("latin-1") + (b"" if is_head else body)


def error(status: int, detail: str, *, is_head: bool = False) -> bytes:
    """Return an error's answer; ``detail`` says to the client what is wrong."""
    body = {"error": _ERRORS.get(status, "bad_request"), "detail": detail}
    return answer(status, json.dumps(body).encode(), is_head=is_head)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
