"""Calls are taken up several at a time where grpcio lets us, and served by it where it does not."""

import asyncio
import gc
import logging
import signal
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from grpc._cython import cygrpc  # type: ignore[attr-defined]
from grpc_health.v1 import health_pb2, health_pb2_grpc

from extproc.accepting import AT_ONCE, Methods, accept_several
from extproc.server import GrpcServer
from tests.extproc.conversation import body, headers
from tests.extproc.test_server import NOT_SERVING, process
from tests.processes import ExtProc

SERVICE = "tests.Calls"
PATH = f"/{SERVICE}/Take"
MANY = 32
COMPLAINTS = ("Traceback", "never awaited", "never retrieved", "was destroyed")


class Calls:
    """A handler that lets each call go when told to, and counts how many begin in one turn."""

    def __init__(self) -> None:
        self.most_at_once = 0
        self.inside = 0
        self.cancelled = 0
        self.may_go = asyncio.Event()
        self.has_changed = asyncio.Condition()
        self._in_this_turn = 0

    @property
    def methods(self) -> Methods:
        """Return what a server serves."""
        method: Any = grpc.stream_unary_rpc_method_handler(self._take)
        return {PATH: method}

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Return once it is so; calls that come and go may change it."""
        async with self.has_changed, asyncio.timeout(60):
            await self.has_changed.wait_for(is_so)

    async def _take(self, _: Any, stream: Any) -> bytes:
        if not self._in_this_turn:
            asyncio.get_running_loop().call_soon(self._turn_ends)
        self._in_this_turn += 1
        self.inside += 1
        try:
            await self._tell()
            await self.may_go.wait()
            return bytes(await stream.read())
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.inside -= 1
            await self._tell()

    async def _tell(self) -> None:
        async with self.has_changed:
            self.has_changed.notify_all()

    def _turn_ends(self) -> None:
        self.most_at_once = max(self.most_at_once, self._in_this_turn)
        self._in_this_turn = 0


Call = grpc.aio.StreamUnaryCall[bytes, bytes]


def call(channel: grpc.aio.Channel, message: bytes = b"", path: str = PATH) -> Call:
    """Begin a call with this one message."""

    async def messages() -> AsyncIterator[bytes]:
        yield message

    started: Call = channel.stream_unary(path)(messages())
    return started


async def answers(channel: grpc.aio.Channel) -> bool:
    """Return True when each of many calls at once gets its own answer."""
    sent = [b"%d" % number for number in range(MANY)]
    return await asyncio.gather(*[call(channel, message) for message in sent]) == sent


async def outcome(started: Call) -> grpc.StatusCode:
    """Return what a call ended with."""
    try:
        await started
    except grpc.aio.AioRpcError as error:
        return error.code()
    except asyncio.CancelledError:
        return grpc.StatusCode.CANCELLED
    return grpc.StatusCode.OK


@asynccontextmanager
async def serving(calls: Calls) -> AsyncIterator[tuple[GrpcServer, grpc.aio.Channel]]:
    """Serve them as kysira-ext-proc does, and return the server and a channel to it."""
    server = GrpcServer()
    port = server.bind("127.0.0.1", 0)
    await server.start(calls.methods)
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield server, channel
    finally:
        await server.stop(0)


@asynccontextmanager
async def serving_with(core: Any, calls: Calls) -> AsyncIterator[tuple[bool, grpc.aio.Channel]]:
    """Serve them with grpcio as it looks here; return whether it is known, and a channel."""
    server = grpc.aio.server()
    port = server.add_insecure_port("127.0.0.1:0")
    handlers = {PATH.rpartition("/")[2]: calls.methods[PATH]}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    server.add_registered_method_handlers(SERVICE, handlers)
    await server.start()
    try:
        is_known = accept_several(server, calls.methods, core=core)
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield is_known, channel
    finally:
        await server.stop(0)


def altered(**parts: object) -> SimpleNamespace:
    """Return what looks like grpcio's core, but for these parts."""
    return SimpleNamespace(**{**vars(cygrpc), **parts})


async def other(call: object, loop: object) -> None:
    """Look like no part of grpcio."""


async def begun_at_once(channel: grpc.aio.Channel, calls: Calls, *, rounds: int) -> int:
    """Return how many calls began in one turn of the event loop, at most, in so many rounds."""
    calls.may_go.set()
    for _ in range(rounds):
        assert await answers(channel)
        if calls.most_at_once > 1:
            break
    return calls.most_at_once


