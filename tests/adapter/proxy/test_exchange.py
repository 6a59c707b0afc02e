"""Answers reach the client as they come, whole or visibly not; requests are sent once."""

import asyncio
import gc
from contextlib import suppress

import pytest

from adapter.proxy.limits import Limits
from adapter.proxy.target import read_target
from kysira.policy import Policy
from tests.adapter.proxied import proxied, until_idle
from tests.adapter.raw import (
    OK,
    RawApp,
    ask,
    connected,
    get,
    header,
    lines_of,
    read_message,
)

KEPT = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"


async def test_chunked_answer_stays_chunked() -> None:
    """Extensions and trailers are dropped, the data is not, and the connection goes on."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
    answer = head + b"Trailer: X\r\n\r\n3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n"
    async with RawApp(answer, OK).running() as app, proxied(app) as proxy:
        async with connected(proxy.port) as (reader, writer):
            writer.write(KEPT)
            assert await read_message(reader) == (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
            )
            writer.write(KEPT)
            assert await read_message(reader) == OK
        assert app.connections == 1


@pytest.mark.parametrize(
    ("method", "head"),
    [
        (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nX: y\r\n\r\n"),
        (b"HEAD", b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n"),
        (b"GET", b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n"),
        (b"GET", b'HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nETag: "x"\r\n\r\n'),
        (b"GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ],
)
async def test_answer_without_body_ends_with_its_head(method: bytes, head: bytes) -> None:
    """Whatever length it tells; the next answer on the connection is the next one."""
    async with RawApp(head, OK).running() as app, proxied(app) as proxy:
        async with connected(proxy.port) as (reader, writer):
            writer.write(KEPT.replace(b"GET", method))
            assert await reader.readuntil(b"\r\n\r\n") == head
            writer.write(KEPT)
            assert await read_message(reader) == OK
        assert app.connections == 1


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\n\r\nabc", b"HTTP/1.0 200 OK\r\n\r\nabc"])
async def test_answer_that_ends_with_its_connection(answer: bytes) -> None:
    """It is chunked for a client that knows chunks, and as it was for one that does not."""
    async with RawApp(answer, closes=True).running() as app, proxied(app) as proxy:
        async with connected(proxy.port) as (reader, writer):
            for _ in range(2):
                writer.write(KEPT)
                assert (await read_message(reader)).endswith(b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
        old = await ask(proxy.port, get(version=b"1.0"))
        assert old == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc"


async def test_http_1_0_client_is_served() -> None:
    """Without a Host; kept alive when it asks for it; chunks become a body until the end."""
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    async with RawApp(OK, OK, chunked).running() as app, proxied(app) as proxy:
        request = b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"
        async with connected(proxy.port) as (reader, writer):
            writer.write(request)
            answer = await read_message(reader)
            assert header(answer, b"connection") == [b"keep-alive"]
            writer.write(request)
            await read_message(reader)
            writer.write(request)
            assert await reader.read() == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc"
        assert lines_of(app.requests[0])[0] == b"GET / HTTP/1.1"
        assert header(app.requests[0], b"host") == [b"127.0.0.1:%d" % app.port]


async def test_events_arrive_one_by_one() -> None:
    """A head without a body yet goes on at once, and every piece after it."""
    step = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        for number in range(3):
            await step.wait()
            step.clear()
            writer.write(b"data: %d\n\n" % number)

    async with RawApp(talk=talk).running() as app, proxied(app) as proxy:
        async with connected(proxy.port) as (reader, writer):
            writer.write(KEPT)
            assert b"event-stream" in await reader.readuntil(b"\r\n\r\n")
            for number in range(3):
                step.set()
                await reader.readuntil(b"data: %d\n\n\r\n" % number)
            assert await reader.readuntil(b"\r\n\r\n") == b"0\r\n\r\n"


async def test_interim_answers_are_passed_on() -> None:
    """Early hints reach the client; the app's own 100, which nobody has asked for, does not."""
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
    answer = b"HTTP/1.1 100 Continue\r\n\r\n" + hints + OK
    async with RawApp(answer).running() as app, proxied(app) as proxy:
        async with connected(proxy.port) as (reader, writer):
            writer.write(KEPT)
            assert await read_message(reader) == hints
            assert await read_message(reader) == OK


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000 + b"\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\nContent-",
    ],
)
async def test_answer_that_is_none_becomes_a_502(answer: bytes) -> None:
    """JSON that says so, and nothing of what the app sent."""
    async with RawApp(answer, closes=True).running() as app, proxied(app) as proxy:
        told = await ask(proxy.port, KEPT)
        assert told.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
        assert b'{"error": "bad_gateway", "detail": "the app' in told
        assert header(told, b"connection") == [b"close"]


