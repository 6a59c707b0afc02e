"""Readers of the event stream come, read or don't, and go."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from benchmarks.readers import Crowd
from ctl.envoy.options import Address

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
LONG_S = 600.0


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[Address]:
    """Answer every request that comes, each on a connection of its own."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:")
            await answer(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield Address("127.0.0.1", server.sockets[0].getsockname()[1])


async def until(crowd: Crowd, is_so: Callable[[], bool]) -> None:
    """Let the crowd run until it is so, then end it."""
    task = asyncio.create_task(crowd.run())
    async with asyncio.timeout(60):
        while not is_so():
            await asyncio.sleep(0.005)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_every_other_one_reads() -> None:
    """A reader takes all there is; the other takes the head alone, and both leave when told."""
    gone: list[bool] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"data: {}\n\n")
        try:
            await reader.read()
        finally:  # who leaves what came unread resets the connection
            gone.append(True)

    async with serving(answer) as address:
        crowd = Crowd(address, 2, stay_s=(LONG_S, LONG_S))
        await until(crowd, lambda: crowd.visits.begun == 2 and crowd.visits.read_bytes > 0)
        async with asyncio.timeout(60):
            while len(gone) < 2:
                await asyncio.sleep(0.005)
    # What follows the status in the head, and the event: once, of the one that reads.
    assert crowd.visits.read_bytes == len(HEAD + b"data: {}\n\n") - len(b"HTTP/1.1 200")
    assert (crowd.visits.ended, crowd.visits.refused, crowd.visits.failed) == (0, 0, 0)


async def test_stay_ends_and_another_comes() -> None:
    """Who leaves was not cut off."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        await reader.read()

    async with serving(answer) as address:
        crowd = Crowd(address, 2, stay_s=(0.01, 0.02))
        await until(crowd, lambda: crowd.visits.begun >= 6)
    assert crowd.visits.ended == 0


async def test_reader_that_is_cut_off_is_counted() -> None:
    """The end of the stream before the reader wants to go."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)

    async with serving(answer) as address:
        crowd = Crowd(address, 1, stay_s=(LONG_S, LONG_S))
        await until(crowd, lambda: crowd.visits.ended >= 2)
    assert crowd.visits.begun >= 2


async def test_refusal_is_no_visit() -> None:
    """503 is for one too many."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")

    async with serving(answer) as address:
        crowd = Crowd(address, 1)
        await until(crowd, lambda: crowd.visits.refused >= 1)
    assert (crowd.visits.begun, crowd.visits.failed) == (0, 0)


async def test_no_answer_is_no_visit() -> None:
    """A connection that ends, or nobody there."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 2")

    async with serving(answer) as address:
        crowd = Crowd(address, 1)
        await until(crowd, lambda: crowd.visits.failed >= 1)
    deserted = Crowd(address, 1)
    await until(deserted, lambda: deserted.visits.failed >= 1)
    assert crowd.visits.begun == deserted.visits.begun == 0
