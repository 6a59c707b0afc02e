"""gRPC calls through the filter: never held back, and not a place to hide."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest

from tests.envoy import Envoy, rendered
from tests.integration.stack import running
from tests.processes import ExtProc

METHOD = "/test.Echo/Chat"


async def _echo(messages: AsyncIterator[bytes], _: object) -> AsyncIterator[bytes]:
    async for message in messages:
        yield b"echo " + message


@asynccontextmanager
async def calling(folder: Path, mode: str) -> AsyncIterator["grpc.aio.StreamStreamMultiCallable"]:
    """Return a bidirectional call through Envoy to an echo server."""
    server = grpc.aio.server()
    handler = grpc.stream_stream_rpc_method_handler(_echo)
    generic = grpc.method_handlers_generic_handler("test.Echo", {"Chat": handler})
    server.add_generic_rpc_handlers((generic,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        with ExtProc(folder / "state", KYSIRA_MODE=mode) as ext_proc:
            config = rendered(
                f"http://127.0.0.1:{port}",
                ext_proc.grpc,
                "--target-http2",
                "--on-failure",
                "closed",
            )
            with Envoy(config, folder) as envoy:
                envoy.wait_until_healthy("kysira_ext_proc")
                async with grpc.aio.insecure_channel(f"127.0.0.1:{envoy.port}") as channel:
                    yield channel.stream_stream(METHOD)
                assert envoy.spurious_messages() == 0
    finally:
        await server.stop(None)


@pytest.mark.parametrize("mode", ["shadow", "active"])
async def test_messages_flow_both_ways(tmp_path: Path, mode: str) -> None:
    """Each answer arrives before the next message is sent: nothing waits for the stream's end."""
    async with calling(tmp_path, mode) as chat:
        call = chat(timeout=20)
        for message in (b"one", b"two", b"z" * 300_000, b"after the limit"):
            await call.write(message)
            assert await call.read() == b"echo " + message
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF
        assert await call.code() is grpc.StatusCode.OK


async def test_attack_in_a_message_ends_the_call(tmp_path: Path) -> None:
    """A gRPC content type does not keep a payload from being read."""
    async with calling(tmp_path, "active") as chat:
        call = chat(timeout=20)
        await call.write(b"hello")
        assert await call.read() == b"echo hello"
        await call.write(b"file ../../../../../etc/passwd here")
        with pytest.raises(grpc.aio.AioRpcError):
            assert await call.read() is not grpc.aio.EOF
            await call.read()


async def test_posing_as_grpc_hides_nothing(tmp_path: Path) -> None:
    """A form sent as gRPC, in pieces too small to hold the attack, is refused all the same."""
    settings = {"KYSIRA_MODE": "active"}
    async with running(tmp_path, "--on-failure", "closed", **settings) as stack:
        reader, writer = await asyncio.open_connection("127.0.0.1", stack.envoy.port)
        writer.write(
            b"POST /login HTTP/1.1\r\nHost: app\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Type: application/grpc\r\n\r\n"
        )
        attack = b"q=1' UNION SELECT password FROM users--"
        for start in range(0, len(attack), 6):
            piece = attack[start : start + 6]
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(4096), 20)
        writer.close()
        # Envoy puts a refusal of a gRPC call into its trailers' place: 200 with a gRPC status.
        assert b"grpc-status: 7" in answer.lower() or b" 403 " in answer
        assert not any(b"users--" in seen.body for seen in stack.app.received)
