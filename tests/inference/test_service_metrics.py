"""What the service counts, and how far labels can grow."""

from aiohttp import ClientSession, web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from inference.service_metrics import ServiceMetrics
from kysira.management import json_errors
from kysira.serving import start_http
from kysira.types import Finding, ScoreOptions, Uninspected, Verdict


async def nothing(_: web.Request) -> web.Response:
    return web.Response()


async def test_clients_invent_no_labels() -> None:
    """Paths that no route takes, and the names in those that one does, share a label."""
    registry = CollectorRegistry()
    app = web.Application(middlewares=[ServiceMetrics(registry).count, json_errors])
    app.router.add_get("/score/{detector}", nothing)
    server = await start_http(app, "127.0.0.1", 0)
    try:
        async with ClientSession(server.url) as client:
            for number in range(5):
                await client.get(f"/invented/{number}")
                await client.post(f"/score/{number}")
    finally:
        await server.close()
    lines = generate_latest(registry).decode().splitlines()
    assert [line for line in lines if line.startswith("kysira_inference_requests_total{")] == [
        'kysira_inference_requests_total{endpoint="other",status="404"} 5.0',
        'kysira_inference_requests_total{endpoint="other",status="405"} 5.0',
    ]


def test_findings_over_their_threshold_count() -> None:
    """Each detector by its own threshold."""
    registry = CollectorRegistry()
    metrics = ServiceMetrics(registry)
    findings = (Finding("xss", 0.95, "", ""), Finding("sqli", 0.9, "", ""))
    verdict = Verdict(0.95, findings=findings, uninspected=(Uninspected.PARSE,))
    metrics.count_verdict(verdict, ScoreOptions())
    metrics.count_verdict(verdict, ScoreOptions(thresholds={"sqli": 0.9}))

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"kysira_inference_{name}_total", labels)

    assert value("flagged", detector="xss") == 2
    assert value("flagged", detector="sqli") == 1
    assert value("uninspected", reason="parse") == 2
    assert value("uninspected", reason="timeout") == 0
