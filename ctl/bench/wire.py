"""A request as the bytes of HTTP/1.1: target, method and values as they are, whatever they are."""

import re

from kysira.types import Request

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110, 5.6.2."""
_NO_TARGET = re.compile(rb"[\x00-\x20\x7f]")
_NO_VALUE = re.compile(rb"[\r\n\x00]")
_OURS = ("connection", "content-length")
_WITH_LENGTH = ("POST", "PUT", "PATCH")


class NotExpressibleError(ValueError):
    """The request can't be written as HTTP/1.1; the text says why, in words to count by."""


def wire_bytes(request: Request, host: str, *, is_host_forced: bool = False) -> bytes:
    """Return the request with its own Content-Length, to be answered on a connection of its own.

    ``host`` is sent where the request names none, or always. A chunked body is sent as it stands.
    Raises NotExpressibleError.
    """
    if not _TOKEN.fullmatch(request.method):
        raise NotExpressibleError("method is no token")
    if not request.target or _NO_TARGET.search(request.target):
        raise NotExpressibleError("target is empty or holds a space or control character")
    names = {name for name, _ in request.headers}
    lines = [b"%b %b HTTP/1.1" % (request.method.encode(), request.target)]
    if is_host_forced or "host" not in names:
        lines.append(b"host: " + host.encode())
    for name, value in request.headers:
        if not (name in _OURS or (name == "host" and is_host_forced)):
            lines.append(_header(name, value))
    is_chunked = "transfer-encoding" in names
    if not is_chunked and (request.body or request.method in _WITH_LENGTH):
        lines.append(b"content-length: %d" % len(request.body))
    lines.append(b"connection: close")
    return b"\r\n".join((*lines, b"", request.body))


def _header(name: str, value: bytes) -> bytes:
    if not _TOKEN.fullmatch(name):
        raise NotExpressibleError("header name is no token")
    if _NO_VALUE.search(value):
        raise NotExpressibleError("header value holds a line break or NUL")
    return name.encode() + b": " + value