async def test_many_calls_are_in_flight_at_once() -> None:
    """More than are taken up at a time are all inside before one goes, and get their answers."""
    calls = Calls()
    async with serving(calls) as (_, channel):
        waiting = asyncio.create_task(answers(channel))
        await calls.until(lambda: calls.inside == MANY)
        calls.may_go.set()
        assert await waiting
        assert await answers(channel)


async def test_several_calls_are_taken_up_at_a_time() -> None:
    """Several begin in one turn of the event loop; grpc.aio's own loop has one begin in each."""
    calls = Calls()
    async with serving(calls) as (_, channel):
        assert await begun_at_once(channel, calls, rounds=50) > 1
    singly = Calls()
    async with serving_with(altered(_handle_rpc=other), singly) as (_, channel):
        assert await begun_at_once(channel, singly, rounds=5) == 1


async def test_installed_grpcio_is_known() -> None:
    """It lets several calls be taken up: a new version that does not has to be looked at."""
    calls = Calls()
    calls.may_go.set()
    async with serving_with(cygrpc, calls) as (is_known, channel):
        assert is_known
        assert await answers(channel)


@pytest.mark.parametrize(
    "parts",
    [
        {"_handle_rpc": other}, {"_schedule_rpc_coro": other}, {"_schedule_rpc_coro": None},
        {"AioServer": object}, {"AioServer": None},
        {"AioServer": SimpleNamespace(_request_registered_call=other, is_running=other)},
    ],
)  # fmt: skip
async def test_unknown_grpcio_takes_up_calls_itself(parts: dict[str, object]) -> None:
    """A part that is missing, or takes something else: said, and every call is answered."""
    calls = Calls()
    calls.may_go.set()
    async with serving_with(altered(**parts), calls) as (is_known, channel):
        assert is_known is False
        assert await answers(channel)


@pytest.mark.parametrize("name", ["_MethodResolver", "_RequestCallError"])
async def test_grpcio_without_a_part_takes_up_calls_itself(name: str) -> None:
    """What is not called by name alone may be missing, too."""
    core = altered()
    vars(core).pop(name, None)
    calls = Calls()
    calls.may_go.set()
    async with serving_with(core, calls) as (is_known, channel):
        assert is_known is False
        assert await answers(channel)


async def test_other_methods_are_served_as_ever() -> None:
    """Health beside the calls; what nobody serves is UNIMPLEMENTED, and costs the rest nothing."""
    calls = Calls()
    calls.may_go.set()
    async with serving(calls) as (_, channel):
        for path in (f"/{SERVICE}/Other", "/tests.Other/Take", "/"):
            assert await outcome(call(channel, path=path)) is grpc.StatusCode.UNIMPLEMENTED
        request = health_pb2.HealthCheckRequest()
        health = await health_pb2_grpc.HealthStub(channel).Check(request, timeout=10)
        assert health.status == NOT_SERVING
        assert await answers(channel)


async def test_cancelled_calls_end_and_leave_room() -> None:
    """Their handlers are cancelled; calls given up before they were taken up do no harm either."""
    calls = Calls()
    async with serving(calls) as (_, channel):
        taken = [call(channel) for _ in range(MANY)]
        await calls.until(lambda: calls.inside == MANY)
        for number in range(4 * MANY):
            given_up = call(channel)
            if number % 2:
                await asyncio.sleep(0)
            given_up.cancel()
        for each in taken:
            each.cancel()
        await calls.until(lambda: calls.inside == 0)
        assert calls.cancelled >= MANY
        at_once = await begun_at_once(channel, calls, rounds=50)
        assert at_once > 1


async def test_stop_lets_calls_finish() -> None:
    """Within the grace period all are answered; nothing new is taken up, no task is left."""
    before = asyncio.all_tasks()
    calls = Calls()
    async with serving(calls) as (server, channel):
        # With its last call gRPC closes the connection, now and then before the client has read
        # what was answered: this one is the last.
        last: grpc.aio.StreamUnaryCall[bytes, bytes] = channel.stream_unary(PATH)()
        outstanding = asyncio.create_task(answers(channel))
        await calls.until(lambda: calls.inside == MANY + 1)
        stopping = asyncio.create_task(server.stop(60))
        await asyncio.sleep(0)
        calls.may_go.set()
        assert await outstanding
        assert (calls.inside, calls.cancelled) == (1, 0)
        last.cancel()
        await stopping
        assert await outcome(call(channel)) is grpc.StatusCode.UNAVAILABLE
    left = asyncio.all_tasks() - before
    assert not left or not (await asyncio.wait(left, timeout=20))[1]


