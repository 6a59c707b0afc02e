"""Connections to the app are used again while that is safe, and not kept for ever."""

import asyncio

import pytest

from adapter.proxy.errors import UpstreamError
from adapter.proxy.heads import ResponseHead
from adapter.proxy.limits import Limits
from adapter.proxy.pool import Pool, is_repeatable
from adapter.proxy.target import read_target
from adapter.proxy.upstream import UpstreamConnection
from tests.adapter.raw import OK, RawApp

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def pool_for(app: RawApp, limits: Limits | None = None) -> Pool:
    return Pool(read_target(f"http://127.0.0.1:{app.port}"), limits or Limits())


async def used(pool: Pool) -> UpstreamConnection:
    """Return a connection that has carried a request, back in the pool."""
    connection = await pool.new()
    connection.start(b"GET", lambda _: None)
    connection.transport.write(GET)
    head: ResponseHead = await connection.head()
    assert head.status == 200
    if connection.body is not None:
        await connection.body.read()
    pool.put(connection)
    return connection


async def test_last_connection_is_used_first() -> None:
    """The others may grow old and go."""
    async with RawApp().running() as app:
        pool = pool_for(app)
        first, last = await used(pool), await used(pool)
        assert pool.idle(is_repeatable=True) is last
        assert pool.idle(is_repeatable=True) is first
        assert pool.idle(is_repeatable=True) is None
        pool.close()


async def test_connection_that_was_closed_is_gone() -> None:
    """By the app, while nobody used it."""
    async with RawApp(closes=True).running() as app:
        pool = pool_for(app)
        connection = await used(pool)
        async with asyncio.timeout(10):
            while not connection.is_lost:
                await asyncio.sleep(0.01)
        assert pool.idle(is_repeatable=True) is None


@pytest.mark.parametrize(
    "answer",
    [
        OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        OK.replace(b"\r\n\r\n", b"\r\nKeep-Alive: timeout=1\r\n\r\n"),
        OK.replace(b"1.1", b"1.0"),
        OK + b"more than was asked for",
    ],
)
async def test_connection_that_ends_is_not_kept(answer: bytes) -> None:
    """The app said so, or said too much."""
    async with RawApp(answer).running() as app:
        pool = pool_for(app)
        await used(pool)
        assert pool.idle(is_repeatable=True) is None
        pool.close()


async def test_unasked_answer_ends_a_kept_connection() -> None:
    """It would be taken for the next request's."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await asyncio.sleep(0.1)
        writer.write(OK)
        await reader.read()

    async with RawApp(talk=talk).running() as app:
        pool = pool_for(app)
        connection = await used(pool)
        async with asyncio.timeout(10):
            while not connection.is_lost:
                await asyncio.sleep(0.01)
        assert pool.idle(is_repeatable=True) is None


async def test_unused_connection_is_closed() -> None:
    """After a while."""
    async with RawApp().running() as app:
        pool = pool_for(app, Limits(idle_s=0.05))
        connection = await used(pool)
        async with asyncio.timeout(10):
            while not connection.is_lost:
                await asyncio.sleep(0.01)


async def test_request_that_can_not_be_repeated_takes_a_fresh_one() -> None:
    """One that was just used, or a new one."""
    async with RawApp().running() as app:
        pool = pool_for(app)
        connection = await used(pool)
        assert pool.idle(is_repeatable=False) is connection
        pool.put(connection)
        connection.idle_since -= 5
        assert pool.idle(is_repeatable=False) is None
        assert pool.idle(is_repeatable=True) is connection
        pool.close()


async def test_app_that_is_not_there_is_an_error() -> None:
    """Why is for the log; the client learns nothing of what is inside."""
    app = RawApp()
    async with app.running():
        pool = pool_for(app)
    with pytest.raises(UpstreamError, match=r"^the app could not be reached$") as raised:
        await pool.new()
    assert "refused" in raised.value.cause


def test_idempotent_methods_are_known() -> None:
    """RFC 9110 §9.2.2; nobody knows of others."""
    assert is_repeatable(b"GET")
    assert is_repeatable(b"DELETE")
    assert not is_repeatable(b"POST")
    assert not is_repeatable(b"PATCH")
    assert not is_repeatable(b"get")
