"""Both ends of the proxy as raw sockets, where bytes matter."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

DEADLINE_S = 20.0
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def read_message(reader: asyncio.StreamReader) -> bytes:
    """Return one request or answer as it came: head, and its body if the head announces one."""
    head = await reader.readuntil(b"\r\n\r\n")
    if match := re.search(rb"(?i)\r\ncontent-length: *(\d+)\r\n", head):
        return head + await reader.readexactly(int(match[1]))
    if re.search(rb"(?i)\r\ntransfer-encoding: *chunked\r\n", head):
        body = b""
        while not body.endswith(b"0\r\n\r\n"):
            body += await reader.readuntil(b"\r\n")
        return head + body
    return head


class RawApp:
    """An app that answers with fixed bytes and keeps what came, or talks as it is told to."""

    def __init__(self, *answers: bytes, closes: bool = False, talk: Conversation | None = None):
        """Give the last of the ``answers`` again and again; ``closes`` ends each connection."""
        self.requests: list[bytes] = []
        self.connections = 0
        self.port = 0
        self.arrived = asyncio.Event()
        self._answers = list(answers or (OK,))
        self._closes = closes
        self._talk = talk or self._answer
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self, tls: ssl.SSLContext | None = None) -> AsyncIterator["RawApp"]:
        """Listen on a free port, or the one from before."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._talk(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            self.requests.append(await read_message(reader))
            self.arrived.set()
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            writer.write(answer)
            await writer.drain()
            if self._closes:
                return


@asynccontextmanager
async def connected(
    port: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open a connection, and close it whatever happens."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=tls, server_hostname="localhost" if tls else None
    )
    try:
        async with asyncio.timeout(DEADLINE_S):
            yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def ask(port: int, request: bytes, tls: ssl.SSLContext | None = None) -> bytes:
    """Send the bytes and return all that comes back until the connection ends."""
    async with connected(port, tls) as (reader, writer):
        writer.write(request)
        answer = b""
        with suppress(ConnectionResetError):
            while piece := await reader.read(65536):
                answer += piece
        return answer


def get(target: bytes = b"/", *lines: bytes, version: bytes = b"1.1") -> bytes:
    """Return a GET that ends its connection."""
    head = (b"GET " + target + b" HTTP/" + version, b"Host: shop.example", b"Connection: close")
    return b"\r\n".join([*head, *lines, b"\r\n"])


def lines_of(message: bytes) -> list[bytes]:
    """Return the lines of a message's head."""
    return message.partition(b"\r\n\r\n")[0].split(b"\r\n")


def header(message: bytes, name: bytes) -> list[bytes]:
    """Return the values of a header, in any case."""
    rows = [line.partition(b":") for line in lines_of(message)[1:]]
    return [value.strip() for key, _, value in rows if key.lower() == name.lower()]
