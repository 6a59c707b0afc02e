"""An application listens, says where, and stops without dropping what is running."""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from kysira.errors import SettingsError, StartError
from kysira.serving import HttpServer, address, run, start_http
from tests.processes import Program

PROGRAM = """
import sys
from aiohttp import web
from kysira.serving import run, start_http, stop_event

async def serve():
    stopped = stop_event()
    server = await start_http(web.Application(), "127.0.0.1", 0)
    print("ready", flush=True)
    await stopped.wait()
    print("stopping", flush=True)
    if len(sys.argv) > 1:
        import asyncio
        await asyncio.sleep(3600)
    await server.close()

sys.exit(run("prog", serve))
"""


async def length(request: web.Request) -> web.Response:
    return web.Response(text=str(len(await request.read())))


async def crash(_: web.Request) -> web.Response:
    raise ZeroDivisionError("ours")


def application() -> web.Application:
    app = web.Application()
    app.add_routes([web.post("/", length), web.get("/crash", crash)])
    return app


@asynccontextmanager
async def serving(drain_s: float = 20.0) -> AsyncIterator[HttpServer]:
    server = await start_http(application(), "127.0.0.1", 0, drain_s=drain_s)
    try:
        yield server
    finally:
        await server.close()


async def half_sent(server: HttpServer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return a connection whose request is being handled while its body is still to come."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    return reader, writer


async def test_free_port_is_told() -> None:
    """Port 0 is any free one, and the URL has it."""
    async with serving() as server, aiohttp.ClientSession() as client:
        assert server.url == f"http://127.0.0.1:{server.port}"
        async with client.post(server.url, data=b"abc") as answer:
            assert await answer.text() == "3"


async def test_taken_port_is_named() -> None:
    """The error is one line with the address."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=f"^can't listen on 127.0.0.1:{port}: address already"):
            await start_http(application(), "127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.name.invalid"])
async def test_foreign_address_is_named(host: str) -> None:
    """So is an address of no interface of this machine, or of none at all."""
    with pytest.raises(StartError, match=f"^can't listen on {host}:0: "):
        await start_http(application(), host, 0)


async def test_error_names_the_option_at_fault() -> None:
    """A taken port is another port's matter, an address that is not ours --bind's."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=r"already in use; choose another with --http-port$"):
            await start_http(application(), "127.0.0.1", port, option="--http-port")
    with pytest.raises(StartError, match=r"choose another with --bind$"):
        await start_http(application(), "192.0.2.1", 0, option="--http-port")


def test_ipv6_address_has_brackets() -> None:
    """As in a URL."""
    assert address("::1", 80) == "[::1]:80"
    assert address("127.0.0.1", 80) == "127.0.0.1:80"


async def test_close_lets_requests_finish() -> None:
    """A body that is still arriving is read to its end and answered; nobody new is let in."""
    async with serving() as server:
        reader, writer = await half_sent(server)
        closing = asyncio.create_task(server.close())
        await asyncio.sleep(0)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(server.host, server.port)
        writer.write(b"ab")
        await writer.drain()
        assert not closing.done()
        writer.write(b"cd")
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"\r\nConnection: close\r\n" in answer
        assert answer.endswith(b"\r\n\r\n4")
        await closing
        writer.close()


async def test_drain_has_an_end() -> None:
    """A client that never finishes its request holds the stop up for no longer than allowed."""
    async with serving(drain_s=0.05) as server:
        _, writer = await half_sent(server)
        async with asyncio.timeout(10):
            await server.close()
        writer.close()


async def test_bodies_are_not_inflated() -> None:
    """A small body can't become a large one."""
    async with serving() as server, aiohttp.ClientSession() as client:
        headers = {"Content-Encoding": "gzip"}
        async with client.post(server.url, data=b"no gzip", headers=headers) as answer:
            assert await answer.text() == "7"


async def test_log_has_our_errors_only(caplog: pytest.LogCaptureFixture) -> None:
    """A crash of ours is logged; broken HTTP is not, nor what its headers held."""
    async with serving() as server:
        for sent in (b"GET / HTTP/1.1\r\nHost: x\r\nCookie: " + b"s" * 9000, b"NONSENSE\r\n\r\n"):
            reader, writer = await asyncio.open_connection(server.host, server.port)
            writer.write(sent)
            assert (await reader.readline()).endswith(b" 400 Bad Request\r\n")
            writer.close()
        assert caplog.records == []
        async with aiohttp.ClientSession() as client, client.get(f"{server.url}/crash") as answer:
            assert answer.status == 500
            assert "ours" not in await answer.text()
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_with_status_0(number: signal.Signals) -> None:
    """Both signals that people and orchestrators send."""
    with Program([sys.executable, "-c", PROGRAM]) as program:
        program.wait_for("ready")
        program.signal(number)
        program.wait_for("stopping")
        assert program.wait() == 0


def test_second_signal_ends_at_once() -> None:
    """Whoever presses Ctrl-C twice means it."""
    with Program([sys.executable, "-c", PROGRAM, "hang"]) as program:
        program.wait_for("ready")
        program.signal(signal.SIGTERM)
        program.wait_for("stopping")
        program.signal(signal.SIGTERM)
        assert program.wait() == -signal.SIGTERM


def test_error_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """An error that a person can mend is told on stderr, and gives status 1."""

    async def serve() -> None:
        raise SettingsError("KYSIRA_X: no")

    assert run("prog", serve) == 1
    assert capsys.readouterr().err == "prog: KYSIRA_X: no\n"
