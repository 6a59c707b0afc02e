"""Whoever is slow holds back the other side: memory stays flat whatever the size."""

import asyncio
import tracemalloc

import pytest

from adapter.proxy.stream import Stream
from kysira.policy import Policy
from tests.adapter.proxied import proxied
from tests.adapter.raw import OK, RawApp, connected, read_message

SIZE = 60_000_000
PIECE = 100_000
ALLOWED = 8_000_000
"""What both ends of these tests and the proxy may hold between them."""


@pytest.mark.parametrize("framing", ["length", "chunks", "close"])
async def test_download_waits_for_a_slow_client(framing: str) -> None:
    """The app can't send what nobody takes; then all of it arrives."""
    sent = 0
    heads = {
        "length": b"Content-Length: %d\r\n" % SIZE,
        "chunks": b"Transfer-Encoding: chunked\r\n",
        "close": b"",
    }

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await read_message(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n" + heads[framing] + b"\r\n")
        piece = b"x" * PIECE
        for _ in range(SIZE // PIECE):
            if framing == "chunks":
                writer.write(b"%x\r\n" % PIECE + piece + b"\r\n")
            else:
                writer.write(piece)
            await writer.drain()
            sent += PIECE
        if framing == "chunks":
            writer.write(b"0\r\n\r\n")

    tracemalloc.start()
    try:
        async with RawApp(talk=talk).running() as app, proxied(app) as proxy:
            async with connected(proxy.port) as (reader, writer):
                writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                head = await reader.readuntil(b"\r\n\r\n")
                before = -1
                while before != sent:  # until the app is held back
                    before = sent
                    await asyncio.sleep(0.2)
                assert sent < SIZE
                got = 0
                while piece := await reader.read(1 << 20):
                    got += piece.count(b"x")
                assert got == SIZE
                is_chunked = b"chunked" in head
                assert is_chunked == (framing != "length")
        assert tracemalloc.get_traced_memory()[1] < ALLOWED
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("framing", ["length", "chunks"])
async def test_upload_waits_for_a_slow_app(framing: str) -> None:
    """The client can't send what the app does not take; then all of it arrives."""
    release = asyncio.Event()
    got = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal got
        await reader.readuntil(b"\r\n\r\n")
        await release.wait()
        end, tail = b"z" if framing == "length" else b"0\r\n\r\n", b""
        while got < SIZE or not tail.endswith(end):
            piece = await reader.read(1 << 20)
            got += piece.count(b"z")
            tail = (tail + piece)[-8:]
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await reader.read()

    sent = 0

    async def upload(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        head = b"POST / HTTP/1.1\r\nHost: a\r\n"
        if framing == "length":
            writer.write(head + b"Content-Length: %d\r\n\r\n" % SIZE)
        else:
            writer.write(head + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(SIZE // PIECE):
            piece = b"z" * PIECE
            writer.write(b"%x\r\n%b\r\n" % (PIECE, piece) if framing == "chunks" else piece)
            await writer.drain()
            sent += PIECE
        if framing == "chunks":
            writer.write(b"0\r\n\r\n")

    tracemalloc.start()
    try:
        policy = Policy(max_body_bytes=1000)
        async with RawApp(talk=talk).running() as app, proxied(app, policy=policy) as proxy:
            async with connected(proxy.port) as (reader, writer):
                uploading = asyncio.create_task(upload(writer))
                before = -1
                while before != sent:  # until the client is held back
                    before = sent
                    await asyncio.sleep(0.2)
                assert sent < SIZE
                release.set()
                assert (await read_message(reader)).startswith(b"HTTP/1.1 200 OK\r\n")
                await uploading
        assert got == SIZE
        assert tracemalloc.get_traced_memory()[1] < ALLOWED
    finally:
        tracemalloc.stop()


class Sink(asyncio.Transport):
    """Has so many bytes that wait."""

    waiting = 3

    def get_write_buffer_size(self) -> int:
        """Return them."""
        return self.waiting


async def test_slow_receiver_is_waited_for() -> None:
    """As long as it takes anything; one that takes nothing is given up."""
    stream, sink = Stream(), Sink()
    stream.connection_made(sink)
    stream.pause_writing()
    draining = asyncio.create_task(stream.drain(0.1))
    for _ in range(3):
        await asyncio.sleep(0.08)
        sink.waiting -= 1
        assert not draining.done()
    with pytest.raises(TimeoutError):
        await draining
    draining = asyncio.create_task(stream.drain(60))
    await asyncio.sleep(0)
    stream.resume_writing()
    await draining


async def test_early_hints_fill_no_memory() -> None:
    """Answers before the final one are not kept for a client that takes none, nor for one gone."""
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: " + b"a" * 10_000 + b"\r\n\r\n"
    flooded = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        for _ in range(5000):
            writer.write(hint)
            await writer.drain()
        flooded.set()
        writer.write(OK)

    async with RawApp(talk=talk).running() as app, proxied(app) as proxy:
        async with connected(proxy.port) as (reader, writer):
            tracemalloc.start()
            try:
                writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                await flooded.wait()
                assert tracemalloc.get_traced_memory()[1] < 5_000_000
            finally:
                tracemalloc.stop()
            answer = b""
            while not answer.endswith(OK):
                answer = answer[-100:] + await reader.read(1 << 20)
