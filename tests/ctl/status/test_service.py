"""What one service says of itself, from the paths of real management and from strange answers."""

import asyncio
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, generate_latest

from ctl.fleet.client import Reply, fleet_client
from ctl.fleet.target import Target
from ctl.status.service import Service, ask_service, service
from kysira.metrics import GuardMetrics
from kysira.serving import start_http
from kysira.types import Action, Decision, Mode, Uninspected, Verdict

TARGET = Target("it", "http://it")
HEALTH = {
    "service": "kysira-proxy", "status": "ok", "mode": "shadow", "policy": "aad64018f5df",
    "detectors": {"sqli": "model", "xss": "regex", "ssrf": "regex"},
}  # fmt: skip


def metrics() -> str:
    """Return real metrics: of three requests one was killed, one flagged, one not scored."""
    registry = CollectorRegistry()
    counted = GuardMetrics("kysira_extproc", registry)
    verdict = Verdict(uninspected=(Uninspected.TIMEOUT,))
    counted.observe(Decision(Action.ACTIVE_KILL, Mode.ACTIVE), 0.1)
    counted.observe(Decision(Action.SHADOW_KILL, Mode.SHADOW), 0.1)
    counted.observe(Decision(Action.ERROR, Mode.SHADOW, verdict=verdict), 0.1)
    dropped = Counter("kysira_extproc_events_dropped", "Lost.", ["sink"], registry=registry)
    dropped.labels("queue").inc(2)
    dropped.labels("http").inc(3)
    return generate_latest(registry).decode()


def told(health: dict[str, Any], mode: Any = None, text: Any = "") -> Service:
    """Return the row of these answers."""
    return service("it", health, Reply(TARGET, 200, mode), Reply(TARGET, 200, text))


def test_service_is_one_row() -> None:
    """Health, mode and metrics together."""
    mode = {"mode": "active", "expires_at": "2026-11-26T02:00:00.000Z"}
    assert told(HEALTH, mode, metrics()) == Service(
        target="it", service="kysira-proxy", status="ok", mode="active",
        until="2026-11-26T02:00:00.000Z", policy="aad64018f5df",
        detectors={"model": 1, "regex": 2}, requests=3, flagged=2, killed=1, errors=1,
        uninspected={"timeout": 1}, dropped=5,
    )  # fmt: skip


def test_service_without_metrics_has_no_numbers() -> None:
    """What is not known is not zero; mode and the rest are health's."""
    for text in ("", "no metrics }{", {"a": 1}, 'kysira_requests_total{action="passed"} x'):
        found = told(HEALTH, None, text)
        assert (found.mode, found.requests, found.dropped) == ("shadow", None, None)


def test_service_is_degraded_when_it_says_so() -> None:
    """Not loaded, or with a policy on disk that can't be used; silence is another thing."""
    assert not told(HEALTH).is_degraded
    assert told({**HEALTH, "status": "loading"}).is_degraded
    assert told({**HEALTH, "policy_error": "kysira.yaml:3: oops"}).is_degraded
    assert not Service("it", error="connection refused").is_degraded


async def test_service_is_asked_over_http() -> None:
    """One that answers nothing useful is a row with the reason, never an exception."""

    async def answer(request: web.Request) -> web.Response:
        match request.path:
            case "/ok/_kysira/health":
                return web.json_response(HEALTH)
            case "/ok/metrics":
                return web.Response(text=metrics())
            case "/odd/_kysira/health":
                return web.Response(text="hello")
        raise web.HTTPNotFound

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    server = await start_http(app, "127.0.0.1", 0, drain_s=0)
    urls = [f"{server.url}/ok", f"{server.url}/odd", f"{server.url}/none", "http://127.0.0.1:1"]
    try:
        async with fleet_client("", 5) as client:
            ok, odd, none, gone = await asyncio.gather(
                *(ask_service(client, Target(url[-5:], url)) for url in urls)
            )
    finally:
        await server.close()
    assert (ok.error, ok.mode, ok.requests) == ("", "shadow", 3)
    assert odd.error == "answered something that is no health"
    assert none.error == "answered 404"
    assert gone.error == "connection refused"
