"""Asking services: every reply is a value, whatever the service or the network does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from ctl.fleet.client import fleet_client, printable
from ctl.fleet.target import Target
from kysira.serving import start_http


async def answer(request: web.Request) -> web.Response:
    """Answer as the path says."""
    match request.path:
        case "/ok":
            return web.json_response({"token": request.headers.get("Authorization", "")})
        case "/refused":
            return web.json_response({"error": "send the token"}, status=401)
        case "/slow":
            await asyncio.Event().wait()
        case "/moved":
            raise web.HTTPFound("/ok")
        case "/long":
            return web.json_response(["x" * 1000] * 1000)
    return web.Response(text="hello", status=200)


@asynccontextmanager
async def service() -> AsyncIterator[Target]:
    """Run a service with a few answers."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    server = await start_http(app, "127.0.0.1", 0, drain_s=0)
    try:
        yield Target("it", server.url)
    finally:
        await server.close()


async def test_client_tells_replies_apart() -> None:
    """Success, refusal, no JSON, redirects and silence: each is a reply that says what it is."""
    async with service() as target, fleet_client("secret", 0.5) as client:
        ok, refused, text, slow, moved = await asyncio.gather(
            *(client.ask(target, path) for path in ("/ok", "/refused", "/text", "/slow", "/moved"))
        )
    assert ok.is_ok
    assert ok.body == {"token": "Bearer secret"}
    assert refused.error == "answered 401: send the token"
    assert text.body == "hello"
    assert slow.error == "no answer in 0.5 s"
    assert moved.error == "answered 302"
    assert [reply.may_have_arrived for reply in (ok, slow)] == [False, True]


async def test_client_reads_long_answers_whole() -> None:
    """A megabyte comes in many pieces, and is one answer."""
    async with service() as target, fleet_client("", 5) as client:
        reply = await client.ask(target, "/long")
    assert reply.body == ["x" * 1000] * 1000


async def test_client_streams_with_token() -> None:
    """A stream is asked for as everything else is."""
    async with service() as target, fleet_client("secret", 5) as client:
        async with client.stream(target, "/ok", {}) as answer:
            assert await answer.json() == {"token": "Bearer secret"}


async def test_client_unreachable_is_reply() -> None:
    """A port where nobody listens is told in the system's words, in a list with the others."""
    async with service() as target, fleet_client("", 5) as client:
        replies = await client.ask_all([Target("none", "http://127.0.0.1:1"), target], "/ok")
    assert replies[0].error == "connection refused"
    assert replies[0].status == 0
    assert not replies[0].may_have_arrived
    assert replies[1].is_ok


async def test_client_target_with_problem_is_not_asked() -> None:
    """What can't be asked says why, and what carries the connection adds what it knows."""
    absent = Target("pod/a", "", problem="the pod is not running: Pending")
    carried = Target("pod/b", "http://127.0.0.1:1", carrier=lambda: "no such port")
    async with fleet_client("", 5) as client:
        replies = await client.ask_all([absent, carried], "/ok")
    assert [reply.error for reply in replies] == [
        "the pod is not running: Pending", "connection refused (kubectl: no such port)"
    ]  # fmt: skip


def test_printable_moves_no_cursor() -> None:
    """What a service says can't write over what is shown."""
    assert printable("a\x1b[2Jb\n") == "a\\x1b[2Jb\\n"
