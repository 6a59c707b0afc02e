"""Where the body of a message ends (RFC 9112 §6 and §7)."""

import re
from enum import Enum, auto
from typing import Protocol

from adapter.proxy.body import Body
from adapter.proxy.errors import MessageError, ProxyError, UpstreamError
from adapter.proxy.heads import RequestHead, ResponseHead

_SIZE = rb"([0-9A-Fa-f]{1,15}+)(?:[ \t]*+;[\t\x20-\x7e\x80-\xff]*+)?+"
_CHUNK_SIZE = re.compile(_SIZE)
_CHUNK_HEAD = re.compile(_SIZE + rb"\r\n")
_TRAILER = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++:[\t\x20-\x7e\x80-\xff]*+")
_MAX_LINE = 1024
_MAX_TRAILERS = 16384
_BAD_LENGTH = {
    MessageError: "the request's Content-Length is malformed",
    UpstreamError: "the app's answer has a malformed Content-Length",
}
_WITHOUT_BODY = frozenset({204, 304})


class Framing(Protocol):
    """Cuts a body out of what arrives."""

    def feed(self, data: bytes, body: Body) -> bytes | None:
        """Give the body its part, and its end; return what is behind it, None while it goes on.

        Raises MessageError.
        """

    def closed(self, body: Body, error: Exception | None) -> None:
        """Tell the body that its sender is gone; ``error`` is None when it has closed in peace."""


class Length:
    """A body of known length."""

    __slots__ = ("left",)

    def __init__(self, length: int) -> None:
        self.left = length

    def feed(self, data: bytes, body: Body) -> bytes | None:
        """Give the body what is left of its length."""
        size = len(data)
        if size < self.left:
            self.left -= size
            body.feed(data)
            return None
        end, self.left = self.left, 0
        body.feed(data if end == size else data[:end])
        body.end()
        return data[end:]

    def closed(self, body: Body, error: Exception | None) -> None:
        """Fail: something is missing."""
        body.fail(error or _cut_short())


class UntilClose:
    """A body that ends with its connection."""

    __slots__ = ()

    def feed(self, data: bytes, body: Body) -> bytes | None:
        """Give the body everything."""
        body.feed(data)
        return None

    def closed(self, body: Body, error: Exception | None) -> None:
        """End, unless the connection broke."""
        if error is None:
            body.end()
        else:
            body.fail(error)


class Broken:
    """What is left of a body that can't be cut out: nobody's."""

    __slots__ = ()

    def feed(self, data: bytes, body: Body) -> bytes | None:
        """Drop it."""
        return None

    def closed(self, body: Body, error: Exception | None) -> None:
        """Say nothing: the body knows already."""


class _Part(Enum):
    SIZE = auto()
    DATA = auto()
    DATA_END = auto()
    TRAILERS = auto()


