"""One connection of nginx's: each subrequest read whole, checked and answered, one at a time."""

import asyncio
import logging
import re
from contextlib import suppress
from typing import Protocol

from adapter.nginx.subrequest import (
    CHECK_PATHS,
    Answer,
    Body,
    Subrequest,
    UnreadableError,
    encode_answer,
    parse_subrequest,
)

log = logging.getLogger(__name__)
MAX_HEAD_BYTES = 1 << 20
"""Above what nginx takes of a client, 32 KiB unless ``large_client_header_buffers`` says more."""
IDLE_S = 90.0
"""How long nginx may keep a connection without a word: it closes one itself after 60 s."""
_LINGER_S = 5.0
_PIECE = 65536
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15}+)[ \t]*+(?:;[^\r\n]*+)?+\r\n")
_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Check(Protocol):
    """One request that is being checked."""

    @property
    def room(self) -> int:
        """How many bytes of its body are wanted."""

    async def answer(self, body: Body) -> Answer:
        """Return what to tell nginx, now that the body has come."""


class Checker(Protocol):
    """Whoever decides."""

    def begin(self, subrequest: Subrequest, peer: str) -> Check:
        """Return the check of a head; ``peer`` is the address that nginx has connected from."""

    def unreadable(self, why: str) -> Answer:
        """Return what to tell nginx of something that can't be read."""


class Connection:
    """A connection that carries checks."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, checker: Checker
    ) -> None:
        self._reader, self._writer, self._checker = reader, writer, checker
        self._peer = str((writer.get_extra_info("peername") or ("",))[0])
        self._is_busy = self._is_ending = False

    async def serve(self) -> None:
        """Answer what comes until either side ends it."""
        try:
            while await self._serve_one():
                pass
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError):
            pass  # nginx has gone, and so has whoever waits for an answer
        finally:
            self._writer.close()

    def finish(self) -> None:
        """End the connection: at once, or with the answer that nginx waits for."""
        self._is_ending = True
        if not self._is_busy:
            self._writer.close()

    async def _serve_one(self) -> bool:
        """Return True when another may come."""
        try:
            async with asyncio.timeout(IDLE_S):
                block = await self._reader.readuntil(b"\r\n\r\n")
                self._is_busy = True
                subrequest = parse_subrequest(block[:-4])
                check = self._begin(subrequest)
                body = await self._read_body(subrequest, 0 if check is None else check.room)
        except (UnreadableError, asyncio.LimitOverrunError) as error:
            await self._answer(self._checker.unreadable(str(error)), is_last=True)
            await self._linger()
            return False
        if check is None and subrequest.path not in CHECK_PATHS:
            self._write(_NOT_FOUND)
            return False
        answer = await self._check(check, body)
        is_last = subrequest.is_last or self._is_ending
        await self._answer(answer, is_last=is_last)
        self._is_busy = False
        return not is_last

    def _begin(self, subrequest: Subrequest) -> Check | None:
        if subrequest.path not in CHECK_PATHS:
            return None
        try:
            return self._checker.begin(subrequest, self._peer)
        except Exception:
            log.exception("check_crashed")
            return None

    async def _check(self, check: Check | None, body: Body) -> Answer:
        try:
            if check is not None:
                return await check.answer(body)
        except Exception:  # without an answer nginx may let the request pass
            log.exception("check_crashed")
        return self._checker.unreadable("the check has crashed")

    async def _answer(self, answer: Answer, *, is_last: bool) -> None:
        self._write(encode_answer(answer, is_last=is_last))
        await self._writer.drain()

    def _write(self, data: bytes) -> None:
        """Send it; raises ConnectionError when nginx has gone, which uvloop takes for a bug."""
        if self._writer.is_closing():
            raise ConnectionResetError("nginx is gone")
        self._writer.write(data)

    async def _read_body(self, subrequest: Subrequest, room: int) -> Body:
        """Return the first ``room`` bytes, once all have come.

        Were the connection closed with something unread, nginx might see a reset before the
        answer, and fail open: a long body must not be a way past the adapter.
        """
        if subrequest.body_bytes is not None:
            kept = await self._take(subrequest.body_bytes, room)
            return Body(kept, subrequest.body_bytes > room)
        return await self._read_chunks(room)

    async def _take(self, size: int, room: int) -> bytes:
        """Return the first ``room`` of the next ``size`` bytes, once all have come."""
        kept = await self._reader.readexactly(min(size, room))
        left = size - len(kept)
        while left:
            left -= len(await self._reader.readexactly(min(left, _PIECE)))
        return kept

    async def _read_chunks(self, room: int) -> Body:
        kept, size = bytearray(), 0
        while length := _chunk_size(await self._reader.readuntil(b"\r\n")):
            kept += await self._take(length, room - len(kept))
            size += length
            if await self._reader.readexactly(2) != b"\r\n":
                raise UnreadableError("a chunk is longer than it says")
        while await self._reader.readuntil(b"\r\n") != b"\r\n":
            pass  # trailers
        return Body(bytes(kept), size > room)

    async def _linger(self) -> None:
        """Read on until nginx has its answer and closes."""
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(_LINGER_S):
                while await self._reader.read(_PIECE):
                    pass


def _chunk_size(line: bytes) -> int:
    match = _CHUNK_SIZE.fullmatch(line)
    if match is None:
        raise UnreadableError("a chunk's size is malformed")
    return int(match[1], 16)


class Connections:
    """All connections that carry checks."""

    def __init__(self, checker: Checker) -> None:
        self._checker = checker
        self._open: dict[Connection, asyncio.Task[None]] = {}

    def protocol(self) -> asyncio.Protocol:
        """Return the protocol of a new connection."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(MAX_HEAD_BYTES, loop)
        return asyncio.StreamReaderProtocol(reader, self._begin, loop)

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer, self._checker)
        task = asyncio.create_task(connection.serve())
        self._open[connection] = task
        task.add_done_callback(lambda _: self._open.pop(connection))

    async def finish(self) -> None:
        """Return when every answer that nginx waits for is given."""
        for connection in self._open:
            connection.finish()
        if self._open:
            await asyncio.wait(self._open.values())
