"""An ext_proc server that does everything but look: what the protocol itself costs.

Run as a program: the same gRPC server and messages as kysira-ext-proc, no scoring and no metrics.
With ``BENCHMARK_TUNED`` set it also has what kysira-ext-proc does to make gRPC cheaper: patient
threads, and the last reply sent with the status.
"""

import os
import sys
from contextlib import nullcontext
from typing import Any

import grpc

from extproc.codec import Phase, encode_continue
from extproc.proto import ext_proc_pb2 as pb
from extproc.scheduling import patient_threads
from extproc.server import SERVICE, GrpcServer
from kysira.serving import address, run, stop_event

TUNED = bool(os.environ.get("BENCHMARK_TUNED"))


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
    method: Any = grpc.stream_stream_rpc_method_handler(process)
    if TUNED:
        method = grpc.stream_unary_rpc_method_handler(last_reply)
    with patient_threads() if TUNED else nullcontext():
        server = GrpcServer()
        port = server.bind("127.0.0.1", 0)
        await server.start({f"/{SERVICE}/Process": method})
    await server.ready()
    print(f"listening grpc={address('127.0.0.1', port)}", flush=True)
    await stopped.wait()
    await server.stop(0)


if __name__ == "__main__":
    sys.exit(run("noop", serve))
