"""A client's connection: what is no clear request is refused, and nobody waits for ever."""

import asyncio
import time

import pytest

from adapter.proxy.limits import Limits
from tests.adapter.proxied import proxied, until_idle
from tests.adapter.raw import OK, RawApp, ask, connected, get, header, read_message

POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
END = b"\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
SMUGGLING = {
    "length and chunks": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" + END,
    "chunks and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" + END,
    "two lengths": POST + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde",
    "one length twice": POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "list of lengths": POST + b"Content-Length: 3, 3\r\n\r\nabc",
    "length with a sign": POST + b"Content-Length: +3\r\n\r\nabc",
    "negative length": POST + b"Content-Length: -3\r\n\r\nabc",
    "hex length": POST + b"Content-Length: 0x3\r\n\r\nabc",
    "length of other digits": POST + "Content-Length: ٣\r\n\r\nabc".encode(),
    "empty length": POST + b"Content-Length: \r\n\r\nabc",
    "huge length": POST + b"Content-Length: 9999999999999999999\r\n\r\nabc",
    "unknown coding": POST + b"Transfer-Encoding: xchunked\r\n" + END,
    "chunked is not last": POST + b"Transfer-Encoding: chunked, identity\r\n" + END,
    "another coding before": POST + b"Transfer-Encoding: gzip, chunked\r\n" + END,
    "two codings": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n" + END,
    "coding in quotes": POST + b'Transfer-Encoding: "chunked"\r\n' + END,
    "coding with a tab": POST + b"Transfer-Encoding: \x0bchunked\r\n" + END,
    "space before colon": POST + b"Transfer-Encoding : chunked\r\n" + END,
    "chunks in HTTP/1.0": CHUNKED.replace(b"1.1", b"1.0") + END,
    "folded header": POST + b"X: a\r\n b\r\n\r\n",
    "folded coding": POST + b"Transfer-Encoding:\r\n chunked\r\n" + END,
    "space before the first header": b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
    "NUL in a header": POST + b"X: a\0b\r\n\r\n",
    "control character": POST + b"X: a\x01b\r\n\r\n",
    "DEL": POST + b"X: a\x7fb\r\n\r\n",
    "bare CR": POST + b"X: a\rTransfer-Encoding: chunked\r\n\r\n",
    "bare LF in a header": POST + b"X: a\nTransfer-Encoding: chunked\r\n\r\n",
    "bare LF everywhere": b"GET / HTTP/1.1\nHost: a\n\n",
    "64 KB header line": POST + b"X: " + b"a" * 65536 + b"\r\n\r\n",
    "64 KB header line without end": POST + b"X: " + b"a" * 65536,
    "64 KB target": b"GET /" + b"a" * 65536 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "too many headers": POST + b"X: a\r\n" * 300 + b"\r\n",
    "no colon": POST + b"Xab\r\n\r\n",
    "no name": POST + b": b\r\n\r\n",
    "odd name": POST + b"X\xff: b\r\n\r\n",
    "two hosts": POST + b"Host: b\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "odd host": b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "host with a space": b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "two spaces": b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    "tab in the line": b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "space in the target": b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "odd version": b"GET / HTTP/1.1x\r\nHost: a\r\n\r\n",
    "no target": b"GET HTTP/1.1\r\nHost: a\r\n\r\n",
    "relative target": b"GET a HTTP/1.1\r\nHost: a\r\n\r\n",
    "asterisk for GET": b"GET * HTTP/1.1\r\nHost: a\r\n\r\n",
    "other scheme": b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "no authority": b"GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n",
    "another host": b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "another port": b"GET http://a:81/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "somebody at the host": b"GET http://b@a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "absolute without a Host": b"GET http://a/ HTTP/1.0\r\n\r\n",
    "tunnel": b"CONNECT a:22 HTTP/1.1\r\nHost: a:22\r\n\r\n",
    "TLS on the plain port": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "nonsense": b"\xff\xfe\xfd",
    "bad chunk size": CHUNKED + b"zz\r\nabc" + END,
    "chunk size with 0x": CHUNKED + b"0x3\r\nabc" + END,
    "negative chunk": CHUNKED + b"-3\r\nabc" + END,
    "chunk size with a sign": CHUNKED + b"+3\r\nabc" + END,
    "huge chunk": CHUNKED + b"10000000000000003\r\nabc" + END,
    "chunk size with a space": CHUNKED + b"3 \r\nabc" + END,
    "chunk size with LF": CHUNKED + b"3\nabc" + END,
    "LF in a chunk extension": CHUNKED + b"3;a\nb\r\nabc" + END,
    "endless chunk extension": CHUNKED + b"3;" + b"a" * 5000,
    "chunk longer than it says": CHUNKED + b"3\r\nabcde" + END,
    "no chunk size": CHUNKED + b"\r\nabc" + END,
    "folded trailer": CHUNKED + b"0\r\nX: a\r\n b\r\n\r\n",
    "endless trailers": CHUNKED + b"0\r\n" + b"X: aaaaaaaa\r\n" * 2000 + b"\r\n",
}


@pytest.mark.parametrize("sent", SMUGGLING.values(), ids=SMUGGLING)
async def test_ambiguous_request_is_refused(sent: bytes) -> None:
    """A 400 or the like, the connection ends, and the app has heard nothing of it."""
    async with RawApp().running() as app, proxied(app) as proxy:
        answer = await ask(proxy.port, sent)
        assert answer.startswith(b"HTTP/1.1 4")
        assert header(answer, b"connection") == [b"close"]
        assert answer.count(b"HTTP/1.1 ") == 1
        assert app.requests == []
        assert (await ask(proxy.port, get())).endswith(b"ok")  # others are unharmed


