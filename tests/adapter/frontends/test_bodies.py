"""What is scored of a body, and when."""

import asyncio

import pytest

from adapter.proxy.limits import Limits
from kysira.policy import Policy
from kysira.settings import OnOversize
from kysira.types import Action, Mode
from tests.adapter.proxied import proxied
from tests.adapter.raw import RawApp, ask, connected, read_message

POST = b"POST /p HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"


async def test_silent_stream_is_scored_and_goes_on() -> None:
    """A body of unknown length that pauses for the answer is not waited for; both go on."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"5\r\nhello\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhi!\r\n")
        await reader.readuntil(b"3\r\nbye\r\n0\r\n\r\n")
        writer.write(b"3\r\nend\r\n0\r\n\r\n")
        await writer.drain()

    limits = Limits(silence_s=0.05, drain_s=1.0)
    async with RawApp(talk=talk).running() as app, proxied(app, limits=limits) as proxy:
        async with connected(proxy.port) as (reader, writer):
            writer.write(POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
            await reader.readuntil(b"3\r\nhi!\r\n")
            writer.write(b"3\r\nbye\r\n0\r\n\r\n")
            await reader.readuntil(b"3\r\nend\r\n0\r\n\r\n")
        scored = proxy.scorer.asked[0]
        assert (scored.body, scored.body_truncated) == (b"hello", True)


@pytest.mark.parametrize("has_answered", [False, True])
async def test_attack_after_a_silence_is_found(has_answered: bool) -> None:
    """Even cut in two: it never reaches the app as a whole, and both connections end."""
    seen: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"5\r\nhello\r\n")
        if has_answered:
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhi!\r\n")
        while piece := await reader.read(1000):
            seen.append(piece)

    limits = Limits(silence_s=0.05, drain_s=1.0)
    async with (
        RawApp(talk=talk).running() as app,
        proxied(app, limits=limits, mode=Mode.ACTIVE) as proxy,
        connected(proxy.port) as (reader, writer),
    ):
        writer.write(POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        if has_answered:
            await reader.readuntil(b"3\r\nhi!\r\n")
        while not proxy.events.told:
            await asyncio.sleep(0.01)
        writer.write(b"3\r\natt\r\n")
        while b"att" not in b"".join(seen):
            await asyncio.sleep(0.01)
        writer.write(b"3\r\nack\r\n")
        if not has_answered:
            assert (await read_message(reader)).startswith(b"HTTP/1.1 403 ")
        with pytest.raises(ConnectionResetError):
            await reader.read()
        assert b"ack" not in b"".join(seen)
        assert proxy.events.told[-1][1].action is Action.ACTIVE_KILL


async def test_watch_ends_at_the_limit() -> None:
    """What comes behind the inspection limit passes unread, silence or not."""
    limits = Limits(silence_s=0.05, drain_s=1.0)
    policy = Policy(max_body_bytes=8)
    async with (
        RawApp().running() as app,
        proxied(app, limits=limits, policy=policy, mode=Mode.ACTIVE) as proxy,
        connected(proxy.port) as (reader, writer),
    ):
        writer.write(POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        while not proxy.events.told:
            await asyncio.sleep(0.01)
        writer.write(b"9\r\nxyzattack\r\n0\r\n\r\n")
        assert (await read_message(reader)).endswith(b"ok")
        assert app.requests[0].endswith(b"9\r\nxyzattack\r\n0\r\n\r\n")


async def test_body_of_known_length_is_waited_for() -> None:
    """A pause is no end of it: nothing is forwarded before it was read."""
    limits = Limits(silence_s=0.02, drain_s=1.0)
    async with (
        RawApp().running() as app,
        proxied(app, limits=limits, mode=Mode.ACTIVE) as proxy,
        connected(proxy.port) as (reader, writer),
    ):
        writer.write(POST + b"Content-Length: 6\r\n\r\natt")
        await asyncio.sleep(0.2)
        writer.write(b"ack")
        assert (await read_message(reader)).startswith(b"HTTP/1.1 403 ")
        assert app.connections == 0


async def test_empty_chunked_body_is_no_body() -> None:
    """It is not waited for."""
    async with RawApp().running() as app, proxied(app) as proxy:
        await ask(proxy.port, POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        assert proxy.scorer.asked[-1].body == b""
        assert len(app.requests) == 1


@pytest.mark.parametrize("on_oversize", OnOversize)
async def test_silence_under_each_policy(on_oversize: OnOversize) -> None:
    """Block waits for all of it; else what came is read, which is no body over the limit."""
    limits = Limits(silence_s=0.02, body_s=0.3, drain_s=1.0)
    policy = Policy(on_oversize=on_oversize)
    async with (
        RawApp().running() as app,
        proxied(app, limits=limits, policy=policy, mode=Mode.ACTIVE) as proxy,
        connected(proxy.port) as (reader, writer),
    ):
        writer.write(POST + b"Transfer-Encoding: chunked\r\n\r\n6\r\nattack\r\n")
        status = (await read_message(reader)).split(b" ")[1]
        assert status == (b"408" if on_oversize is OnOversize.BLOCK else b"403")
        assert app.requests == []
