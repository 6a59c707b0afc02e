"""Scoring over HTTP, against services that answer well, badly, late or not at all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from kysira.breaker import Breaker
from kysira.errors import ScoringError, ScoringOverload, ScoringTimeout, ScoringTooLarge
from kysira.pending import PendingScorer
from kysira.scorer import HttpScorer, masked_url
from kysira.serving import start_http
from kysira.types import Exclusion, Finding, Request, ScoreOptions, Uninspected, Verdict
from kysira.wire import request_from_json, verdict_to_json

REQUEST = Request("POST", b"/a?b=\xff", (("cookie", b"\x80"),), b"\x1f\x8b")
OPTIONS = ScoreOptions(0.9, {"xss": 0.5}, frozenset({"crlf"}), (Exclusion("/a", "query:*"),))
VERDICT = Verdict(
    0.97, "sqli:union", "sqli", {"sqli": 0.97, "xss": 0.0},
    (Finding("sqli", 0.97, "sqli:union", "query:b", ("percent",), (1, 4)),),
    (Uninspected.PARSE,),
)  # fmt: skip

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def scorer_of(
    answer: Answer, *, max_connections: int = 100, most_bytes: int = 1 << 24
) -> AsyncIterator[HttpScorer]:
    """Return a scorer of a service that answers /score/all like this."""
    app = web.Application(client_max_size=most_bytes)
    app.router.add_post("/score/all", answer)
    app.router.add_get("/elsewhere", answer)
    server = await start_http(app, "127.0.0.1", 0, drain_s=0)
    scorer = HttpScorer(server.url + "/", max_connections=max_connections)
    try:
        yield scorer
    finally:
        await scorer.close()
        await server.close()


@asynccontextmanager
async def server_of(talk: Talk) -> AsyncIterator[HttpScorer]:
    """Return a scorer of a service that talks like this on each connection."""
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        scorer = HttpScorer(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        try:
            yield scorer
        finally:
            await scorer.close()


async def test_service_gets_the_exclusions_that_may_hold() -> None:
    """A long policy does not go over the wire with each request: those of its path do, in order."""
    seen: list[ScoreOptions] = []

    async def answer(http: web.Request) -> web.Response:
        seen.append(request_from_json(await http.json())[1])
        return web.json_response(verdict_to_json(VERDICT))

    own = (Exclusion("/a", "query:*"), Exclusion("/", "form:x"))
    others = tuple([Exclusion(f"/{n}", "*") for n in range(1000)])
    async with scorer_of(answer) as scorer:
        for target in (b"/a/b", b"/%61", b"/x"):
            options = ScoreOptions(exclusions=(own[0], *others, own[1]))
            await scorer.score(Request("GET", target), options)
    assert [options.exclusions for options in seen] == [own, own[1:], own[1:]]


async def test_verdict_is_the_services() -> None:
    """The service gets every byte and option, and its verdict comes back whole."""
    seen = []

    async def answer(call: web.Request) -> web.Response:
        seen.append((request_from_json(await call.json()), call.content_type))
        return web.json_response(verdict_to_json(VERDICT))

    async with scorer_of(answer) as scorer:
        assert await scorer.score(REQUEST, OPTIONS) == VERDICT
    assert seen == [((REQUEST, OPTIONS), "application/json")]


@pytest.mark.parametrize("status", [204, 400, 401, 404, 500])
async def test_other_status_is_an_error(status: int) -> None:
    """Anything but 200 is no verdict, and the error tells the status.

    Not the text: the error is logged, and a service may quote a request's body in its answer.
    """

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=None if status == 204 else "bad: password=hunter2")

    async with scorer_of(answer) as scorer:
        with pytest.raises(ScoringError, match=str(status)) as raised:
            await scorer.score(REQUEST, OPTIONS)
    assert "hunter2" not in str(raised.value)
    assert scorer.description in str(raised.value)


async def test_busy_service_is_overload() -> None:
    """503 means loading or too much to do, and counts as such."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=503, text="loading")

    async with scorer_of(answer) as scorer:
        with pytest.raises(ScoringOverload, match="loading"):
            await scorer.score(REQUEST, OPTIONS)


