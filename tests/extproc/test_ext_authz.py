"""The ext_authz service as Envoy sees it: an answer to every check."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from extproc.ext_authz import SERVICE, Authorization
from extproc.proto import ext_authz_pb2 as pb
from extproc.server import GrpcServer
from kysira.guard import Guard
from kysira.types import Uninspected
from tests.extproc.checks import KILLED, as_raw, check
from tests.extproc.conversation import headers
from tests.extproc.fake_guard import FakeGuard
from tests.extproc.test_server import process
from tests.management import read_metrics
from tests.processes import ExtProc

ATTACK = "/?q=%27%20UNION%20SELECT%20password%20FROM%20users--"
CLOSED = {"KYSIRA_INFERENCE_URL": "http://127.0.0.1:9", "KYSIRA_ON_FAILURE": "closed"}
Call = grpc.aio.UnaryUnaryMultiCallable[pb.CheckRequest, pb.CheckResponse]


def calls(channel: grpc.aio.Channel) -> Call:
    """Return what checks."""
    return channel.unary_unary(
        f"/{SERVICE}/Check",
        request_serializer=pb.CheckRequest.SerializeToString,
        response_deserializer=pb.CheckResponse.FromString,
    )


@asynccontextmanager
async def serving(guard: Guard) -> AsyncIterator[Call]:
    """Serve on a free port, and return what checks there."""
    server = GrpcServer()
    port = server.bind("127.0.0.1", 0)
    await server.start(Authorization(guard).methods())
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield calls(channel)
    finally:
        await server.stop(0)


@asynccontextmanager
async def running(folder: Path, **settings: str) -> AsyncIterator[Call]:
    """Run kysira-ext-proc, and return what checks there."""
    with ExtProc(folder, **settings) as ext_proc:
        async with grpc.aio.insecure_channel(ext_proc.grpc) as channel:
            yield calls(channel)


async def test_check_is_the_guards_to_decide() -> None:
    """The request as Envoy sent it, and the decision as the guard made it."""
    guard = FakeGuard()
    async with serving(guard) as ask:
        passed = await ask(check("POST", "/a?b=1", body=b"c=2", x_kysira_mode="off"))
        guard.decision = KILLED
        killed = await ask(check("POST", content_length="9"))
    assert passed.WhichOneof("http_response") == "ok_response"
    assert killed.denied_response.status.code == 403
    first, second = guard.asked
    assert (first.request.target, first.request.body, first.unread) == (b"/a?b=1", b"c=2", None)
    assert second.unread is Uninspected.ERROR


async def test_body_that_a_route_leaves_unread_is_told() -> None:
    """A route's inspect_body: false is the guard's to obey; a body that never came is no fault."""
    guard = FakeGuard(inspects_body=False)
    async with serving(guard) as ask:
        for message in (check("POST", body=b"c=2"), check("POST"), check("GET")):
            await ask(message)
    told = [asked.unread for asked in guard.asked]
    assert told == [Uninspected.POLICY, Uninspected.POLICY, None]


async def test_cut_that_envoy_does_not_tell_is_found() -> None:
    """A body of unknown length that ends where Envoy cuts bodies may go on."""
    guard = FakeGuard()
    async with serving(guard) as ask:
        await ask(check("POST", body=b"x" * 20))
        await ask(check("POST", body=b"x" * 20, partial=True))
        for size in (19, 20, 21):
            await ask(check("POST", body=b"x" * size))
        await ask(check("POST", body=b"x" * 20, content_length="20"))
    cut = [asked.request.body_truncated for asked in guard.asked]
    assert cut == [False, True, False, True, False, False]


async def test_check_that_envoy_gives_up_is_counted() -> None:
    """It may let the request pass, which then nobody has inspected."""
    guard = FakeGuard()
    guard.decision = None
    async with serving(guard) as ask:
        call = asyncio.ensure_future(ask(check()))
        await guard.is_asked.wait()
        guard.is_asked.clear()
        call.cancel()
        await asyncio.wait_for(guard.is_asked.wait(), 20)
    assert guard.counted == [Uninspected.TIMEOUT]


async def test_garbage_ends_its_call_only(tmp_path: Path) -> None:
    """Bytes that are no message are an error to Envoy, never a silent pass."""
    with ExtProc(tmp_path) as ext_proc:
        async with grpc.aio.insecure_channel(ext_proc.grpc) as channel:
            raw: Any = channel.unary_unary(f"/{SERVICE}/Check")
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await raw(b"\xff\xff\xff")
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
            assert (await calls(channel)(check())).HasField("ok_response")


async def test_both_services_answer_on_one_port(tmp_path: Path) -> None:
    """ext_proc streams, checks and the health of both; only streams are counted as such."""
    with ExtProc(tmp_path) as ext_proc:
        async with grpc.aio.insecure_channel(ext_proc.grpc) as channel:
            request = health_pb2.HealthCheckRequest(service=SERVICE)
            health = await health_pb2_grpc.HealthStub(channel).Check(request, timeout=10)
            assert health.status == health_pb2.HealthCheckResponse.SERVING
            stream = process(channel)
            await stream.write(headers("POST", end=False))
            await stream.read()
            assert (await calls(channel)(check())).HasField("ok_response")
            async with aiohttp.ClientSession() as client:
                metrics = await read_metrics(client, f"http://{ext_proc.http}")
            assert metrics["kysira_extproc_active_streams"] == 1
            assert metrics['kysira_extproc_requests_total{action="passed"}'] == 1


@pytest.mark.parametrize("mode", ["shadow", "active"])
async def test_attack_is_found_wherever_it_is(tmp_path: Path, mode: str) -> None:
    """In the target, a header and a body; told in shadow mode, refused in active mode."""
    text = "' UNION SELECT password FROM users--"
    attacks = [
        check(path=ATTACK), check(x_search=text),
        check("POST", body=f"q={text}".encode(), content_type="application/x-www-form-urlencoded"),
        check("POST", body=f'{{"q": "{text}"}}'.encode(), content_type="application/json"),
    ]  # fmt: skip
    async with running(tmp_path, KYSIRA_MODE=mode) as ask:
        for attack in attacks:
            for message in (attack, as_raw(attack)):
                answer = await ask(message)
                told = {row.header.key: row.header.value for row in answer.ok_response.headers}
                if mode == "active":
                    assert answer.denied_response.status.code == 403
                else:
                    assert told["x-kysira-would-have-killed"] == "true"
        assert (await ask(check(path="/?q=garden+chair"))).HasField("ok_response")


async def test_limit_is_the_settings(tmp_path: Path) -> None:
    """However much Envoy sends, the inspection limit holds: over it, on_oversize: block refuses."""
    settings = {"KYSIRA_MAX_BODY_BYTES": "100", "KYSIRA_ON_OVERSIZE": "block"}
    async with running(tmp_path, KYSIRA_MODE="active", **settings) as ask:
        for size, partial, status in ((100, False, 0), (101, False, 413), (9, True, 413)):
            answer = await ask(check("POST", body=b"x" * size, partial=partial))
            assert answer.denied_response.status.code == status


async def test_failure_is_answered_by_policy(tmp_path: Path) -> None:
    """An engine that is down, and a policy that fails closed: 503, as an answer."""
    async with running(tmp_path, KYSIRA_MODE="active", **CLOSED) as ask:
        assert (await ask(check())).denied_response.status.code == 503


async def test_many_checks_at_once(tmp_path: Path) -> None:
    """Two hundred requests at a time are each answered."""
    async with running(tmp_path) as ask:
        answers = await asyncio.gather(*[ask(check("GET", f"/?n={n}")) for n in range(200)])
    assert all(answer.HasField("ok_response") for answer in answers)


async def test_nothing_of_a_clients_is_an_error(tmp_path: Path) -> None:
    """Odd methods, targets, headers and bodies, and nothing at all: always an answer."""
    odd = [
        pb.CheckRequest(), check("", ""), check("GET", "*"), check("CONNECT", ""),
        check("GET", "http://a:b@c/?d"), check("POST", body=b"\xff" * 999, as_bytes=False),
        check("POST", content_length="-1"), check("POST", content_length="9" * 5000),
        check("POST", content_length="1,2", body=b""), check(x_name=b"\xff\x00\r\n"),
    ]  # fmt: skip
    async with running(tmp_path) as ask:
        for message in odd:
            for each in (message, as_raw(message)):
                assert (await ask(each)).HasField("ok_response"), message