async def test_stop_ends_calls_that_do_not_finish(caplog: pytest.LogCaptureFixture) -> None:
    """After the grace period each call and its handler end, and nothing complains of it."""
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    before = asyncio.all_tasks()
    calls = Calls()
    with caplog.at_level(logging.WARNING):
        async with serving(calls) as (server, channel):
            outstanding = [asyncio.create_task(outcome(call(channel))) for _ in range(MANY)]
            await calls.until(lambda: calls.inside == MANY)
            await server.stop(0)
            assert grpc.StatusCode.OK not in await asyncio.gather(*outstanding)
        left = asyncio.all_tasks() - before
        assert not left or not (await asyncio.wait(left, timeout=20))[1]
        gc.collect()
    assert (calls.inside, calls.cancelled) == (0, MANY)
    assert not told
    assert not caplog.records


async def test_program_stops_in_silence(tmp_path: Path) -> None:
    """Streams in flight at SIGTERM are finished, and the last words are no Python's."""
    with ExtProc(tmp_path, KYSIRA_DRAIN_MS="1000") as ext_proc:
        async with grpc.aio.insecure_channel(ext_proc.grpc) as channel:
            watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
            await watch.read()
            streams = [process(channel) for _ in range(MANY)]
            for stream in streams:
                await stream.write(headers("POST", end=False))
            for stream in streams:
                await stream.read()
            ext_proc.program.signal(signal.SIGTERM)
            assert (await watch.read()).status == NOT_SERVING
            for stream in streams[: MANY // 2]:
                await stream.write(body(b"a=1"))
                assert (await stream.read()).WhichOneof("response") == "request_body"
            for stream in streams[MANY // 2 :]:
                stream.cancel()
        assert await asyncio.to_thread(ext_proc.program.wait) == 0
    said = "".join(ext_proc.program.output)
    assert not [complaint for complaint in COMPLAINTS if complaint in said], said


class Refused(Exception):
    """What the core says of a call that it can't hand out."""


class FakeAioServer:
    """Runs while it has calls to hand out; None is one that it refuses."""

    def __init__(self, *calls: str | None) -> None:
        self._calls = deque(calls)

    def is_running(self) -> bool:
        """Return False from when the last call was taken."""
        return bool(self._calls)

    async def _request_registered_call(self, method: bytes) -> str:
        assert method == PATH.encode()
        call = self._calls.popleft()
        await asyncio.sleep(0)
        if call is None:
            raise Refused
        return call


async def test_refused_call_is_not_the_end() -> None:
    """The next is taken up; so is one that the core hands out while the server stops."""
    handled: list[object] = []

    def _handle_rpc(
        method_name: str, method_resolver: object, interceptors: object, rpc_state: str,
        loop: object, concurrency_exceeded: object,
    ) -> tuple[object, ...]:  # fmt: skip
        return (method_name, method_resolver, interceptors, rpc_state, concurrency_exceeded)

    async def _schedule_rpc_coro(
        rpc_coro: object, rpc_state: str, loop: object, method_name: str
    ) -> None:
        handled.append(rpc_coro)

    core = SimpleNamespace(
        AioServer=FakeAioServer, _RequestCallError=Refused, _handle_rpc=_handle_rpc,
        _MethodResolver=lambda generic, methods: (generic, methods),
        _schedule_rpc_coro=_schedule_rpc_coro,
    )  # fmt: skip
    calls = (*[None] * AT_ONCE, "one", None, "two")
    server: Any = SimpleNamespace(_server=FakeAioServer(*calls))
    before = asyncio.all_tasks()
    methods = Calls().methods
    assert accept_several(server, methods, core=core)
    while left := asyncio.all_tasks() - before:
        await asyncio.wait(left, timeout=20)
    assert handled == [(PATH, ([], methods), (), name, False) for name in ("one", "two")]
