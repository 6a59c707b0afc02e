"""Content codings (RFC 9110 §8.4) undone, with a bound on what a small body may grow to."""

import zlib

from kysira.types import Uninspected

MAX_INFLATED_BYTES = 2 * 131072
"""Twice what the data path buffers of a body: scoring more would take longer than it waits."""
MAX_CODINGS = 3
MAX_MEMBERS = 32
"""gzip members that are read: each one left copies the rest of the body."""


def inflate(body: bytes, content_encoding: bytes, problems: set[Uninspected]) -> bytes:
    """Return the body without its codings, at most ``MAX_INFLATED_BYTES`` of it.

    ``content_encoding`` is in lower case. An unknown coding or broken data adds ``encoding`` to
    ``problems``, a bomb ``budget``; the part that could be read is returned, the same object when
    there is nothing to undo.
    """
    if not content_encoding or not body:
        return body
    codings = [name.strip() for name in content_encoding.split(b",") if name.strip()]
    if len(codings) > MAX_CODINGS:
        problems.add(Uninspected.ENCODING)
        codings = codings[-MAX_CODINGS:]
    for name in reversed(codings):
        if name in (b"gzip", b"x-gzip", b"deflate"):
            body = _inflate_one(body, name, problems)
        elif name not in (b"identity", b"aws-chunked"):
            problems.add(Uninspected.ENCODING)
            return body
    return body


def _inflate_one(body: bytes, name: bytes, problems: set[Uninspected]) -> bytes:
    window = zlib.MAX_WBITS | 16 if name != b"deflate" else zlib.MAX_WBITS
    if name == b"deflate" and not _has_zlib_header(body):
        window = -zlib.MAX_WBITS  # many clients send raw deflate, RFC 9110 §8.4.1.2 notes
    out = bytearray()
    rest = body
    for _ in range(MAX_MEMBERS):
        stream = zlib.decompressobj(window)
        try:
            out += stream.decompress(rest, MAX_INFLATED_BYTES + 1 - len(out))
        except zlib.error:
            problems.add(Uninspected.ENCODING)
            break
        if len(out) > MAX_INFLATED_BYTES:
            problems.add(Uninspected.BUDGET)
            return bytes(out[:MAX_INFLATED_BYTES])
        if not stream.eof:
            break  # cut off: what came is what there is to read
        rest = stream.unused_data if name != b"deflate" else b""
        if not rest:
            break
    else:
        problems.add(Uninspected.BUDGET)
    return bytes(out) or body


def _has_zlib_header(body: bytes) -> bool:
    return len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
