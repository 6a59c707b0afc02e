"""As much of SPDY/3.1 as kubectl's port-forward speaks, from the server's side.

The numbers are those of the SPDY/3.1 draft (draft-mbelshe-httpbis-spdy-00, §2.2, §2.6): frames,
and header blocks that one zlib context per direction compresses with a dictionary known to both.
"""

import asyncio
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

FIN = 0x01
_CONTROL = 0x8000_0000
_VERSION = 3 << 16
_NAMES = """
options head post put delete trace accept accept-charset accept-encoding accept-language
accept-ranges age allow authorization cache-control connection content-base content-encoding
content-language content-length content-location content-md5 content-range content-type date etag
expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since
last-modified location max-forwards pragma proxy-authenticate proxy-authorization range referer
retry-after server te trailer transfer-encoding upgrade user-agent vary via warning
www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie keep-alive origin
"""
_TEXT = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request"
    "401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented"
    "503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, "
    "Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,"
    "application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdch"
    "charset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)


def _sized(text: str) -> bytes:
    return struct.pack("!I", len(text)) + text.encode()


DICTIONARY = b"".join(_sized(name.replace("_", " ")) for name in _NAMES.split()) + _TEXT.encode()
"""What both sides put before the first header block (§2.6.10.1)."""


class Kind(IntEnum):
    """The control frames that matter here; others are passed over."""

    DATA = 0
    SYN_STREAM = 1
    SYN_REPLY = 2
    RST_STREAM = 3
    PING = 6
    GOAWAY = 7


@dataclass(frozen=True)
class Frame:
    """One frame as it was read."""

    kind: int
    stream: int
    is_last: bool
    data: bytes
    headers: Mapping[str, str]


class Spdy:
    """Reads and writes frames on a connection that was upgraded."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    async def read(self) -> Frame | None:
        """Return the next frame, None at the end of the connection."""
        try:
            first, second = struct.unpack("!II", await self._reader.readexactly(8))
            body = await self._reader.readexactly(second & 0xFF_FFFF)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        is_last = bool(second >> 24 & FIN)
        if not first & _CONTROL:
            return Frame(Kind.DATA, first, is_last, body, {})
        kind = first & 0xFFFF
        (stream,) = struct.unpack_from("!I", body)
        headers = self._headers(body[10:]) if kind == Kind.SYN_STREAM else {}
        return Frame(kind, stream & 0x7FFF_FFFF, is_last, body, headers)

    def reply(self, stream: int) -> None:
        """Accept a stream, with no headers to tell."""
        block = self._deflate.compress(struct.pack("!I", 0))
        block += self._deflate.flush(zlib.Z_SYNC_FLUSH)
        self._control(Kind.SYN_REPLY, struct.pack("!I", stream) + block)

    def send(self, stream: int, data: bytes, *, is_last: bool = False) -> None:
        """Send data on a stream; the last of it closes our half."""
        flags = FIN << 24 if is_last else 0
        self._writer.write(struct.pack("!II", stream, flags | len(data)) + data)

    def pong(self, ping: Frame) -> None:
        """Answer a ping by sending it back."""
        self._control(Kind.PING, ping.data)

    async def drain(self) -> None:
        """Wait until the other side reads."""
        await self._writer.drain()

    def _control(self, kind: Kind, body: bytes) -> None:
        self._writer.write(struct.pack("!II", _CONTROL | _VERSION | kind, len(body)) + body)

    def _headers(self, block: bytes) -> dict[str, str]:
        plain = self._inflate.decompress(block)
        (count,) = struct.unpack_from("!I", plain)
        texts, at = [], 4
        for _ in range(2 * count):
            (size,) = struct.unpack_from("!I", plain, at)
            texts.append(plain[at + 4 : at + 4 + size].decode())
            at += 4 + size
        return dict(zip(texts[::2], texts[1::2], strict=True))
