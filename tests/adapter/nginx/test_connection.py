"""A connection of nginx's: read whole, answered once each, never cut off before the answer."""

import asyncio
import gc
import socket
import struct
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest

from adapter.nginx.connection import MAX_HEAD_BYTES, Connections
from adapter.nginx.subrequest import Answer, Body, Subrequest

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
HEAD = b"POST /check HTTP/1.1\r\nX-Original-URI: /\r\n"


class FakeChecker:
    """Lets everything pass that can be read, once it may; remembers it."""

    def __init__(self) -> None:
        self.seen: list[tuple[Subrequest, Body, str]] = []
        self.complaints: list[str] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.is_asked = asyncio.Event()
        self.is_broken = False

    def begin(self, subrequest: Subrequest, peer: str) -> "FakeCheck":
        """Take the head."""
        return FakeCheck(self, subrequest, peer)

    def unreadable(self, why: str) -> Answer:
        """Refuse."""
        self.complaints.append(why)
        return Answer(is_refused=True)


class FakeCheck(NamedTuple):
    """Wants ten bytes."""

    checker: FakeChecker
    subrequest: Subrequest
    peer: str
    room: int = 10

    async def answer(self, body: Body) -> Answer:
        """Pass."""
        checker = self.checker
        if checker.is_broken:
            raise RuntimeError("broken")
        checker.seen.append((self.subrequest, body, self.peer))
        checker.is_asked.set()
        await checker.may_answer.wait()
        return Answer(is_refused=False)


class Bench:
    """A port that serves checks, and a client's connection to it."""

    def __init__(self) -> None:
        self.checker = FakeChecker()
        self.connections = Connections(self.checker)
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    async def ask(self, raw: bytes, *, answers: int = 1) -> list[bytes]:
        """Send the bytes and return as many answers, which have no body."""
        self.writer.write(raw)
        return [await self.reader.readuntil(b"\r\n\r\n") for _ in range(answers)]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """Yield a connected bench."""
    bench = Bench()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(bench.connections.protocol, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    bench.reader, bench.writer = await asyncio.open_connection(host, port)
    yield bench
    bench.writer.close()
    server.close()
    await bench.connections.finish()


@pytest.mark.parametrize(
    ("rest", "body"),
    [
        (b"\r\n", Body()),
        (b"Content-Length: 3\r\n\r\nabc", Body(b"abc")),
        (b"Content-Length: 10\r\n\r\n0123456789", Body(b"0123456789")),
        (b"Content-Length: 11\r\n\r\n0123456789a", Body(b"0123456789", is_cut=True)),
        (b"Transfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nX-T: 1\r\n\r\n", Body(b"abc")),
        (
            b"Transfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\nA\r\n0123456789\r\n0\r\n\r\n",
            Body(b"abcdef0123", is_cut=True),
        ),
        (
            b"Content-Length: 3000000\r\n\r\n" + b"a" * 3_000_000,
            Body(b"a" * 10, is_cut=True),
        ),
    ],
)
async def test_body_is_read_to_its_end(bench: Bench, rest: bytes, body: Body) -> None:
    """Its first part is kept, the rest taken off the connection, which then serves another."""
    for _ in range(2):
        assert await bench.ask(HEAD + rest) == [OK]
    assert [(seen[1], seen[2]) for seen in bench.checker.seen] == [(body, "127.0.0.1")] * 2


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"Content-Length: x\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n1_0\r\n" + b"a" * 16 + b"\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n\x0b1\r\na\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 16 + b"\r\n",
        HEAD + b"X-A: " + b"a" * (2 * MAX_HEAD_BYTES) + b"\r\n\r\n",
        b"GET  /check HTTP/1.1\r\n\r\n",
    ],
    ids=[
        "length",
        "chunk",
        "negative",
        "digits",
        "space",
        "long chunk",
        "huge chunk",
        "head",
        "line",
    ],
)
async def test_unreadable_is_answered_and_ends(bench: Bench, raw: bytes) -> None:
    """Nginx gets its refusal whole, with the end announced, though more was on its way."""
    (answer,) = await bench.ask(raw)
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"connection: close" in answer
    bench.writer.write_eof()
    assert await bench.reader.read() == b""
    assert len(bench.checker.complaints) == 1
    assert bench.checker.seen == []


async def test_last_one_ends_the_connection(bench: Bench) -> None:
    """HTTP/1.0 and Connection: close are obeyed."""
    await bench.ask(HEAD.replace(b"1.1", b"1.0") + b"\r\n")
    assert await bench.reader.read() == b""


async def test_other_path_is_not_found(bench: Bench) -> None:
    """A connection that carries checks carries nothing else, least of all a 200."""
    (answer,) = await bench.ask(b"GET /metrics HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert bench.checker.seen == []


async def test_pipelined_ones_are_answered_in_order(bench: Bench) -> None:
    """Two that come at once get two answers."""
    assert await bench.ask((HEAD + b"\r\n") * 2, answers=2) == [OK, OK]


async def test_end_in_the_middle_asks_nobody(bench: Bench) -> None:
    """When nginx goes away while it sends, nothing is checked."""
    bench.writer.write(HEAD + b"Content-Length: 5\r\n\r\nab")
    bench.writer.write_eof()
    assert await bench.reader.read() == b""
    assert bench.checker.seen == []


async def test_finish_gives_the_answer_that_is_waited_for(bench: Bench) -> None:
    """The end of the service waits for it, and announces that it is the last."""
    bench.checker.may_answer.clear()
    bench.writer.write(HEAD + b"\r\n")
    await bench.checker.is_asked.wait()
    finishing = asyncio.create_task(bench.connections.finish())
    await asyncio.sleep(0)
    assert not finishing.done()
    bench.checker.may_answer.set()
    await finishing
    assert b"connection: close" in await bench.reader.read()


async def test_finish_ends_idle_connections(bench: Bench) -> None:
    """Nobody waits for a connection that nothing is asked on."""
    await bench.ask(HEAD + b"\r\n")
    await bench.connections.finish()
    assert await bench.reader.read() == b""


async def test_crash_is_answered(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """A connection that ends without an answer would let the request pass."""
    bench.checker.is_broken = True
    (answer,) = await bench.ask(HEAD + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert "check_crashed" in caplog.text
    bench.checker.is_broken = False
    assert await bench.ask(HEAD + b"\r\n") == [OK]


async def test_nginx_that_leaves_during_the_check_is_no_trouble(bench: Bench) -> None:
    """Its client gave up: nobody is told, and nothing complains of the answer left over."""
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
    bench.checker.may_answer.clear()
    bench.writer.write(HEAD + b"\r\n")
    await bench.checker.is_asked.wait()
    sock = bench.writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    bench.writer.transport.abort()
    for _ in range(20):  # the reset arrives
        await asyncio.sleep(0)
    bench.checker.may_answer.set()
    await bench.connections.finish()
    gc.collect()
    await asyncio.sleep(0)
    assert not complaints
