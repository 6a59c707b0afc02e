"""Ordinary and awkward traffic through a real Envoy, in both modes."""

import asyncio
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from tests.integration.stack import Stack, running

pytestmark = pytest.mark.asyncio(loop_scope="module")
DEADLINE = aiohttp.ClientTimeout(total=20)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["shadow", "active"])
async def stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stack]:
    """Return a data path that fails closed, so that nothing passes by mistake."""
    folder = tmp_path_factory.mktemp(request.param)
    async with running(folder, "--on-failure", "closed", KYSIRA_MODE=request.param) as found:
        yield found


async def upload(stack: Stack, data: object, **headers: str) -> int:
    """POST the data and return how many bytes the app got."""
    async with stack.client.post(
        f"{stack.url}/upload", data=data, headers=headers, timeout=DEADLINE
    ) as answer:
        assert answer.status == 200, await answer.text()
        return int((await answer.json())["bytes"])


async def test_benign_get_passes_with_headers(stack: Stack) -> None:
    """The API reference's headers, and none that says it would have been killed."""
    async with stack.client.get(f"{stack.url}/shop?q=garden+chair&page=2") as answer:
        assert answer.status == 200
    seen = stack.app.received[-1]
    assert seen.target == "/shop?q=garden+chair&page=2"
    assert seen.headers["x-kysira-score"] == "0.0000"
    assert seen.headers["x-kysira-reason"] == ""
    assert seen.headers["x-kysira-mode"] in ("shadow", "active")
    assert "x-kysira-would-have-killed" not in seen.headers


async def test_benign_post_passes_with_headers(stack: Stack) -> None:
    """A body changes nothing about that, and arrives as it was sent."""
    async with stack.client.post(
        f"{stack.url}/login", data={"user": "ann", "note": "hi"}
    ) as answer:
        assert answer.status == 200
    seen = stack.app.received[-1]
    assert seen.body == b"user=ann&note=hi"
    assert seen.headers["x-kysira-score"] == "0.0000"


async def test_spoofed_headers_never_arrive(stack: Stack) -> None:
    """Whatever a client claims under our name is gone, in any case and with underscores."""
    spoofed = {"X-Kysira-Would-Have-Killed": "no", "x-kysira-secret": "1", "X_Kysira_Score": "0"}
    for method in ("GET", "POST"):
        async with stack.client.request(method, stack.url, headers=spoofed, data=b"a=1") as answer:
            assert answer.status == 200
        seen = stack.app.received[-1].headers
        ours = {name for name in seen if "kysira" in name.replace("_", "-")}
        told = {"x-kysira-score", "x-kysira-reason", "x-kysira-mode", "x-kysira-event-id"}
        assert ours == told


async def test_target_arrives_byte_for_byte(stack: Stack) -> None:
    """No normalisation on the way: the app sees what the detectors saw."""
    target = "/a%2Fb//c/./d%20e?x=%41&y=a+b;c&&z"
    reader, writer = await asyncio.open_connection("127.0.0.1", stack.envoy.port)
    writer.write(f"GET {target} HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n".encode())
    assert b" 200 " in await asyncio.wait_for(reader.readline(), 20)
    writer.close()
    assert stack.app.received[-1].target == target


async def test_websocket_echoes(stack: Stack) -> None:
    """An upgrade is scored by its head and then left alone."""
    async with asyncio.timeout(20), stack.client.ws_connect(f"{stack.url}/ws") as socket_:
        for number in range(3):
            await socket_.send_str(f"message {number}")
            assert (await socket_.receive()).data == f"echo message {number}"


async def test_server_sent_events_arrive_one_by_one(stack: Stack) -> None:
    """A response is never held back: the first event comes before the last is written."""
    async with stack.client.get(f"{stack.url}/sse", timeout=DEADLINE) as answer:
        first = await answer.content.readline()
        assert first == b"data: 0\n"
        stack.app.release.set()
        assert b"data: last" in await answer.content.read()


@pytest.mark.parametrize("size", [200_000, 6_000_000])
async def test_large_upload_arrives_whole(stack: Stack, size: int) -> None:
    """A body over the limit is scored on its first part and forwarded whole."""
    before = await stack.metrics()
    assert await upload(stack, b"x" * size, **{"Content-Type": "text/plain"}) == size
    assert stack.app.received[-1].headers["x-kysira-score"] == "0.0000"
    name = 'kysira_extproc_uninspected_total{reason="oversize"}'
    assert (await stack.metrics())[name] == before[name] + 1


async def test_chunked_request_arrives_whole(stack: Stack) -> None:
    """A body of unknown length, sent slowly, is waited for and scored."""

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"y" * 1000
            await asyncio.sleep(0)

    assert await upload(stack, pieces()) == 20_000
    assert stack.app.received[-1].headers["x-kysira-score"] == "0.0000"


async def test_chunked_request_with_trailers_passes(stack: Stack) -> None:
    """Trailers after the body change nothing."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stack.envoy.port)
    writer.write(
        b"POST /t HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n"
        b"Connection: close\r\n\r\n3\r\na=1\r\n0\r\nx-sum: 1\r\n\r\n"
    )
    assert b" 200 " in await asyncio.wait_for(reader.readline(), 20)
    writer.close()
    assert stack.app.received[-1].body == b"a=1"


async def test_empty_chunked_body_passes(stack: Stack) -> None:
    """A body that is announced and then empty is no reason to wait."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stack.envoy.port)
    writer.write(
        b"POST /t HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        b"0\r\n\r\n"
    )
    assert b" 200 " in await asyncio.wait_for(reader.readline(), 20)
    writer.close()


async def test_expect_continue_is_answered(stack: Stack) -> None:
    """A client that waits for 100 gets it, then its answer."""
    async with stack.client.post(
        f"{stack.url}/e", data=b"z" * 100, expect100=True, timeout=DEADLINE
    ) as answer:
        assert answer.status == 200
    assert stack.app.received[-1].body == b"z" * 100


async def test_client_that_leaves_harms_nobody(stack: Stack) -> None:
    """A connection dropped half-way through its body ends its stream, and only that."""
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", stack.envoy.port)) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999\r\n\r\nabc")
    assert await upload(stack, b"still here") == 10
    async with asyncio.timeout(20):
        while (await stack.metrics())["kysira_extproc_active_streams"] > 0:
            await asyncio.sleep(0.05)
