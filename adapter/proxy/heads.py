"""The heads of HTTP/1.1 messages, every byte kept (RFC 9112 §2 to §5).

Requests are read strictly: what two servers could read in two ways is refused. Answers are read
as leniently as is safe, since the app is not ours to mend. aiohttp's own parsers refuse targets
with bytes over 0x7F and methods they don't know.
"""

import re
from typing import NamedTuple

from adapter.proxy.errors import MessageError, UpstreamError
from adapter.proxy.limits import MAX_HEADERS

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
_TEXT = rb"[\t\x20-\x7e\x80-\xff]"
# Possessive throughout: nothing here can backtrack, whatever a client sends.
_REQUEST_LINE = re.compile(
    rb"(" + _TOKEN + rb"{1,32}+) ([\x21-\x7e\x80-\xff]++) HTTP/([0-9])\.([0-9])"
)
_HEADERS = re.compile(rb"(?:" + _TOKEN + rb"++:" + _TEXT + rb"*+\r\n)*+")
_NAME = re.compile(_TOKEN + rb"++")
_ABSOLUTE = re.compile(rb"[Hh][Tt][Tt][Pp][Ss]?+://([^/?#]++)")
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: ([^\x00\r\n]*+))?+")
_NOT_VALUE = re.compile(rb"[\x00\r\n]")
_HOST = re.compile(rb"[0-9A-Za-z\-._~%!$&'()*+,;=:\[\]]*+")

CONTROLS = frozenset(
    {
        "authorization", "connection", "content-length", "expect", "host", "keep-alive",
        "transfer-encoding", "upgrade",
    }
)  # fmt: skip
"""The headers that say how a message is to be carried."""
_MAX_NAMES = 2048
_lower_names: dict[bytes, str] = {}


class Header(NamedTuple):
    """One header line, as sent."""

    name: bytes
    key: str
    """The name in lower case."""
    value: bytes
    """Without the white space around it."""


class RequestHead(NamedTuple):
    """A request line and its headers."""

    method: bytes
    target: bytes
    minor: int
    """The digit after ``HTTP/1.``."""
    headers: list[Header]
    controls: dict[str, list[bytes]]
    """The values of ``CONTROLS``, by name, of those that are there."""


class ResponseHead(NamedTuple):
    """A status line and its headers."""

    minor: int
    status: int
    reason: bytes
    headers: list[Header]
    controls: dict[str, list[bytes]]


def parse_request_head(block: bytes) -> RequestHead:
    """Return the head; ``block`` goes up to, and with, the line break of its last line.

    Raises MessageError.
    """
    line, _, rest = block.partition(b"\r\n")
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise MessageError("the request line is malformed")
    method, target, major, minor = match.groups()
    if major != b"1" or minor not in b"01":
        raise MessageError("only HTTP/1.1 and HTTP/1.0 are spoken here", 505)
    if _HEADERS.fullmatch(rest) is None:
        raise MessageError("a header line is malformed")
    lines = rest.split(b"\r\n")
    lines.pop()
    if len(lines) > MAX_HEADERS:
        raise MessageError("too many header lines", 431)
    headers, controls = _headers(lines)
    head = RequestHead(method, target, int(minor), headers, controls)
    _check_host(head, _check_target(head))
    return head


def _headers(lines: list[bytes]) -> tuple[list[Header], dict[str, list[bytes]]]:
    headers, controls = [], {}  # type: list[Header], dict[str, list[bytes]]
    for line in lines:
        name, _, value = line.partition(b":")
        value = value.strip(b" \t")
        key = _lower_names.get(name) or lower(name)
        headers.append(Header(name, key, value))
        if key in CONTROLS:
            controls.setdefault(key, []).append(value)
    return headers, controls


def lower(name: bytes) -> str:
    """Return a header's name in lower case; those seen before are remembered."""
    key = name.decode("latin-1").lower()
    if len(name) <= 64:
        if len(_lower_names) >= _MAX_NAMES:  # whoever sends many names gains nothing by it
            _lower_names.clear()
        _lower_names[name] = key
    return key


def _check_target(head: RequestHead) -> bytes | None:
    """Refuse what is no target of RFC 9112 §3.2, and the tunnel that nobody asked us to be.

    Returns the host that an absolute target names.
    """
    if head.method == b"CONNECT":
        raise MessageError("CONNECT is for forward proxies", 405)
    target = head.target
    if target.startswith(b"/") or (target == b"*" and head.method == b"OPTIONS"):
        return None
    match = _ABSOLUTE.match(target)
    if match is None:
        raise MessageError("the request target is malformed")
    return match[1]


def _check_host(head: RequestHead, authority: bytes | None) -> None:
    hosts = head.controls.get("host", ())
    if len(hosts) > 1 or (head.minor == 1 and not hosts):
        raise MessageError("a request has one Host header")
    if hosts and _HOST.fullmatch(hosts[0]) is None:
        raise MessageError("the Host header is malformed")
    # RFC 9112 §3.2: one app obeys the target, the next the header.
    if authority is not None and (not hosts or hosts[0].lower() != authority.lower()):
        raise MessageError("the request target names another host than the Host header")


def parse_response_head(block: bytes) -> ResponseHead:
    """Return the head of an answer; ``block`` ends with the line break of its last line.

    Lines may end in a line feed alone, and be folded. Raises UpstreamError.
    """
    line, _, rest = block.partition(b"\n")
    match = _STATUS_LINE.fullmatch(line.removesuffix(b"\r"))
    if match is None:
        raise UpstreamError("the app's answer is no HTTP/1.1")
    # Most apps write what is asked of clients, too.
    lines = rest.split(b"\r\n") if _HEADERS.fullmatch(rest) else _mended(rest)
    lines.pop()
    headers, controls = _headers(lines)
    minor, status, reason = match.groups()
    return ResponseHead(int(minor), int(status), reason or b"", headers, controls)


def _mended(rest: bytes) -> list[bytes]:
    """Return the lines, unfolded and without what RFC 9112 §5 forbids us to pass on."""
    lines: list[bytes] = []
    for line in rest.split(b"\n"):
        row = line.removesuffix(b"\r")
        if row[:1] in (b" ", b"\t") and lines:
            lines[-1] += b" " + row.strip(b" \t")
            continue
        name, colon, value = row.partition(b":")
        name = name.rstrip(b" \t")
        if row and (not colon or _NAME.fullmatch(name) is None or _NOT_VALUE.search(value)):
            raise UpstreamError("the app's answer has a malformed header")
        lines.append(name + b":" + value)
    return lines