@pytest.mark.parametrize("size", [2_000, 3_000_000])
async def test_smaller_limit_of_the_service_is_told_apart(size: int) -> None:
    """413 says that this request is too large for the service, not that the service is broken."""

    async def answer(call: web.Request) -> web.Response:
        return web.json_response(await call.json())

    async with scorer_of(answer, most_bytes=1_000) as scorer:
        with pytest.raises(ScoringTooLarge, match="1000"):
            await scorer.score(Request("POST", b"/", body=b"x" * size), OPTIONS)
        assert not scorer.is_failing


async def test_early_413_is_told_apart() -> None:
    """A proxy in front of the service may refuse by the length alone, and read no body."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await reader.read()  # until the client has hung up
        writer.close()

    async with server_of(refuse) as scorer:
        with pytest.raises(ScoringTooLarge):
            await scorer.score(Request("POST", b"/", body=b"x" * 3_000_000), OPTIONS)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirect_is_not_followed(status: int) -> None:
    """The request goes to the configured service and nowhere else."""
    asked = []

    async def answer(call: web.Request) -> web.Response:
        asked.append(call.path)
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async with scorer_of(answer) as scorer:
        with pytest.raises(ScoringError, match=str(status)):
            await scorer.score(REQUEST, OPTIONS)
    assert asked == ["/score/all"]


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"score": NaN}', b"[" * 200_000, b"\xff" * 99])
async def test_garbage_is_an_error(body: bytes) -> None:
    """A 200 with something else is no verdict."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    async with scorer_of(answer) as scorer:
        with pytest.raises(ScoringError, match="unreadable"):
            await scorer.score(REQUEST, OPTIONS)


async def test_hanging_service_obeys_deadline() -> None:
    """The caller's deadline ends the wait, and the connection with it."""
    gone = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # to the end of the connection
        gone.set()
        writer.close()

    async with server_of(hang) as scorer:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await scorer.score(REQUEST, OPTIONS)
        await asyncio.wait_for(gone.wait(), 5)
        assert scorer.is_failing


