"""Services that tell doctor whatever a test wants, over real sockets."""

import copy
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from ctl.doctor.service_facts import ServiceFacts
from ctl.fleet.client import Reply
from ctl.fleet.target import Target
from kysira.serving import start_http

TOKEN = "s3cret"
METRICS = """\
# HELP kysira_extproc_requests_total Total requests processed by action.
kysira_extproc_requests_total{action="passed"} 9990.0
kysira_extproc_requests_total{action="shadow_kill"} 10.0
kysira_extproc_uninspected_total{reason="timeout"} 0.0
kysira_extproc_uninspected_total{reason="upgrade"} 900.0
kysira_extproc_flagged_total 10.0
kysira_extproc_inference_errors_total 0.0
kysira_extproc_events_dropped_total{sink="file"} 0.0
kysira_extproc_events_dropped_total{sink="reader"} 77.0
kysira_extproc_state_write_failures 0.0
process_open_fds 12.0
"""
HEALTH = {
    "service": "kysira-ext-proc", "status": "ok", "mode": "shadow", "inference": "in-process",
    "version": "1.2.3", "policy": "aad64018f5df",
    "detectors": {"sqli": "model", "prompt-injection": "model", "xss": "regex"},
}  # fmt: skip
POLICY = {
    "hash": "aad64018f5df",
    "policy": {"mode": "shadow", "timeout_ms": 300, "max_body_bytes": 131072, "on_failure": "open"},
    "exclusions": [{"name": "cms", "expires": "2027-06-01", "expired": False}],
}


@dataclass
class Says:
    """What a service says: in good order unless a test changes it."""

    health: Any = field(default_factory=lambda: copy.deepcopy(HEALTH))
    mode: Any = field(default_factory=lambda: {"mode": "shadow"})
    metrics: str = METRICS
    policy: Any = field(default_factory=lambda: copy.deepcopy(POLICY))
    """None: it is older, and has no such path."""
    token: str = TOKEN
    events: list[Any] = field(default_factory=list)


@asynccontextmanager
async def service(says: Says) -> AsyncIterator[str]:
    """Run the service; yields its URL."""

    async def answer(request: web.Request) -> web.Response:
        is_let_in = request.headers.get("Authorization") == f"Bearer {says.token}"
        is_guarded = request.path in ("/api/events/recent", "/_kysira/policy")
        if is_guarded and says.token and not is_let_in:
            return web.json_response({"error": "send Authorization"}, status=401)
        told: Mapping[str, Any] = {
            "/_kysira/health": says.health, "/api/mode": says.mode,
            "/_kysira/policy": says.policy, "/api/events/recent": says.events,
        }  # fmt: skip
        if request.path == "/metrics":
            return web.Response(text=says.metrics)
        body = told.get(request.path)
        status = 404 if body is None else 200
        return web.json_response(body or ({"error": "Not Found"} if body is None else body),
                                 status=status)  # fmt: skip

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    server = await start_http(app, "127.0.0.1", 0, drain_s=0)
    try:
        yield server.url
    finally:
        await server.close()


def facts(says: Says | None = None, name: str = "one", token: str = TOKEN) -> ServiceFacts:
    """Return what a service says, as if it had been asked with the token."""
    says = says or Says()
    target = Target(name, f"http://{name}")
    refused = Reply(target, 401, error="answered 401")
    is_let_in = not says.token or says.token == token
    stranger = refused if says.token else Reply(target, 200, says.events)
    policy = Reply(target, 200, says.policy)
    if says.policy is None:
        policy = Reply(target, 404, error="answered 404")
    return ServiceFacts(
        health=Reply(target, 200, says.health),
        mode=Reply(target, 200, says.mode),
        metrics=Reply(target, 200, says.metrics),
        policy=policy if is_let_in else refused,
        events=(Reply(target, 200, says.events) if is_let_in else
                refused if not token else Reply(target, 401, error="answered 401")),
        stranger=stranger,
    )  # fmt: skip
