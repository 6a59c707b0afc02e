"""What is scored is what the app reads: the proxy's parser, against other servers' parsers."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from adapter.frontends.reverse_proxy import ReverseProxy
from adapter.proxy.client import ClientConnection
from adapter.proxy.limits import Limits
from adapter.proxy.pool import Pool
from adapter.proxy.target import read_target
from adapter.proxy.upstream import UpstreamConnection
from kysira.client_address import BELIEVE_NOBODY
from kysira.guard import Guard
from kysira.metrics import GuardMetrics
from kysira.mode_store import ModeStore
from kysira.policy import Policy
from kysira.types import Mode, Request
from tests.adapter.proxied import Events, Scorer
from tests.adapter.proxy.readers import Read, by_h11, by_llhttp
from tests.adapter.raw import OK

_TURNS = 40
"""Turns of the loop in which everything has happened that can happen."""


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        super().__init__({"peername": ("192.0.2.1", 1)})
        self.written = bytearray()
        self._protocol = protocol
        self._is_closing = False

    def write(self, data: Any) -> None:
        """Keep it."""
        self.written += data

    def is_closing(self) -> bool:
        """Return True once it was closed."""
        return self._is_closing

    def close(self) -> None:
        """Be lost soon."""
        if not self._is_closing:
            self._is_closing = True
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)

    def abort(self) -> None:
        """Be lost soon."""
        self.close()

    def can_write_eof(self) -> bool:
        """Return True."""
        return True

    def write_eof(self) -> None:
        """Do nothing."""

    def pause_reading(self) -> None:
        """Do nothing: all has come at once."""

    def resume_reading(self) -> None:
        """Do nothing."""

    def get_write_buffer_size(self) -> int:
        """Return 0: everything is gone at once."""
        return 0


class Upstream(UpstreamConnection):
    """Answers once it has a whole request, and notes that it has."""

    is_whole = False

    def expect_answer(self) -> None:
        """Answer."""
        super().expect_answer()
        self.is_whole = True
        asyncio.get_running_loop().call_soon(self.data_received, OK)


class Upstreams(Pool):
    """Gives each request a connection of its own."""

    def __init__(self) -> None:
        super().__init__(read_target("http://app"), Limits())
        self.made: list[Upstream] = []

    def idle(self, *, is_repeatable: bool) -> UpstreamConnection | None:
        """Return None."""
        return None

    async def new(self) -> UpstreamConnection:
        """Return a new one."""
        connection = Upstream(lambda _: None, 60.0)
        connection.connection_made(Wire(connection))
        self.made.append(connection)
        return connection


class Bench:
    """What decides requests, made once."""

    def __init__(self) -> None:
        self.scorer, self.pool = Scorer(), Upstreams()
        modes = ModeStore(Mode.SHADOW, Path("/nonexistent"))
        metrics = GuardMetrics("kysira", CollectorRegistry())
        guard = Guard(self.scorer, Policy(), modes, metrics, Events())
        self.handler = ReverseProxy(guard, self.pool, BELIEVE_NOBODY)


@dataclass
class Passed:
    """What the proxy has made of a client's bytes."""

    scored: list[Request] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    """What went to the app, by request; only the last one may be a part."""
    is_last_whole: bool = True


async def passed(bench: Bench, data: bytes, cuts: list[int]) -> Passed:
    """Send the bytes, cut into pieces, through everything but the sockets."""
    scorer, pool = bench.scorer, bench.pool
    scorer.asked, pool.made = [], []
    client = ClientConnection(bench.handler, Limits(), stop=asyncio.Event(), connections=set())
    wire = Wire(client)
    client.connection_made(wire)
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, end in pairwise(edges):
        if start != end and not wire.is_closing():
            client.data_received(data[start:end])
            await asyncio.sleep(0)
    for _ in range(_TURNS):
        await asyncio.sleep(0)
    wire.close()
    for connection in pool.made:
        connection.transport.close()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    sent = [bytes(cast(Wire, connection.transport).written) for connection in pool.made]
    is_whole = pool.made[-1].is_whole if pool.made else True
    return Passed(scorer.asked, sent, is_whole)


