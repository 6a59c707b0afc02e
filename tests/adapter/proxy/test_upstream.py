"""One connection to the app: one answer at a time, and every failure is told."""

import asyncio

import pytest

from adapter.proxy.errors import StaleError, UpstreamError
from adapter.proxy.heads import ResponseHead
from adapter.proxy.limits import Limits
from adapter.proxy.pool import Pool
from adapter.proxy.target import read_target
from tests.adapter.raw import OK, Conversation, RawApp, read_message

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def pool_for(app: RawApp, **limits: float) -> Pool:
    return Pool(read_target(f"http://127.0.0.1:{app.port}"), Limits(**limits))


def sending(*pieces: bytes) -> Conversation:
    """Return an app that answers in pieces, each in a packet of its own."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.005)
        await reader.read()

    return talk


async def test_answer_in_pieces_is_one() -> None:
    """However it is cut; those before the final one are told of."""
    text = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" + OK
    pieces = [text[at : at + 7] for at in range(0, len(text), 7)]
    async with RawApp(talk=sending(*pieces)).running() as app:
        pool = pool_for(app)
        connection = await pool.new()
        interim: list[ResponseHead] = []
        connection.start(b"GET", interim.append)
        connection.transport.write(GET)
        assert (await connection.head()).status == 200
        assert [head.status for head in interim] == [103]
        assert connection.body is not None
        body = b""
        while not connection.body.is_over:
            body += await connection.body.read()
        assert body == b"ok"
        assert connection.is_reusable
        pool.close()


async def test_missing_answer_is_told_once_per_use() -> None:
    """On a new connection it is the app's fault; on a kept one it may be the time's."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        writer.write(OK)
        await read_message(reader)

    async with RawApp(talk=talk).running() as app:
        pool = pool_for(app)
        connection = await pool.new()
        connection.start(b"GET", lambda _: None)
        connection.transport.write(GET)
        await connection.head()
        connection.start(b"GET", lambda _: None)
        connection.transport.write(GET)
        with pytest.raises(StaleError):
            await connection.head()
        with pytest.raises(StaleError):
            await connection.head()
    async with RawApp(b"", closes=True).running() as app:
        connection = await pool_for(app).new()
        connection.start(b"GET", lambda _: None)
        connection.transport.write(GET)
        with pytest.raises(UpstreamError) as caught:
            await connection.head()
        assert not isinstance(caught.value, StaleError)


async def test_time_runs_from_the_end_of_the_request() -> None:
    """Not before: an upload may take long."""
    async with RawApp(talk=sending()).running() as app:
        connection = await pool_for(app, answer_s=0.05).new()
        connection.start(b"GET", lambda _: None)
        connection.transport.write(GET)
        waiting = asyncio.create_task(connection.head())
        await asyncio.sleep(0.2)
        assert not waiting.done()
        connection.expect_answer()
        with pytest.raises(UpstreamError) as caught:
            await waiting
        assert caught.value.status == 504


async def test_failure_reaches_whoever_waits() -> None:
    """For the head, and for the body."""
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"
    for is_body, answer in ((False, b""), (True, half)):
        async with RawApp(talk=sending(answer)).running() as app:
            connection = await pool_for(app).new()
            connection.start(b"GET", lambda _: None)
            connection.transport.write(GET)
            if is_body:
                await connection.head()
                assert connection.body is not None
                assert await connection.body.read() == b"abc"
                waiting = asyncio.create_task(connection.body.read())
            else:
                waiting = asyncio.create_task(connection.head())  # type: ignore[arg-type]
            await asyncio.sleep(0)
            connection.fail(UpstreamError("enough"))
            with pytest.raises(UpstreamError, match="enough"):
                await waiting
            assert not connection.is_reusable


async def test_connection_lost_before_its_use_is_told() -> None:
    """An app that closes what it has just accepted."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with RawApp(talk=talk).running() as app:
        connection = await pool_for(app).new()
        async with asyncio.timeout(10):
            while not connection.is_lost:
                await asyncio.sleep(0.01)
            connection.start(b"GET", lambda _: None)
            connection.expect_answer()
            with pytest.raises(UpstreamError):
                await connection.head()
