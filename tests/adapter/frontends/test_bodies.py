"""What is scored of a body, and when."""

import asyncio
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from adapter.frontends.bodies import Killed, Watch
from adapter.proxy.limits import Limits
from kysira.guard import Guard
from kysira.metrics import GuardMetrics
from kysira.mode_store import ModeStore
from kysira.policy import Policy
from kysira.settings import OnOversize
from kysira.types import Action, Mode, Request
from tests.adapter.proxied import Events, Scorer, proxied
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


async def test_piece_is_read_behind_all_before_it() -> None:
    """With the head that says how, and all of the body: alone a piece of gzip is only noise."""
    head = POST + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    limits = Limits(silence_s=0.05, drain_s=1.0)
    async with (
        RawApp().running() as app,
        proxied(app, limits=limits) as proxy,
        connected(proxy.port) as (reader, writer),
    ):
        writer.write(head)
        while not proxy.events.told:
            await asyncio.sleep(0.01)
        for number in range(3):
            writer.write(b"2\r\na%d\r\n" % number)
            while len(proxy.scorer.asked) < number + 2:
                await asyncio.sleep(0.01)
        writer.write(b"0\r\n\r\n")
        assert (await read_message(reader)).endswith(b"ok")
        told = [(asked.body, asked.body_truncated) for asked in proxy.scorer.asked]
        assert told == [
            (b"", True), (b"a0", True), (b"a0a1", True), (b"a0a1a2", True), (b"a0a1a2", False),
        ]  # fmt: skip
        for asked in proxy.scorer.asked:
            assert (asked.target, asked.header("content-encoding")) == (b"/p", b"gzip")
        assert len(proxy.events.told) == 1  # a piece that passes is no request of its own


async def test_flagged_stream_is_told_of_once() -> None:
    """In shadow mode it passes, and what follows the attack adds nothing."""
    limits = Limits(silence_s=0.02, drain_s=1.0)
    async with (
        RawApp().running() as app,
        proxied(app, limits=limits) as proxy,
        connected(proxy.port) as (reader, writer),
    ):
        writer.write(POST + b"Transfer-Encoding: chunked\r\n\r\n6\r\nattack\r\n")
        while not proxy.events.told:
            await asyncio.sleep(0.01)
        writer.write(b"6\r\nattack\r\n0\r\n\r\n")
        assert (await read_message(reader)).endswith(b"ok")
        assert [decision.action for _, decision in proxy.events.told] == [Action.SHADOW_KILL]


class Watched:
    """A watch over a stream whose scorer and clock are ours."""

    def __init__(self, policy: Policy) -> None:
        self.scorer, self.now = Scorer(), 0.0
        modes = ModeStore(Mode.ACTIVE, Path("/nonexistent"))
        metrics = GuardMetrics("kysira", CollectorRegistry())
        guard = Guard(self.scorer, policy, modes, metrics, Events())
        head = Request("POST", b"/p")
        self._watch = Watch(
            guard, head, guard.snapshot(head), b"", silence_s=1.0, clock=lambda: self.now
        )

    async def read(self, piece: bytes, *, is_quiet: bool = False, is_over: bool = False) -> bytes:
        """Read a piece."""
        passed = await self._watch.read(piece, is_quiet=is_quiet, is_over=is_over)
        assert self._watch.is_holding == (not passed and not is_over and not is_quiet)
        return passed


async def test_drops_are_read_together_in_the_end() -> None:
    """A stream of tiny pieces costs no more than some readings of the whole, and one a second."""
    watched = Watched(Policy(max_body_bytes=1000))
    passed = [await watched.read(b"a") for _ in range(100)]
    assert passed[:3] == [b"a", b"a", b"a"]
    assert passed[10:] == [b""] * 90
    held = passed.count(b"")
    watched.now += 1
    assert await watched.read(b"b") == b"a" * held + b"b"
    assert await watched.read(b"c") == b""
    assert await watched.read(b"", is_quiet=True) == b"c"
    assert await watched.read(b"att") == b""
    with pytest.raises(Killed):
        await watched.read(b"ack")
        await watched.read(b"", is_over=True)
    assert len(watched.scorer.asked) < 10
    assert watched.scorer.asked[-1].body == b"a" * 100 + b"bcattack"


async def test_held_pieces_go_on_at_the_limit() -> None:
    """Behind it nothing is read, and nothing held back."""
    watched = Watched(Policy(max_body_bytes=10))
    for _ in range(4):
        await watched.read(b"x", is_quiet=True)
    assert await watched.read(b"yy") == b""
    assert await watched.read(b"z" * 20) == b"yy" + b"z" * 20
    assert await watched.read(b"attack") == b"attack"
    assert [len(asked.body) for asked in watched.scorer.asked] == [1, 2, 3, 4, 10]


@pytest.mark.parametrize(("last", "is_cut"), [(b"z" * 6, False), (b"z" * 7, True)])
async def test_end_is_read_as_what_it_is(last: bytes, is_cut: bool) -> None:
    """The whole body when it fits the limit, else its first part."""
    watched = Watched(Policy(max_body_bytes=10))
    assert await watched.read(b"yyyy") == b"yyyy"
    assert await watched.read(last, is_over=True) == last
    asked = watched.scorer.asked[-1]
    assert (asked.body, asked.body_truncated) == (b"yyyyzzzzzz", is_cut)
