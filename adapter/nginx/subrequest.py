"""The HTTP/1 that nginx speaks to the adapter, read as leniently as nginx reads its clients.

nginx passes on what aiohttp's parser refuses: control characters in values, and with
``ignore_invalid_headers off`` any name. A refusal to read would be a way past the adapter, since
nginx may be told to let pass what it can't have checked. nginx writes the lines anew, so only where
the body ends has to be read strictly.
"""

from typing import NamedTuple

from adapter.proxy.heads import lower

CHECK_PATH = b"/check"
MIRROR_PATH = b"/check/mirror"
"""Where a mirror asks, which hears no answer. A client has a say in the query and headers alone."""
CHECK_PATHS = frozenset({CHECK_PATH, MIRROR_PATH})
_MAX_DIGITS = 18


class UnreadableError(Exception):
    """What came is no request that nginx can have sent."""


class Subrequest(NamedTuple):
    """One request of nginx's about one request of a client's."""

    path: bytes
    headers: tuple[tuple[str, bytes], ...]
    """With lower-case names: nginx's own and the client's."""
    body_bytes: int | None
    """The body's length; None when it comes in chunks."""
    is_last: bool
    """True when the connection ends with the answer."""

    def header(self, name: str) -> bytes | None:
        """Return the first value of the header called ``name`` (lower case)."""
        return next((value for key, value in self.headers if key == name), None)


class Body(NamedTuple):
    """As much of a body as is inspected."""

    data: bytes = b""
    is_cut: bool = False
    """True when more came."""


class Answer(NamedTuple):
    """What nginx is told: exactly 200 or 403, since it fails open on anything else."""

    is_refused: bool
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


def parse_subrequest(block: bytes) -> Subrequest:
    """Return the head; ``block`` ends before the empty line. Raises UnreadableError."""
    line, *rows = block.split(b"\r\n")
    words = line.split(b" ")
    if len(words) != 3 or words[2] not in (b"HTTP/1.0", b"HTTP/1.1"):
        raise UnreadableError("the request line is malformed")
    split = [row.partition(b":") for row in rows]
    headers = tuple([(lower(name), value.strip(b" \t")) for name, _, value in split])
    is_old = words[2] == b"HTTP/1.0"
    connection = _values(headers, "connection")
    is_last = b"close" in connection or (is_old and b"keep-alive" not in connection)
    return Subrequest(words[1].partition(b"?")[0], headers, _body_bytes(headers), is_last)


def _values(headers: tuple[tuple[str, bytes], ...], name: str) -> list[bytes]:
    return [value.lower() for key, value in headers if key == name]


def _body_bytes(headers: tuple[tuple[str, bytes], ...]) -> int | None:
    lengths, codings = _values(headers, "content-length"), _values(headers, "transfer-encoding")
    if codings:
        if lengths or codings != [b"chunked"]:
            raise UnreadableError("the Transfer-Encoding is malformed")
        return None
    if not lengths:
        return 0
    if len(lengths) > 1 or not lengths[0].isdigit() or len(lengths[0]) > _MAX_DIGITS:
        raise UnreadableError("the Content-Length is malformed")
    return int(lengths[0])


def encode_answer(answer: Answer, *, is_last: bool) -> bytes:
    """Return the answer as it is sent."""
    status = "403 Forbidden" if answer.is_refused else "200 OK"
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in answer.headers)]
    if answer.body:
        lines.append("content-type: application/json")
    lines.append(f"content-length: {len(answer.body)}")
    if is_last:
        lines.append("connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body
