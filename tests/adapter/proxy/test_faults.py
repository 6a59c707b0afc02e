"""What goes wrong beside the decisions is counted, and told of in the log without filling it."""

import asyncio
import logging
from contextlib import suppress

import pytest
from prometheus_client import CollectorRegistry

from adapter.proxy.errors import MessageError, StaleError, UpstreamError
from adapter.proxy.faults import Faults
from tests.adapter.proxied import proxied, until_idle
from tests.adapter.raw import RawApp, connected, get, read_message


def values(faults: Faults) -> dict[str, float]:
    """Return the metrics that are not 0, by name and status."""
    registry = CollectorRegistry()
    registry.register(faults)
    samples = [sample for metric in registry.collect() for sample in metric.samples]
    return {s.name + s.labels.get("status", ""): s.value for s in samples if s.value}


def test_faults_are_counted_apart() -> None:
    """A client's are malformed requests, the app's are there by status."""
    faults = Faults("http://app")
    assert values(faults) == {}
    for error in (MessageError("bad"), UpstreamError("gone"), StaleError("gone"),
                  UpstreamError("slow", 504)):  # fmt: skip
        faults.note(error)
    faults.refuse_connection()
    assert values(faults) == {
        "kysira_malformed_requests_total": 1, "kysira_upstream_errors_total502": 2,
        "kysira_upstream_errors_total504": 1, "kysira_refused_connections_total": 1,
    }  # fmt: skip


def test_app_that_fails_is_told_once_a_second(caplog: pytest.LogCaptureFixture) -> None:
    """With the cause and how many more; what clients break is no line of the log."""
    now = 0.0
    faults = Faults("http://app", clock=lambda: now)
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            faults.note(UpstreamError("could not be reached", cause="connection refused"))
            faults.note(MessageError("bad"))
        now = 1.0
        faults.note(UpstreamError("slow", 504))
    assert [record.getMessage() for record in caplog.records] == [
        "upstream_failed target=http://app status=502 error='could not be reached' "
        "cause='connection refused' more=0",
        "upstream_failed target=http://app status=504 error='slow' cause='' more=2",
    ]


async def test_requests_that_fail_are_counted() -> None:
    """A request that can't be read, and one whose app is not there."""
    faults, app = Faults("http://app"), RawApp()
    async with app.running():
        port = app.port
    app.port = port
    async with proxied(app, faults=faults) as proxy:
        for sent in (b"nonsense\r\n\r\n", get(b"/")):
            async with connected(proxy.port) as (reader, writer):
                writer.write(sent)
                assert await read_message(reader)
        await until_idle(proxy)
    assert values(faults) == {
        "kysira_malformed_requests_total": 1, "kysira_upstream_errors_total502": 1,
    }  # fmt: skip


async def test_too_many_clients_are_refused() -> None:
    """Those who are connected are served; who comes above the bound is sent away at once."""
    faults, app = Faults("http://app"), RawApp()
    async with app.running(), proxied(app, faults=faults, most=2) as proxy:
        async with connected(proxy.port) as (reader, writer), connected(proxy.port):
            while proxy.server.open_connections < 2:
                await asyncio.sleep(0.01)
            async with connected(proxy.port) as (late, _):
                with suppress(ConnectionError):
                    assert await late.read(1) == b""
            assert values(faults) == {
                "kysira_connections": 2, "kysira_refused_connections_total": 1,
            }  # fmt: skip
            writer.write(get(b"/"))
            assert (await read_message(reader)).startswith(b"HTTP/1.1 200 ")