@pytest.mark.parametrize(
    "part",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n",
    ],
)
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
async def test_answer_cut_short_never_ends_cleanly(part: bytes, version: bytes) -> None:
    """A client sees a missing end or a reset, never a shorter answer."""
    async with RawApp(part, closes=True).running() as app, proxied(app) as proxy:
        async with connected(proxy.port) as (reader, writer):
            writer.write(KEPT.replace(b"1.1", version))
            try:
                told = await reader.read()
            except ConnectionResetError:
                return
            if told.startswith(b"HTTP/1.1 502 "):
                return  # it was seen before anything was passed on
            assert version == b"1.1" or header(told, b"content-length") == [b"9"]
            assert not told.endswith(b"0\r\n\r\n")


async def test_app_that_is_not_there_is_a_502() -> None:
    """And one that takes no connection in time a 504."""
    app = RawApp()
    async with app.running():
        pass
    async with proxied(app) as proxy:
        assert (await ask(proxy.port, KEPT)).startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    hole = read_target("http://192.0.2.1")  # TEST-NET-1: packets go nowhere, or are refused
    async with proxied(hole, limits=Limits(connect_s=0.2)) as proxy:
        told = await ask(proxy.port, KEPT)
        assert told.startswith((b"HTTP/1.1 504 Gateway Timeout\r\n", b"HTTP/1.1 502 "))


async def test_app_that_hangs_is_a_504() -> None:
    """The time runs from the end of the request; the connection to the app is closed."""
    gone = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        with suppress(ConnectionError):
            await reader.read()
        gone.set()

    async with (
        RawApp(talk=talk).running() as app,
        proxied(app, limits=Limits(answer_s=0.1)) as proxy,
    ):
        for request in (KEPT, POST):
            told = await ask(proxy.port, request)
            assert told.startswith(b"HTTP/1.1 504 Gateway Timeout\r\n")
            assert b'"error": "gateway_timeout"' in told
            async with asyncio.timeout(10):
                await gone.wait()
            gone.clear()


async def dropping(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: list[bytes]
) -> None:
    """Answer the first request of a connection; drop it at the second, as if it had been idle."""
    seen.append(await read_message(reader))
    writer.write(OK)
    seen.append(await read_message(reader))


async def test_stale_connection_is_replaced() -> None:
    """A GET that found its connection closed is sent again, once, on a new one."""
    seen: list[bytes] = []
    app = RawApp(talk=lambda reader, writer: dropping(reader, writer, seen))
    async with app.running(), proxied(app) as proxy:
        async with connected(proxy.port) as (reader, writer):
            for _ in range(2):
                writer.write(KEPT)
                assert await read_message(reader) == OK
        assert (len(seen), app.connections) == (3, 2)


async def test_post_is_never_sent_twice() -> None:
    """It may have been carried out: the client decides."""
    seen: list[bytes] = []
    app = RawApp(talk=lambda reader, writer: dropping(reader, writer, seen))
    async with app.running(), proxied(app) as proxy:
        async with connected(proxy.port) as (reader, writer):
            writer.write(KEPT)
            assert await read_message(reader) == OK
            writer.write(POST)
            assert (await read_message(reader)).startswith(b"HTTP/1.1 502 ")
        assert (len(seen), app.connections) == (2, 1)


