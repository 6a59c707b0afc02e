"""Content codings (RFC 9110 §8.4) undone, with a bound on what a small body may grow to."""

import zlib
from collections.abc import Callable

import brotli  # type: ignore[import-untyped]
import zstandard

from kysira.types import Uninspected

MAX_INFLATED_BYTES = 2 * 131072
"""Twice what the data path buffers of a body: scoring more would take longer than it waits."""
MAX_CODINGS = 3
MAX_MEMBERS = 32
"""gzip members that are read: each one left copies the rest of the body."""
_MAX_ZSTD_WINDOW = 8 << 20
"""Bytes of history that a zstd body may ask for (RFC 9659 §3)."""
_STEP = 65536
"""Bytes inflated at a time: an error loses no more than those."""


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
        if name in (b"identity", b"aws-chunked"):
            continue
        undo = _CODINGS.get(name)
        if undo is None:
            problems.add(Uninspected.ENCODING)
            return body
        body = _bounded(undo(body, problems), problems) or body
    return body


def _bounded(found: bytes, problems: set[Uninspected]) -> bytes:
    if len(found) <= MAX_INFLATED_BYTES:
        return found
    problems.add(Uninspected.BUDGET)
    return found[:MAX_INFLATED_BYTES]


def _gunzip(body: bytes, problems: set[Uninspected]) -> bytes:
    return _inflate_members(body, zlib.MAX_WBITS | 16, MAX_MEMBERS, problems)


def _undeflate(body: bytes, problems: set[Uninspected]) -> bytes:
    # Many clients send raw deflate, RFC 9110 §8.4.1.2 notes.
    window = zlib.MAX_WBITS if _has_zlib_header(body) else -zlib.MAX_WBITS
    return _inflate_members(body, window, 1, problems)


def _inflate_members(body: bytes, window: int, members: int, problems: set[Uninspected]) -> bytes:
    out = bytearray()
    for number in range(members):
        stream = zlib.decompressobj(window)
        try:
            out += stream.decompress(body, MAX_INFLATED_BYTES + 1 - len(out))
        except zlib.error:
            problems.add(Uninspected.ENCODING)
            break
        if not stream.eof or len(out) > MAX_INFLATED_BYTES:
            break  # cut off: what came is what there is to read
        body = stream.unused_data
        if not body:
            break
        if number == members - 1 > 0:
            problems.add(Uninspected.BUDGET)
    return bytes(out)


def _has_zlib_header(body: bytes) -> bool:
    return len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0


def _unbrotli(body: bytes, problems: set[Uninspected]) -> bytes:
    """Undo RFC 7932: a window of 16 MiB at most."""
    stream, out, rest = brotli.Decompressor(), bytearray(), body
    try:
        while len(out) <= MAX_INFLATED_BYTES and not stream.is_finished():
            step = stream.process(rest, output_buffer_limit=_STEP)
            rest = b""
            if not step:
                break  # cut off
            out += step
        is_read = bool(out) or stream.is_finished()
    except brotli.error:
        is_read = False
    if not is_read:
        problems.add(Uninspected.ENCODING)
    return bytes(out)


def _unzstd(body: bytes, problems: set[Uninspected]) -> bytes:
    """Undo RFC 8878: one frame or several, skippable ones left out."""
    out = bytearray()
    decompressor = zstandard.ZstdDecompressor(max_window_size=_MAX_ZSTD_WINDOW)
    stream = decompressor.stream_reader(body, read_across_frames=True)
    try:
        while len(out) <= MAX_INFLATED_BYTES and (step := stream.read(_STEP)):
            out += step
    except zstandard.ZstdError:
        problems.add(Uninspected.ENCODING)
    return bytes(out)


_CODINGS: dict[bytes, Callable[[bytes, set[Uninspected]], bytes]] = {
    b"gzip": _gunzip,
    b"x-gzip": _gunzip,
    b"deflate": _undeflate,
    b"br": _unbrotli,
    b"zstd": _unzstd,
}