async def test_clients_own_timeout_is_one() -> None:
    """A timeout of the HTTP client is a ScoringTimeout, not just any failure."""

    async def answer(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    async with scorer_of(answer) as scorer:
        scorer._session._timeout = aiohttp.ClientTimeout(total=0.05)
        with pytest.raises(ScoringTimeout):
            await scorer.score(REQUEST, OPTIONS)


@pytest.mark.parametrize(
    "sent",
    [
        b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", b"not http at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\n{",
    ],
)  # fmt: skip
async def test_broken_connection_is_an_error(sent: bytes) -> None:
    """A service that hangs up, now or in the middle, is a failure like any other."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}")
        writer.write(sent)
        await writer.drain()
        writer.transport.abort() if not sent else writer.close()

    async with server_of(hang_up) as scorer:
        with pytest.raises(ScoringError, match="inference"):
            await scorer.score(REQUEST, OPTIONS)
        assert scorer.is_failing


async def test_absent_service_is_an_error() -> None:
    """A port where nobody listens is told with its address, without the password."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    scorer = HttpScorer(f"http://kysira:s3cret@127.0.0.1:{port}")
    with pytest.raises(ScoringError) as raised:
        await scorer.score(REQUEST, OPTIONS)
    await scorer.close()
    assert str(port) in str(raised.value)
    assert "s3cret" not in str(raised.value)


async def test_service_may_come_later() -> None:
    """A scorer made before its service works from the moment that is there."""

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(verdict_to_json(VERDICT))

    async with scorer_of(answer) as first:
        url = first.description
    scorer = HttpScorer(url)
    with pytest.raises(ScoringError):
        await scorer.score(REQUEST, OPTIONS)
    app = web.Application()
    app.router.add_post("/score/all", answer)
    server = await start_http(app, "127.0.0.1", int(url.rstrip("/").rpartition(":")[2]))
    assert await scorer.score(REQUEST, OPTIONS) == VERDICT
    await scorer.close()
    await server.close()


@pytest.mark.parametrize(
    ("status", "is_failing"), [(200, True), (400, True), (500, True), (503, True), (413, False)]
)
async def test_last_call_tells_whether_scoring_fails(status: int, is_failing: bool) -> None:
    """Failing from a call without a verdict to the next with one; a large request says nothing."""
    answers = [web.Response(status=status), web.json_response(verdict_to_json(VERDICT))]

    async def answer(_: web.Request) -> web.Response:
        return answers.pop(0)

    async with scorer_of(answer) as scorer:
        pending = PendingScorer()
        assert not pending.is_failing
        pending.ready(scorer)
        assert (pending.is_failing, scorer.is_failing) == (False, False)
        with pytest.raises(ScoringError):
            await pending.score(REQUEST, OPTIONS)
        assert (pending.is_failing, scorer.is_failing) == (is_failing, is_failing)
        await pending.score(REQUEST, OPTIONS)
        assert (pending.is_failing, scorer.is_failing) == (False, False)


async def test_large_request_does_not_hide_a_failure() -> None:
    """A 413 is no verdict: what has failed before still fails."""
    statuses = [500, 413]

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=statuses.pop(0))

    async with scorer_of(answer) as scorer:
        for _ in range(2):
            with pytest.raises(ScoringError):
                await scorer.score(REQUEST, OPTIONS)
            assert scorer.is_failing


async def test_client_that_leaves_is_no_failure() -> None:
    """A call given up while others get their verdicts says nothing of the service."""
    asked, calls = asyncio.Event(), 0

    async def answer(_: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        if calls == 1:
            asked.set()
            await asyncio.Event().wait()
        return web.json_response(verdict_to_json(VERDICT))

    async with scorer_of(answer) as scorer:
        given_up = asyncio.create_task(scorer.score(REQUEST, OPTIONS))
        await asked.wait()
        assert await scorer.score(REQUEST, OPTIONS) == VERDICT
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        assert not scorer.is_failing


async def test_connections_are_kept() -> None:
    """Scoring many requests takes no more connections than allowed, and reuses them."""
    peers = set()

    async def answer(call: web.Request) -> web.Response:
        assert call.transport
        peers.add(call.transport.get_extra_info("peername"))
        return web.json_response(verdict_to_json(VERDICT))

    async with scorer_of(answer, max_connections=2) as scorer:
        for _ in range(3):
            await asyncio.gather(*(scorer.score(REQUEST, OPTIONS) for _ in range(5)))
    assert 1 <= len(peers) <= 2


async def test_credentials_reach_the_service_alone() -> None:
    """User name and password of the URL are sent, and shown nowhere."""
    seen = []

    async def answer(call: web.Request) -> web.Response:
        seen.append(call.headers["Authorization"])
        return web.json_response(verdict_to_json(VERDICT))

    async with scorer_of(answer) as plain:
        url = plain.description.replace("http://", "http://kysira:s3cret@")
        scorer = HttpScorer(url)
        await scorer.score(REQUEST, OPTIONS)
        await scorer.close()
    assert seen == ["Basic a3lzaXJhOnMzY3JldA=="]
    assert "s3cret" not in scorer.description


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://host:8081", "http://host:8081"),
        ("http://user:pass@host:8081/x?y", "http://***@host:8081/x?y"),
        ("http://user@host", "http://***@host"),
        ("https://user:p@ss@[::1]:1", "https://***@[::1]:1"),
    ],
)
def test_masked_url_hides_userinfo(url: str, shown: str) -> None:
    """User name and password are masked, all else is kept."""
    assert masked_url(url) == shown


async def test_hanging_service_is_soon_left_alone() -> None:
    """After some deadlines nobody waits any more, until a try finds that it answers again."""
    asked = 0
    hangs = asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        await hangs.wait()
        return web.json_response(verdict_to_json(VERDICT))

    async with scorer_of(answer) as scorer:
        now = 0.0
        scorer._breaker = Breaker(misses=2, clock=lambda: now)
        for _ in range(2):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await scorer.score(REQUEST, OPTIONS)
        for _ in range(20):
            with pytest.raises(ScoringTimeout, match="hangs"):
                await scorer.score(REQUEST, OPTIONS)
        assert asked == 2
        assert scorer.is_failing
        hangs.set()
        now = 10.0
        assert await scorer.score(REQUEST, OPTIONS) == VERDICT
        assert await scorer.score(REQUEST, OPTIONS) == VERDICT
        assert not scorer.is_failing