class Chunked:
    """A body in chunks; extensions and trailers are read and dropped (RFC 9112 §7.1)."""

    __slots__ = ("_held", "_left", "_part", "_trailers")

    def __init__(self) -> None:
        self._held = b""
        self._left = 0
        self._part = _Part.SIZE
        self._trailers = 0

    def feed(self, data: bytes, body: Body) -> bytes | None:
        """Give the body the data of all chunks that came, in one piece."""
        if self._held:
            data, self._held = self._held + data, b""
        pieces: list[bytes] = []
        at: int | None = 0
        rest: bytes | None = None
        while at is not None:
            if self._part is _Part.DATA:
                at = self._data(data, at, pieces)
                continue
            if self._part is _Part.SIZE:
                at = _whole_chunks(data, at, pieces)
            line, at = self._line(data, at)
            if at is not None and self._read(line):
                rest = data[at:]
                break
        if pieces:
            body.feed(pieces[0] if len(pieces) == 1 else b"".join(pieces))
        if rest is not None:
            body.end()
        return rest

    def closed(self, body: Body, error: Exception | None) -> None:
        """Fail: the last chunk is missing."""
        body.fail(error or _cut_short())

    def _data(self, data: bytes, at: int, pieces: list[bytes]) -> int | None:
        piece = data[at : at + self._left]
        if piece:
            pieces.append(piece)
        self._left -= len(piece)
        if self._left:
            return None
        self._part = _Part.DATA_END
        return at + len(piece)

    def _line(self, data: bytes, at: int) -> tuple[bytes, int | None]:
        """Return the line that begins here and where it ends; None when more has to come."""
        end = data.find(b"\r\n", at, at + _MAX_LINE + 2)
        if end >= 0:
            return data[at:end], end + 2
        self._held = data[at:]
        # A lone line feed would be waited behind for ever.
        if len(self._held) > _MAX_LINE or b"\n" in self._held:
            raise MessageError("a chunk is malformed")
        return b"", None

    def _read(self, line: bytes) -> bool:
        """Take one line; return True at the end of the body."""
        if self._part is _Part.DATA_END:
            if line:
                raise MessageError("a chunk is longer than it says")
            self._part = _Part.SIZE
            return False
        if self._part is _Part.TRAILERS:
            return self._read_trailer(line)
        match = _CHUNK_SIZE.fullmatch(line)
        if match is None:
            raise MessageError("a chunk's size is malformed")
        self._left = int(match[1], 16)
        self._part = _Part.DATA if self._left else _Part.TRAILERS
        return False

    def _read_trailer(self, line: bytes) -> bool:
        self._trailers += len(line) + 2
        if line and (_TRAILER.fullmatch(line) is None or self._trailers > _MAX_TRAILERS):
            raise MessageError("a trailer is malformed, or there are too many")
        return not line


def _whole_chunks(data: bytes, at: int, pieces: list[bytes]) -> int:
    """Take the chunks that have come whole, and return where the next thing begins.

    A client may send a chunk for each byte: this is for speed alone, the rest does without.
    """
    while (head := _CHUNK_HEAD.match(data, at)) is not None:
        start = head.end()
        end = start + int(head[1], 16)
        if start == end or start - at > _MAX_LINE or data[end : end + 2] != b"\r\n":
            break
        pieces.append(data[start:end])
        at = end + 2
    return at


def request_framing(head: RequestHead) -> Framing | None:
    """Return how the request's body is cut out, None when there is none.

    Raises MessageError for all that two servers could read in two ways (RFC 9112 §6.3, §11.2).
    """
    codings = head.controls.get("transfer-encoding")
    lengths = head.controls.get("content-length")
    if codings is None:
        if lengths is None:
            return None
        length = _length(lengths, MessageError)
        return Length(length) if length else None
    if lengths is not None:
        raise MessageError("Content-Length and Transfer-Encoding exclude each other")
    if head.minor == 0:
        raise MessageError("HTTP/1.0 has no Transfer-Encoding")
    if len(codings) != 1 or codings[0].lower() != b"chunked":
        raise MessageError("the only Transfer-Encoding is chunked")
    return Chunked()


def response_framing(head: ResponseHead, method: bytes) -> Framing | None:
    """Return how the answer's body is cut out, None when there is none; raises UpstreamError."""
    if method == b"HEAD" or head.status < 200 or head.status in _WITHOUT_BODY:
        return None
    codings = head.controls.get("transfer-encoding")
    if codings is not None:
        if len(codings) == 1 and codings[0].lower() == b"chunked":
            return Chunked()
        raise UpstreamError("the app's answer has an unknown Transfer-Encoding")
    lengths = head.controls.get("content-length")
    if lengths is None:
        return UntilClose()
    length = _length(sorted(set(lengths)), UpstreamError)
    return Length(length) if length else None


def _length(values: list[bytes], error: type[ProxyError]) -> int:
    # isdigit: no sign, no list, and of bytes ASCII alone.
    if len(values) != 1 or not values[0].isdigit() or len(values[0]) > 18:
        raise error(_BAD_LENGTH[error])
    return int(values[0])


def _cut_short() -> Exception:
    return UpstreamError("the message was cut short")