async def test_put_whose_body_is_gone_is_never_sent_twice() -> None:
    """Of a body that was passed on as it came nothing is left to send again."""
    seen: list[bytes] = []
    app = RawApp(talk=lambda reader, writer: dropping(reader, writer, seen))
    async with app.running(), proxied(app, policy=Policy(max_body_bytes=1000)) as proxy:
        async with connected(proxy.port) as (reader, writer):
            writer.write(KEPT)
            assert await read_message(reader) == OK
            size = 400_000
            writer.write(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
            writer.write(b"x" * size)
            assert (await read_message(reader)).startswith(b"HTTP/1.1 502 ")
        assert app.connections == 1


async def test_first_failure_on_a_new_connection_is_final() -> None:
    """Only a kept connection can have been closed before the request came."""
    async with RawApp(b"", closes=True).running() as app, proxied(app) as proxy:
        assert (await ask(proxy.port, KEPT)).startswith(b"HTTP/1.1 502 ")
        assert app.connections == 1


async def test_early_answer_ends_the_upload() -> None:
    """An app may refuse a body it has not read: the client gets that, and its connection ends."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
        await reader.read(100_000)

    async with (
        RawApp(talk=talk).running() as app,
        proxied(app, policy=Policy(max_body_bytes=1000)) as proxy,
        connected(proxy.port) as (reader, writer),
    ):
        writer.write(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99000000\r\n\r\n" + b"x" * 300_000
        )
        told = await read_message(reader)
        assert told.startswith(b"HTTP/1.1 413 Too Large\r\n")
        assert header(told, b"connection") == [b"close"]


async def test_client_that_leaves_ends_the_request() -> None:
    """While the app thinks, and in the middle of its answer."""
    gone, came = asyncio.Event(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_message(reader)
        if b"/half" in request:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc")
        came.set()
        with suppress(ConnectionError):
            await reader.read()
        gone.set()

    async with RawApp(talk=talk).running() as app, proxied(app) as proxy:
        for target in (b"/", b"/half"):
            async with connected(proxy.port) as (reader, writer):
                writer.write(get(target))
                if target == b"/half":
                    await reader.readuntil(b"abc")
                await came.wait()
            async with asyncio.timeout(10):
                await gone.wait()
            await until_idle(proxy)
            came.clear()
            gone.clear()


async def test_half_a_body_is_never_a_whole_one() -> None:
    """A client that leaves in the middle of its body: the app sees a broken request."""
    seen: list[bytes] = []
    gone = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while piece := await reader.read(65536):
                seen.append(piece)
        gone.set()

    async with RawApp(talk=talk).running() as app:
        async with proxied(app, policy=Policy(max_body_bytes=10)) as proxy:
            async with connected(proxy.port) as (_, writer):
                writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
                writer.write(b"14\r\n" + b"x" * 20 + b"\r\n")
                async with asyncio.timeout(10):
                    while not b"".join(seen).endswith(b"x\r\n"):
                        await asyncio.sleep(0.01)
            async with asyncio.timeout(10):
                await gone.wait()
        assert not b"".join(seen).endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("scheme", [b"Negotiate", b"NTLM", b"negotiate", b"Bearer", b"Basic"])
async def test_connection_of_a_person_is_not_shared(scheme: bytes) -> None:
    """Some servers take such credentials for all that the connection carries."""
    async with RawApp().running() as app, proxied(app) as proxy:
        await ask(proxy.port, get(b"/", b"Authorization: " + scheme + b" x"))
        await ask(proxy.port, get())
        assert app.connections == (1 if scheme in (b"Bearer", b"Basic") else 2)


async def test_upload_ends_with_its_app(caplog: pytest.LogCaptureFixture) -> None:
    """An app that answers and leaves is sent nothing more, whatever still comes, and no log grows.

    The client's connection ends with the answer.
    """

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8000000\r\n\r\n" + b"x" * 8_000_000)
        await writer.drain()
        writer.transport.abort()

    async with (
        RawApp(talk=talk).running() as app,
        proxied(app, policy=Policy(max_body_bytes=10)) as proxy,
        connected(proxy.port) as (reader, writer),
    ):
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n" + b"y" * 20)
        await reader.readuntil(b"\r\n\r\n")
        for _ in range(50):
            writer.write(b"y" * 1000)
            await asyncio.sleep(0.01)
        with suppress(ConnectionResetError):
            while await reader.read(100_000):
                pass
        await until_idle(proxy)
        gc.collect()
    assert {record.name for record in caplog.records} <= {"adapter.proxy.faults"}
    assert len(caplog.records) <= 1