HEADERS = [
    b"Content-Length: 3", b"Content-Length: 0", b"Content-Length: 5", b"Content-Length:3 ",
    b"Content-Length: 03", b"Content-Length: +3", b"Content-Length: 3, 3", b"content_length: 9",
    b"Transfer-Encoding: chunked", b"transfer-encoding:CHUNKED", b"Transfer-Encoding: chunked\t",
    b"Transfer-Encoding: identity", b"Transfer-Encoding: gzip, chunked", b"TE: trailers",
    b"Transfer-Encoding:\x0bchunked", b"Transfer-Encoding: chunked,", b"Transfer_Encoding: chunked",
    b"Transfer-Encoding : chunked", b"Transfer-Encoding\t: chunked", b"Trailer: X",
    b"X: a\r\n b", b"X: a\n b", b"X: \xff\x80", b"X: a\x00b", b"X: a\rb", b"X:", b"X", b": y",
    b"Host: b", b"Connection: close", b"Connection: keep-alive", b"Connection: x, content-length",
    b"Connection: transfer-encoding", b"Connection: host", b"Expect: 100-continue",
    b"Content-Type: text/plain", b"Cookie: a=b; c", b"X-Kysira-Score: 0", b"X.Kysira.Mode: x",
    b"Content-Encoding: gzip", b"Connection: content-encoding", b"X-A\xc3: b", b"Expect: x",
]  # fmt: skip
BODIES = [
    b"", b"abc", b"abcde", b"0\r\n\r\n", b"3\r\nabc\r\n0\r\n\r\n",
    b"3;x=y\r\nabc\r\n0\r\nX: y\r\n\r\n", b"3;a\nb\r\nabc\r\n0\r\n\r\n",
    b"03\r\nabc\r\n00\r\n\r\n", b"3 \r\nabc\r\n0\r\n\r\n", b"3\nabc\n0\n\n",
    b"0x3\r\nabc\r\n0\r\n\r\n", b"3\r\nabcd\r\n0\r\n\r\n", b"+3\r\nabc\r\n0\r\n\r\n",
    b"3\r\nabc\r\n0\r\nContent-Length: 9\r\n\r\n", b'3;a="\r\nabc\r\n0\r\n\r\n',
    b"3\r\r\nabc\r\n0\r\n\r\n", b"1_0\r\n" + b"a" * 16 + b"\r\n0\r\n\r\n",
    b"3;\r\nabc\r\n0;\r\n\r\n", b"3\t;a\r\nabc\r\n0\r\n\r\n",
    b"\r\n", b"\n", b"GET /in HTTP/1.1\r\nHost: a\r\n\r\n", b"3\r\nabc\r\n0\r\nX: y\r\n z\r\n\r\n",
]  # fmt: skip
FRAMINGS = [row for row in HEADERS if row.lower().startswith((b"content", b"transfer"))]
FRAMED = st.one_of(
    st.just(([], b"")),
    st.just(([b"Content-Length: 3"], b"abc")),
    st.sampled_from(BODIES).map(lambda body: ([b"Transfer-Encoding: chunked"], body)),
    st.sampled_from(BODIES).map(lambda body: ([b"Content-Length: %d" % len(body)], body)),
    st.sampled_from(BODIES).map(lambda body: ([], body)),
    st.sampled_from(FRAMINGS).map(lambda row: ([row], b"abc")),
    st.sampled_from(FRAMINGS).map(lambda row: ([row], b"3\r\nabc\r\n0\r\n\r\n")),
)
"""Bodies and what announces them, truly or not."""
LINES = [
    b"GET / HTTP/1.1", b"POST /p?q HTTP/1.1", b"POST / HTTP/1.0", b"HEAD / HTTP/1.1",
    b"PUT /%00 HTTP/1.1", b"GET http://a/x HTTP/1.1", b"GET http://b/x HTTP/1.1",
    b"OPTIONS * HTTP/1.1", b"GET  / HTTP/1.1", b"GET / HTTP/1.1 ",
    b"GET /\xff HTTP/1.1", b"GET /a#b HTTP/1.1", b"get / HTTP/1.1", b"DELETE //a/.. HTTP/1.1",
    b"GET /a b HTTP/1.1", b"GET\t/ HTTP/1.1", b"GET / HTTP/1.2", b"GET / http/1.1", b"GET /",
]  # fmt: skip
SPLICES = [
    b"\r", b"\n", b"\r\n", b"\r\n\r\n", b" ", b"\t", b"\0", b"\x0b", b":", b";", b",", b"+", b"-",
    b"0", b"9", b"f", b"_", b"\x7f", b"\x80", b"\xff", b'"', b"chunked", b"\r\n ", *HEADERS,
]  # fmt: skip


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Return some requests, of which most have something odd, and odd bytes in odd places."""
    data = b""
    for _ in range(draw(st.integers(1, 3))):
        rows = [draw(st.sampled_from(LINES)), b"Host: a"]
        rows += draw(st.lists(st.sampled_from(HEADERS), max_size=2))
        framing, body = draw(FRAMED)
        data += b"\r\n".join([*rows, *framing]) + b"\r\n\r\n" + body
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(st.sampled_from(SPLICES)) + data[at + draw(st.integers(0, 2)) :]
    return data


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Return a loop that no example has to make."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture(scope="module")
def bench(loop: asyncio.AbstractEventLoop) -> Bench:
    """Return a bench on that loop."""

    async def made() -> Bench:
        return Bench()

    return loop.run_until_complete(made())


def assert_alike(ours: Request, theirs: Read) -> None:
    """Compare method, target and body."""
    told = (ours.method.encode(), ours.target, ours.body)
    assert told == (theirs.method, theirs.target, theirs.body)


ADDED = (b"x-kysira-", b"x-forwarded-", b"transfer-encoding")
"""What the proxy says itself."""


@settings(max_examples=2500)
@given(streams(), st.lists(st.integers(0, 10_000), max_size=4))
def test_all_read_what_was_scored(
    loop: asyncio.AbstractEventLoop, bench: Bench, data: bytes, cuts: list[int]
) -> None:
    """What goes to the app is one request, the scored one, to each parser that takes it.

    And what a client has sent is, to each parser that takes it, what we have read in it.
    """
    result = loop.run_until_complete(passed(bench, data, cuts))
    whole = result.scored[: len(result.sent) - (not result.is_last_whole)]
    for read in (lambda raw: by_llhttp(raw, loop), by_h11):
        for number, sent in enumerate(result.sent):
            reading, is_whole = read(sent), number < len(whole)
            assert len(reading.requests) <= is_whole
            if read is by_h11 and is_whole and whole[number].target.isascii():
                assert reading.requests  # it takes all that is by the book, as this has to be
            for theirs in reading.requests:
                assert_alike(whole[number], theirs)
                told = {(name.encode("latin-1"), value) for name, value in whole[number].headers}
                heard = {row for row in theirs.headers if not row[0].startswith(ADDED)}
                assert heard - told <= {(b"host", b"app")}  # where the client said none
        reading = read(data)
        for ours, theirs in zip(whole, reading.requests, strict=False):
            assert_alike(ours, theirs)
        if reading.is_clean:
            assert len(whole) <= len(reading.requests)
