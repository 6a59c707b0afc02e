"""The gRPC side: pumps messages between Envoy and a processor, and asks the guard."""

import asyncio
from dataclasses import replace
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from extproc import ext_authz
from extproc.accepting import Methods, accept_several
from extproc.processor import Command, Nothing, Processor, Reply, Score, ScoreChunk, ScoreHead
from extproc.proto import ext_proc_pb2 as pb
from kysira.client_address import BELIEVE_NOBODY, ClientAddress
from kysira.errors import StartError
from kysira.guard import Guard
from kysira.policy import Snapshot
from kysira.serving import address
from kysira.types import Decision, Mode, Uninspected

SERVICE = "envoy.service.ext_proc.v3.ExternalProcessor"
MAX_MESSAGE_BYTES = 64 << 20
"""gRPC's own 4 MiB would leave a larger static-BUFFERED body silently uninspected."""

_ANSWERS = (Reply, Nothing)


class ExternalProcessor:
    """Serves ``Process``, one stream a request."""

    def __init__(self, guard: Guard, clients: ClientAddress = BELIEVE_NOBODY) -> None:
        self.active_streams = 0
        self._guard = guard
        self._clients = clients
        self._telling: set[asyncio.Task[Decision]] = set()

    def methods(self) -> Methods:
        """Return what a gRPC server serves; messages stay bytes on gRPC's side.

        To the server the last reply is the only one: gRPC sends what a handler returns together
        with the status, which costs a seventh less than one after the other. Replies before it are
        written to the stream. Where there is none left to send at the end an empty message goes
        out, which Envoy ignores: it has closed its side by then.
        """
        method: Any = grpc.stream_unary_rpc_method_handler(self._process)
        return {f"/{SERVICE}/Process": method}

    async def _process(self, _: Any, stream: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        self.active_streams += 1
        try:
            return await self._pump(stream)
        except DecodeError:
            await stream.abort(grpc.StatusCode.INVALID_ARGUMENT, "not a ProcessingRequest")
            raise AssertionError from None  # abort always raises
        finally:
            self.active_streams -= 1

    async def _pump(self, stream: Any) -> bytes:
        """Return the last reply; nothing, which Envoy takes for none, when it has gone by then."""
        message = _parsed(await stream.read())
        if message is None:
            return b""
        processor = Processor(self._guard.snapshot, self._clients)
        try:
            while message is not None:
                command = processor.receive(message)
                while not isinstance(command, _ANSWERS):
                    command = await self._ask(processor, command)
                payload = command.payload if isinstance(command, Reply) else b""
                if command.is_last:
                    return payload
                if payload:
                    await stream.write(payload)
                message = _parsed(await stream.read())
            return b""
        finally:
            # Also when Envoy resets the stream, which it does once a body that was asked for and
            # never sent has gone by.
            if rest := processor.ended():
                self._tell(rest, processor.snapshot)
            if processor.left_unread:
                self._guard.count_unread(processor.left_unread)

    def _tell(self, rest: Score, snapshot: Snapshot) -> None:
        """Score what can no longer be answered, so that it is counted and logged."""
        shadow = replace(snapshot, mode=Mode.SHADOW)
        task = asyncio.create_task(self._guard.check(rest.request, shadow, unread=rest.unread))
        self._telling.add(task)  # the loop itself keeps only a weak reference
        task.add_done_callback(self._telling.discard)

    async def told(self) -> None:
        """Return once nothing is left to be told."""
        if self._telling:
            await asyncio.wait(self._telling)

    async def _ask(self, processor: Processor, command: Score | ScoreHead | ScoreChunk) -> Command:
        guard, snapshot = self._guard, processor.snapshot
        try:
            if isinstance(command, Score):
                decision = await guard.check(command.request, snapshot, unread=command.unread)
                return processor.decided(decision)
            if isinstance(command, ScoreHead):
                return processor.head_decided(await guard.check_head(command.request, snapshot))
            found = await guard.check_more(command.head, command.piece, snapshot)
            return processor.chunk_decided(found)
        except asyncio.CancelledError:  # Envoy waits no longer, and may let the request pass
            guard.count_unread(Uninspected.TIMEOUT)
            raise


def _parsed(data: Any) -> pb.ProcessingRequest | None:
    """Return the message, None at the end of the stream; raises DecodeError."""
    return None if data is grpc.aio.EOF else pb.ProcessingRequest.FromString(data)


class GrpcServer:
    """The gRPC port: what handlers serve, and grpc.health.v1, NOT_SERVING until ``ready``."""

    def __init__(self) -> None:
        self._health = health.aio.HealthServicer()
        self._server = grpc.aio.server(
            options=[
                ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
                ("grpc.so_reuseport", 0),  # a taken port is an error, not a silent share
                # Envoy may ping idle connections; gRPC's default policing would drop them.
                ("grpc.http2.min_ping_interval_without_data_ms", 1000),
                ("grpc.keepalive_permit_without_calls", 1),
            ]
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)

    def bind(self, host: str, port: int) -> int:
        """Take the port and return its number; raises StartError when it can't be had."""
        try:
            bound = self._server.add_insecure_port(address(host, port))
        except RuntimeError:
            bound = 0
        if bound == 0:
            raise StartError(
                f"can't listen on {address(host, port)} (gRPC): taken, or no such address; "
                "choose another with --grpc-port"
            )
        return bound

    async def start(self, methods: Methods) -> None:
        """Serve these, with a health of NOT_SERVING."""
        for path, handler in methods.items():
            _, service, method = path.split("/")
            self._server.add_registered_method_handlers(service, {method: handler})
        await self._report(health_pb2.HealthCheckResponse.NOT_SERVING)
        await self._server.start()
        accept_several(self._server, methods)

    async def ready(self) -> None:
        """Report SERVING."""
        await self._report(health_pb2.HealthCheckResponse.SERVING)

    async def drain(self) -> None:
        """Report NOT_SERVING; requests are still served, so that Envoy can turn away in time."""
        await self._report(health_pb2.HealthCheckResponse.NOT_SERVING)

    async def stop(self, grace_s: float) -> None:
        """Take no new streams and give the running ones ``grace_s`` seconds to finish."""
        await self._server.stop(grace_s)

    async def _report(self, status: "health_pb2.HealthCheckResponse.ServingStatus") -> None:
        for service in ("", SERVICE, ext_authz.SERVICE):
            await self._health.set(service, status)
