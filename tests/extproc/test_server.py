"""The gRPC port as a client sees it: health, bad messages, drain."""

import asyncio
import signal
import sys
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from extproc.proto import ext_proc_pb2 as pb
from extproc.server import SERVICE, ExternalProcessor, GrpcServer
from kysira.types import Uninspected
from tests.extproc.conversation import body, headers
from tests.extproc.fake_guard import FakeGuard
from tests.processes import ExtProc, Program

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def process(channel: grpc.aio.Channel) -> "grpc.aio.StreamStreamCall":
    """Open an ext_proc stream."""
    return channel.stream_stream(
        f"/{SERVICE}/Process",
        request_serializer=pb.ProcessingRequest.SerializeToString,
        response_deserializer=pb.ProcessingResponse.FromString,
    )()


@pytest.mark.parametrize("service", ["", SERVICE])
async def test_health_is_serving(tmp_path: Path, service: str) -> None:
    """grpc.health.v1 answers for the server and for the service Envoy calls."""
    with ExtProc(tmp_path) as ext_proc:
        async with grpc.aio.insecure_channel(ext_proc.grpc) as channel:
            request = health_pb2.HealthCheckRequest(service=service)
            answer = await health_pb2_grpc.HealthStub(channel).Check(request, timeout=10)
            assert answer.status == SERVING


async def test_garbage_ends_its_stream_only(tmp_path: Path) -> None:
    """Bytes that are no message are an error to Envoy, never a silent pass."""
    with ExtProc(tmp_path) as ext_proc:
        async with grpc.aio.insecure_channel(ext_proc.grpc) as channel:
            raw = channel.stream_stream(f"/{SERVICE}/Process")()
            await raw.write(b"\xff\xff\xff")
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await raw.read()
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
            good = process(channel)
            await good.write(headers())
            assert (await good.read()).WhichOneof("response") == "request_headers"


async def test_sigterm_drains(tmp_path: Path) -> None:
    """NOT_SERVING first, the stream in flight finishes, exit status 0."""
    with ExtProc(tmp_path, KYSIRA_DRAIN_MS="1500") as ext_proc:
        async with grpc.aio.insecure_channel(ext_proc.grpc) as channel:
            watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
            assert (await watch.read()).status == SERVING
            call = process(channel)
            await call.write(headers("POST", end=False))
            await call.read()
            ext_proc.program.signal(signal.SIGTERM)
            assert (await watch.read()).status == NOT_SERVING
            await call.write(body(b"a=1"))
            assert (await call.read()).WhichOneof("response") == "request_body"
        assert await asyncio.to_thread(ext_proc.program.wait) == 0


async def test_many_streams_at_once(tmp_path: Path) -> None:
    """Two hundred requests at a time are each answered."""
    with ExtProc(tmp_path) as ext_proc:
        async with grpc.aio.insecure_channel(ext_proc.grpc) as channel:

            async def one(number: int) -> bool:
                call = process(channel)
                await call.write(headers("GET", f"/?n={number}"))
                return (await call.read()).HasField("request_headers")

            assert all(await asyncio.gather(*map(one, range(200))))


def test_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    """The port is named, nothing is shared silently, and the exit status is 1."""
    with ExtProc(tmp_path) as ext_proc:
        port = ext_proc.grpc.rpartition(":")[2]
        command = [sys.executable, "-m", "extproc", "--grpc-port", port, "--metrics-port", "0"]
        with Program(command) as second:
            assert second.wait() == 1
        lines = [line for line in second.output if "kysira-ext-proc" in line]
        assert len(lines) == 1
        assert port in lines[0]
        assert "--grpc-port" in lines[0]


def test_taken_management_port_is_one_clear_line(tmp_path: Path) -> None:
    """The other port, too, and nothing else on stderr."""
    with ExtProc(tmp_path) as ext_proc:
        port = ext_proc.http.rpartition(":")[2]
        command = [sys.executable, "-m", "extproc", "--grpc-port", "0", "--metrics-port", port]
        with Program(command) as second:
            assert second.wait() == 1
        assert len(second.output) == 1
        assert port in second.output[0]
        assert "--metrics-port" in second.output[0]


async def test_request_that_envoy_gives_up_is_counted() -> None:
    """It may let the request pass, which then nobody has inspected."""
    guard = FakeGuard()
    guard.decision = None
    server = GrpcServer()
    port = server.bind("127.0.0.1", 0)
    await server.start(ExternalProcessor(guard).methods())
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            call = process(channel)
            await call.write(headers())
            await guard.is_asked.wait()
            guard.is_asked.clear()
            call.cancel()
            await asyncio.wait_for(guard.is_asked.wait(), 20)
    finally:
        await server.stop(0)
    assert guard.counted == [Uninspected.TIMEOUT]
