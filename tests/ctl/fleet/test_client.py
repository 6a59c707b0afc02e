"""Asking services: every reply is a value, whatever the service or the network does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from ctl.fleet.client import fleet_client
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


async def test_client_unreachable_is_reply() -> None:
    """A port where nobody listens is told in the system's words, in a list with the others."""
    async with service() as target, fleet_client("", 5) as client:
        replies = await client.ask_all([Target("none", "http://127.0.0.1:1"), target], "/ok")
    assert replies[0].error == "connection refused"
    assert replies[0].status == 0
    assert replies[1].is_ok