@pytest.mark.parametrize("version", [b"2.0", b"0.9", b"1.2", b"3.0"])
async def test_other_version_is_refused(version: bytes) -> None:
    """505, not a guess."""
    async with RawApp().running() as app, proxied(app) as proxy:
        answer = await ask(proxy.port, get(version=version))
        assert answer.startswith(b"HTTP/1.1 505 ")
        assert app.connections == 0


async def test_what_follows_a_broken_request_is_dropped() -> None:
    """The answers before it are given."""
    async with RawApp().running() as app, proxied(app) as proxy:
        request = b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
        answer = await ask(proxy.port, request + b"GET /2 HTTP/1.1\r\n\r\n" + request)
        assert answer.startswith(OK + b"HTTP/1.1 400 Bad Request\r\n")
        assert len(app.requests) == 1


async def test_head_arrives_byte_by_byte() -> None:
    """However a request is cut, it is the same one; empty lines before it are skipped."""
    async with RawApp().running() as app, proxied(app) as proxy:
        async with connected(proxy.port) as (reader, writer):
            sent = b"\r\n\r\nPOST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            for byte in sent + b"3;a\r\nabc\r\n0\r\nX: y\r\n\r\n":
                writer.write(bytes([byte]))
                await asyncio.sleep(0)
            assert await read_message(reader) == OK
        assert app.requests[0].endswith(b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n")


@pytest.mark.parametrize(
    ("sent", "status"),
    [(b"", b""), (b"GET / HT", b"408"), (POST + b"X: y\r\n", b"408")],
)
async def test_slow_head_times_out(sent: bytes, status: bytes) -> None:
    """One that has begun is told so; whoever says nothing is not."""
    async with RawApp().running() as app, proxied(app, limits=Limits(header_s=0.1)) as proxy:
        answer = await ask(proxy.port, sent)
        assert answer.split(b" ")[1:2] == ([status] if status else [])
        assert app.connections == 0


async def test_dripping_head_times_out() -> None:
    """A byte now and then gains no time."""
    async with RawApp().running() as app, proxied(app, limits=Limits(header_s=0.3)) as proxy:
        async with connected(proxy.port) as (reader, writer):
            read = asyncio.create_task(reader.read())
            started = time.monotonic()
            while not read.done() and time.monotonic() < started + 15:
                writer.write(b"G")
                await asyncio.sleep(0.02)
            assert (await read).startswith(b"HTTP/1.1 4")
        assert app.connections == 0


@pytest.mark.parametrize("sent", [b"Content-Length: 9\r\n\r\nabc", b"Content-Length: 9\r\n\r\n"])
async def test_slow_body_times_out(sent: bytes) -> None:
    """408, and the app has heard nothing."""
    async with RawApp().running() as app, proxied(app, limits=Limits(body_s=0.1)) as proxy:
        assert (await ask(proxy.port, POST + sent)).startswith(b"HTTP/1.1 408 ")
        assert app.connections == 0


async def test_unused_connection_is_closed() -> None:
    """After the keep-alive time, in peace."""
    async with RawApp().running() as app, proxied(app, limits=Limits(keep_alive_s=0.1)) as proxy:
        assert await ask(proxy.port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") == OK


async def test_client_that_takes_nothing_is_dropped() -> None:
    """An answer that nobody reads is not kept for ever, nor is the connection to the app."""
    size = 50_000_000
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        writer.write(head)
        for _ in range(size // 100_000):
            writer.write(b"x" * 100_000)
            await writer.drain()

    limits = Limits(write_s=0.2)
    async with RawApp(talk=talk).running() as app, proxied(app, limits=limits) as proxy:
        async with connected(proxy.port) as (reader, writer):
            writer.write(get())
            await reader.readuntil(b"\r\n\r\n")
            await until_idle(proxy)


async def test_pipelining_client_is_held_back() -> None:
    """While one request runs the next ones are not read without end."""
    release = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        await release.wait()
        writer.write(OK)
        while True:
            await read_message(reader)
            writer.write(OK)

    request = b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 30_000 + b"\r\n\r\n"
    async with RawApp(talk=talk).running() as app, proxied(app) as proxy:
        async with connected(proxy.port) as (reader, writer):
            count = 800
            sending = asyncio.create_task(_send(writer, request, count))
            await asyncio.sleep(0.3)
            assert not sending.done()
            release.set()
            for _ in range(count):
                assert await reader.readexactly(len(OK)) == OK
            await sending


async def _send(writer: asyncio.StreamWriter, request: bytes, count: int) -> None:
    for _ in range(count):
        writer.write(request)
        await writer.drain()


@pytest.mark.parametrize("tail", [b"\r\n", b"\r\n\r\n", b"\n"])
async def test_empty_line_behind_a_request_keeps_nothing_open(tail: bytes) -> None:
    """Some clients send one behind a body; the connection is unused all the same."""
    async with RawApp().running() as app, proxied(app, limits=Limits(keep_alive_s=0.1)) as proxy:
        assert await ask(proxy.port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" + tail) == OK


async def test_refusal_behind_a_head_request_has_its_body() -> None:
    """What the request before was asked with says nothing of this one."""
    async with RawApp(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n").running() as app:
        async with proxied(app) as proxy, connected(proxy.port) as (reader, writer):
            writer.write(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            answer = await read_message(reader)
            assert answer.startswith(b"HTTP/1.1 400 ")
            assert answer.endswith(b"}")
