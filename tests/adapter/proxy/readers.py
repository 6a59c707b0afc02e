"""Requests as other servers' parsers read them: llhttp, which Node and aiohttp use, and h11."""

import asyncio
from typing import NamedTuple

import h11
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpRequestParser

_MAX_BYTES = 1 << 17


class Read(NamedTuple):
    """One whole request, as somebody has read it."""

    method: bytes
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    """With lower-case names."""
    body: bytes


class Reading(NamedTuple):
    """All that somebody has read in some bytes."""

    requests: list[Read]
    is_clean: bool
    """True when nothing was refused, and nothing was left over."""


def by_llhttp(data: bytes, loop: asyncio.AbstractEventLoop) -> Reading:
    """Return what aiohttp's parser in C reads; whatever came before an error too."""
    try:
        return _by_llhttp([data], loop)
    except ValueError:
        return _by_llhttp([data[at : at + 1] for at in range(len(data))], loop)


def _by_llhttp(pieces: list[bytes], loop: asyncio.AbstractEventLoop) -> Reading:
    parser = HttpRequestParser(
        BaseProtocol(loop), loop, _MAX_BYTES, max_line_size=_MAX_BYTES, max_field_size=_MAX_BYTES,
        max_headers=1000, auto_decompress=False,
    )  # fmt: skip
    found, is_clean = [], True
    for piece in pieces:
        try:
            messages, is_upgraded, _ = parser.feed_data(piece)
        except Exception:
            if len(pieces) == 1:
                raise ValueError from None
            is_clean = False
            break
        found += messages
        if is_upgraded:
            is_clean = False
            break
    requests = []
    for message, payload in found:
        if not payload.is_eof() or payload.exception() is not None:
            is_clean = False
            break
        body = b"" if not hasattr(payload, "_buffer") else b"".join(payload._buffer)
        requests.append(
            Read(
                message.method.encode(),
                message.path.encode("utf-8", "surrogateescape"),
                tuple((name.lower(), value) for name, value in message.raw_headers),
                body,
            )
        )
    return Reading(requests, is_clean)


def by_h11(data: bytes) -> Reading:
    """Return what h11 reads as a server, each request answered before the next."""
    server = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_BYTES)
    server.receive_data(data)
    requests: list[Read] = []
    request: h11.Request | None = None
    body = b""
    while True:
        try:
            event = server.next_event()
        except h11.RemoteProtocolError:
            return Reading(requests, is_clean=False)
        if event is h11.NEED_DATA:
            return Reading(requests, is_clean=request is None and not server.trailing_data[0])
        if isinstance(event, h11.Request):
            request, body = event, b""
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage) and request is not None:
            headers = tuple((bytes(name), bytes(value)) for name, value in request.headers)
            requests.append(Read(bytes(request.method), bytes(request.target), headers, body))
            request = None
            server.send(h11.Response(status_code=200, headers=[(b"Content-Length", b"0")]))
            server.send(h11.EndOfMessage())
            if server.our_state is not h11.DONE or server.their_state is not h11.DONE:
                return Reading(requests, is_clean=False)  # it would close the connection
            server.start_next_cycle()
        else:
            return Reading(requests, is_clean=False)
