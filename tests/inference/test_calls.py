"""Scoring calls that come slowly, in pieces, or all at once."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from prometheus_client import CollectorRegistry

from inference.calls import CallLimits, call_limits
from inference.detector import Detector, Rule
from inference.engine import Engine
from inference.in_process import MAX_WAITING
from inference.service import InferenceSettings, Service
from kysira.errors import ScoringError
from kysira.serving import HttpServer, start_http
from tests.inference.fake_models import FakeModel
from tests.inference.service_client import raw_request

SQLI = Detector("sqli", (Rule("marker", "sql-word"),))


@asynccontextmanager
async def serving(
    engine: Engine, registry: CollectorRegistry, limits: CallLimits | None = None
) -> AsyncIterator[HttpServer]:
    service = Service(InferenceSettings(), registry, limits=limits)
    server = await start_http(service.app(), "127.0.0.1", 0)
    service.begin(engine, max_wait_s=60)  # however slow the machine is
    try:
        yield server
    finally:
        await server.close()


def test_limits_follow_the_inspected_bytes() -> None:
    """Every byte may become six characters of JSON, and there is room for the rest."""
    body = "\x00" * 131072
    assert len(json.dumps({"request_text": body})) < call_limits(131072).most_bytes


async def test_slow_body_is_408() -> None:
    """A call whose body doesn't come is not waited for for ever, however it is framed."""
    limits = CallLimits(1 << 20, body_timeout_s=0.05)
    async with serving(Engine((SQLI,)), CollectorRegistry(), limits) as server:
        for sent, more in (
            ("Content-Length: 100", b"{"),
            ("Transfer-Encoding: chunked", b"1\r\n{\r\n"),
        ):
            reader, writer = await asyncio.open_connection(server.host, server.port)
            writer.write(raw_request("/score", sent) + more)
            assert await reader.readline() == b"HTTP/1.1 408 Request Timeout\r\n"
            writer.close()


async def test_overload_is_told() -> None:
    """Calls beyond what may wait are refused at once, and all others get their answer."""
    release = threading.Event()
    slow = Rule("marker", "sql-word", check=lambda _, __: release.wait(20))
    registry = CollectorRegistry()
    payload = {"request_text": "POST /\n" + "sql-word " * 20_000}  # goes to a thread
    engine = Engine((Detector("sqli", (slow,)),))
    connector = aiohttp.TCPConnector(limit=0)
    async with (
        serving(engine, registry) as server,
        aiohttp.ClientSession(server.url, connector=connector) as client,
    ):
        calls = [client.post("/score/all", json=payload) for _ in range(MAX_WAITING + 1)]
        pending = {asyncio.ensure_future(call) for call in calls}
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        (refused,) = [task.result() for task in done]
        assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
        assert "too many" in (await refused.json())["error"]
        release.set()
        assert {(await task).status for task in pending} == {200}
    label = {"reason": "overload"}
    assert registry.get_sample_value("kysira_inference_uninspected_total", label) == 1


def fail(text: str) -> float:
    raise ScoringError("model file x: gave something that is not a number")


async def test_failing_model_is_503() -> None:
    """What a model does is no verdict, and no crash either."""
    registry = CollectorRegistry()
    async with (
        serving(Engine((SQLI,), classifiers={"sqli": FakeModel(fail)}), registry) as server,
        aiohttp.ClientSession(server.url) as client,
    ):
        async with client.post("/score", json={"request_text": "GET /?a=b+c"}) as answer:
            assert answer.status == 503
            assert "not a number" in (await answer.json())["error"]
        async with client.post("/score", json={"request_text": "GET /?a=sql-word"}) as answer:
            assert answer.status == 200
    label = {"reason": "error"}
    assert registry.get_sample_value("kysira_inference_uninspected_total", label) == 1
