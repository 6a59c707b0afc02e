"""An ext_proc server that does everything but look: what the protocol itself costs.

Run as a program: the same gRPC library, event loop and messages as kysira-ext-proc, no scoring and
no metrics, on a server as gRPC's documentation shows it. With ``BENCHMARK_TUNED`` set it is
kysira-ext-proc's own server, with all that makes gRPC cheaper there: patient threads, the last
reply sent with the status, several calls taken up at a time.
"""

import os
import sys
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from extproc.codec import Phase, encode_continue
from extproc.proto import ext_proc_pb2 as pb
from extproc.scheduling import patient_threads
from extproc.server import SERVICE, GrpcServer
from kysira.serving import address, run, stop_event

TUNED = bool(os.environ.get("BENCHMARK_TUNED"))
_HOST = "127.0.0.1"


async def last_reply(_: Any, stream: Any) -> bytes:
    """Let a request pass, after its body when it has one; return the last reply."""
    message = pb.ProcessingRequest.FromString(await stream.read())
    if message.request_headers.end_of_stream:
        return encode_continue(Phase.REQUEST_HEADERS)
    await stream.write(encode_continue(Phase.REQUEST_HEADERS, override=pb.BUFFERED_PARTIAL))
    pb.ProcessingRequest.FromString(await stream.read())
    return encode_continue(Phase.REQUEST_BODY)


async def process(context: Any, stream: Any) -> None:
    """Write every reply to the stream, the last one too."""
    await stream.write(await last_reply(context, stream))


async def serve() -> None:
    """Serve on a free port until a signal."""
    stopped = stop_event()
    port, server = await (start_tuned() if TUNED else start_plain())
    print(f"listening grpc={address(_HOST, port)}", flush=True)
    await stopped.wait()
    await server.stop(0)


async def start_tuned() -> tuple[int, GrpcServer]:
    """Return the port of kysira-ext-proc's server, and the server."""
    method: Any = grpc.stream_unary_rpc_method_handler(last_reply)
    with patient_threads():
        server = GrpcServer()
        port = server.bind(_HOST, 0)
        await server.start({f"/{SERVICE}/Process": method})
    await server.ready()
    return port, server


async def start_plain() -> tuple[int, grpc.aio.Server]:
    """Return the port of an ordinary server, and the server."""
    method: Any = grpc.stream_stream_rpc_method_handler(process)
    server = grpc.aio.server()
    port = server.add_insecure_port(address(_HOST, 0))
    handler = grpc.method_handlers_generic_handler(SERVICE, {"Process": method})
    server.add_generic_rpc_handlers((handler,))
    healthy = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    await healthy.set("", health_pb2.HealthCheckResponse.SERVING)
    await healthy.set(SERVICE, health_pb2.HealthCheckResponse.SERVING)
    await server.start()
    return port, server


if __name__ == "__main__":
    sys.exit(run("noop", serve))
