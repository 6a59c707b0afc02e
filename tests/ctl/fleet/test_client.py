"""Asking services: every reply is a value, whatever the service or the network does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from ctl.fleet.client import FleetClient, fleet_client
from ctl.fleet.target import Target
from kysira.errors import SettingsError
from kysira.serving import start_http
from tests.adapter.certificates import make_certificate


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
        case "/host":
            return web.json_response(request.headers["Host"])
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


async def test_client_reads_no_answer_without_an_end() -> None:
    """One that is longer than any of ours is told of, and never taken for a part of it."""
    async with service() as target, fleet_client("", 5, 1 << 19) as client:
        reply = await client.ask(target, "/long")
        short = await client.ask(target, "/ok")
    assert (reply.error, reply.status, reply.body) == ("answers more than 0.5 MiB", 200, None)
    assert short.is_ok


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


async def test_client_tells_of_an_unknown_name() -> None:
    """In words, as for Envoy's admin interface, whose name is looked up on the way."""
    async with fleet_client("", 20) as client:
        reply = await client.ask(Target("foo", "http://foo.invalid:9901"), "/")
    assert reply.error == "name not known"


async def test_client_target_with_problem_is_not_asked() -> None:
    """What can't be asked says why, and what carries the connection adds what it knows."""
    absent = Target("pod/a", "", problem="the pod is not running: Pending")
    carried = Target("pod/b", "http://127.0.0.1:1", carrier=lambda: "no such port")
    async with fleet_client("", 5) as client:
        replies = await client.ask_all([absent, carried], "/ok")
    assert [reply.error for reply in replies] == [
        "the pod is not running: Pending", "connection refused (kubectl: no such port)"
    ]  # fmt: skip


async def test_client_asks_nobody_once_the_way_has_ended() -> None:
    """Who listens at a port-forward's port after it may be anybody: the token stays here."""
    async with service() as target, fleet_client("secret", 5) as client:
        gone = Target("pod/a", target.url, end=lambda: "kubectl has ended: lost pod")
        reply = await client.ask(gone, "/ok")
    assert (reply.status, reply.error) == (0, "kubectl has ended: lost pod")
    assert not reply.may_have_arrived


async def test_client_streams_nothing_of_a_target_with_problem() -> None:
    """What can't be asked can't be followed either, and says why."""
    absent = Target("pod/a", "", problem="the pod is not running: Pending")
    async with fleet_client("", 5) as client:
        with pytest.raises(aiohttp.ClientError, match="not running"):
            client.stream(absent, "/ok", {})


async def test_client_names_the_host_to_who_ends_tls(tmp_path: Path) -> None:
    """An ingress finds its way by the Host: the name, though the address is what is asked."""
    made = make_certificate(tmp_path, "ingress")
    app = web.Application()
    app.router.add_get("/host", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=made.server()).start()
    port = runner.addresses[0][1]
    target = Target("it", f"https://127.0.0.1:{port}", "localhost")
    trusting = aiohttp.TCPConnector(ssl=made.client())
    async with aiohttp.ClientSession(connector=trusting) as session:
        reply = await FleetClient(session, "", 5).ask(target, "/host")
    async with fleet_client("", 5) as wary:
        distrusted = await wary.ask(target, "/host")
    await runner.cleanup()
    assert reply.body == f"localhost:{port}"
    assert distrusted.error.startswith("its certificate is not trusted")
    assert not distrusted.may_have_arrived


async def test_client_tells_what_speaks_no_tls() -> None:
    """That is no lack of permission, which the number of the error would say."""
    async with service() as target, fleet_client("", 5) as client:
        reply = await client.ask(Target("it", target.url.replace("http:", "https:")), "/ok")
    assert reply.error.startswith("no TLS: ")


@pytest.mark.parametrize("token", ["a\nb", "a\x00b", "\udcff"])
async def test_client_refuses_token_that_no_header_holds(token: str) -> None:
    """The user is told what is wrong with it, and not what it is."""
    with pytest.raises(SettingsError, match="admin token holds") as told:
        async with fleet_client(token, 5):
            pass
    assert token not in str(told.value)
