"""An ext_proc server that does everything but look: what the protocol itself costs.

Run as a program: the same gRPC server and messages as kysira-ext-proc, no scoring and no metrics.
"""

import sys
from typing import Any

import grpc

from extproc.codec import Phase, encode_continue
from extproc.proto import ext_proc_pb2 as pb
from extproc.server import SERVICE, GrpcServer
from kysira.serving import address, run, stop_event


async def process(_: Any, stream: Any) -> None:
    """Let a request pass, after its body when it has one."""
    message = pb.ProcessingRequest.FromString(await stream.read())
    if not message.request_headers.end_of_stream:
        ask = encode_continue(Phase.REQUEST_HEADERS, override=pb.BUFFERED_PARTIAL)
        await stream.write(ask)
        pb.ProcessingRequest.FromString(await stream.read())
        await stream.write(encode_continue(Phase.REQUEST_BODY))
    else:
        await stream.write(encode_continue(Phase.REQUEST_HEADERS))


async def serve() -> None:
    """Serve on a free port until a signal."""
    stopped = stop_event()
    server = GrpcServer()
    port = server.bind("127.0.0.1", 0)
    method: Any = grpc.stream_stream_rpc_method_handler(process)
    await server.start(grpc.method_handlers_generic_handler(SERVICE, {"Process": method}))
    await server.ready()
    print(f"listening grpc={address('127.0.0.1', port)}", flush=True)
    await stopped.wait()
    await server.stop(0)


if __name__ == "__main__":
    sys.exit(run("noop", serve))
