"""What doctor makes of a data path: one that guards, and ones that do not."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from ctl.doctor import codes
from ctl.doctor.codes import Section, Status
from ctl.doctor.path_checks import check_path, is_block
from ctl.doctor.probe import Answer
from ctl.doctor.report import Chart, Check
from ctl.doctor.service_facts import service_facts
from ctl.fleet.open import fleet
from kysira.replies import NGINX_FORBIDDEN
from kysira.serving import start_http
from tests.ctl.doctor.closing import closing_server
from tests.ctl.doctor.services import HEALTH, METRICS, Says, service
from tests.ctl.doctor.test_service_facts import which

BLOCK = {"error": "forbidden", "reason": "sqli:union_select", "score": 0.99}


@dataclass
class Way:
    """A data path that does what a test says, and tells a service of it."""

    mode: str = "shadow"
    guards: tuple[str, ...] = ("query", "body")
    """Where it looks for attacks."""
    is_told: bool = True
    """Whether its requests are known to the service that is asked."""
    status: int = 200
    """What the app answers."""
    event: dict[str, Any] = field(default_factory=dict)
    """What events say otherwise."""
    looks_for: str = "UNION"
    is_cutting: bool = False
    """Whether the connections of attacks are cut, by whomever."""
    echoes: tuple[str, ...] = ()
    """Headers that the app shows."""

    def app(self, says: Says) -> web.Application:
        """Return the server."""

        async def answer(request: web.Request) -> web.Response:
            parts = {"query": request.query_string, "body": await request.text()}
            is_attack = any(self.looks_for in parts[name] for name in self.guards)
            if self.is_told:
                kill = "active_kill" if self.mode == "active" else "shadow_kill"
                action = kill if is_attack else "passed"
                says.events.append(
                    {"id": "1", "query": request.query_string, "mode": self.mode,
                     "action": action, "reason": "sqli:x", "score": 0.9, "uninspected": [],
                     **self.event}
                )  # fmt: skip
                if is_attack:
                    says.metrics = says.metrics.replace("flagged_total 10", "flagged_total 12")
            if is_attack and self.is_cutting:
                assert request.transport
                request.transport.abort()
            if is_attack and self.mode == "active":
                return web.json_response(BLOCK, status=403)
            shown = {name: request.headers.get(name, "") for name in self.echoes}
            return web.Response(status=self.status, text=json.dumps(shown))

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        return app


@asynccontextmanager
async def running(way: Way, says: Says) -> AsyncIterator[str]:
    """Run the data path; yields its URL."""
    server = await start_http(way.app(says), "127.0.0.1", 0, drain_s=0)
    try:
        yield server.url
    finally:
        await server.close()


async def looked_at(
    way: Way, says: Says | None = None, *, token: str = "s3cret", url: str = ""
) -> dict[str, Check]:
    """Return how each check of this section ended."""
    says = says or Says(health={**HEALTH, "mode": way.mode})
    chart = Chart()
    async with running(way, says) as own, service(says) as target:
        async with fleet(which(target, token=token)) as found:
            services = await service_facts(found, 5, has_token=bool(token))
            there = [each for each in services if each.is_front_end]
            await check_path(chart, url or own, found.client, there, is_guess=False)
    return {check.code.id: check for check in chart.checks()}


def statuses(found: dict[str, Check]) -> dict[str, str]:
    """Return code → status, of what is not well."""
    return {code: e.status.value for code, e in found.items() if e.status is not Status.OK}


ECHO = ("User-Agent", "X-Kysira-Reason")


@pytest.mark.parametrize("mode", ["shadow", "active"])
async def test_guarded_path_is_well(mode: str) -> None:
    """Attacks are told or blocked as the mode says, and the harmless one passes."""
    found = await looked_at(Way(mode, echoes=("User-Agent",)))
    assert statuses(found) == {}
    assert list(found) == [c.id for c in codes.TABLE if c.section is Section.DATA_PATH]
    how = "blocked (403)" if mode == "active" else "told, not blocked: shadow (sqli:x)"
    assert found["KYS0203"].found == (how,)


BROKEN: list[tuple[str, Way, dict[str, str]]] = [
    ("bypass", Way(is_told=False),
     {"KYS0203": "failure", "KYS0204": "failure", "KYS0205": "skipped"}),
    ("blocks all", Way("active", looks_for="doctor="), {"KYS0202": "failure"}),
    ("no bodies", Way(guards=("query",)), {"KYS0204": "failure"}),
    ("no bodies, active", Way("active", ("query",)), {"KYS0204": "failure"}),
    ("blind", Way(guards=()), {"KYS0203": "failure", "KYS0204": "failure"}),
    ("broken app", Way(status=503), {"KYS0202": "failure"}),
    ("body left to the policy", Way(guards=("query",), event={"uninspected": ["policy"]}),
     {"KYS0204": "warning"}),
    ("not blocked", Way(event={"action": "active_kill"}),
     {"KYS0203": "failure", "KYS0204": "failure"}),
    ("spoofed", Way(echoes=ECHO), {"KYS0206": "failure"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "way", "expected"), BROKEN, ids=[row[0] for row in BROKEN])
async def test_broken_path_is_found(name: str, way: Way, expected: dict[str, str]) -> None:
    """Each breakage by its own code."""
    del name
    found = statuses(await looked_at(way))
    found.pop("KYS0206" if "KYS0206" not in expected else "", None)
    assert found == expected


async def test_cut_connections_are_ours_when_told() -> None:
    """An app, or another firewall, cuts them too: without an event that is no block of ours."""
    ours = await looked_at(Way("active", is_cutting=True))
    assert ours["KYS0203"].found == ("blocked (the connection was cut)",)
    theirs = statuses(await looked_at(Way("active", is_cutting=True, is_told=False)))
    assert (theirs["KYS0203"], theirs["KYS0205"]) == ("failure", "skipped")
    unknown = await looked_at(Way("active", is_cutting=True), token="")
    assert unknown["KYS0203"].found == ("blocked (the connection was cut)",)


async def test_other_mode_is_found() -> None:
    """The path asks other services than those of --target."""
    found = await looked_at(Way("active"), Says())
    assert found["KYS0205"].found == ("it behaves as active, the services say shadow",)
    by_route = await looked_at(
        Way("shadow", event={"route": "uploads"}), Says(health={**HEALTH, "mode": "active"})
    )
    assert by_route["KYS0205"].found == ("route uploads says shadow",)
    assert by_route["KYS0205"].status is Status.OK


def test_blocks_are_told_from_the_apps_answers() -> None:
    """A 403 of the app is none of ours."""
    assert is_block(Answer(403, {}, json.dumps(BLOCK).encode()))
    assert is_block(Answer(403, {"x-kysira-killed": "true"}))
    assert is_block(Answer(403, {}, NGINX_FORBIDDEN.encode()))
    assert not is_block(Answer(403, {}, b"the app's own"))
    assert not is_block(Answer(403, {}, b'{"error": "forbidden"}'))
    assert not is_block(Answer(200, {}, json.dumps(BLOCK).encode()))


async def test_counts_stand_in_for_events() -> None:
    """Without access to events, flagged requests are counted; nothing is claimed beyond that."""
    found = await looked_at(Way(), token="")
    assert found["KYS0203"].found == ("2 requests were flagged meanwhile, anybody's",)
    assert found["KYS0205"].status is Status.SKIPPED
    blind = await looked_at(Way(guards=()), token="")
    assert blind["KYS0203"].status is Status.FAILURE
    silent = await looked_at(Way(), Says(metrics=METRICS.replace("flagged", "other")), token="")
    assert silent["KYS0203"].status is Status.SKIPPED


async def test_nothing_is_claimed_without_services() -> None:
    """What was not blocked may have been seen: nobody could be asked."""
    found = await looked_at(Way(), Says(health={}))
    assert statuses(found) == dict.fromkeys(("KYS0203", "KYS0204", "KYS0205", "KYS0206"), "skipped")
    blocked = await looked_at(Way("active"), Says(health={}))
    assert blocked["KYS0203"].found == ("blocked (403)",)


async def test_silent_path_is_a_failure_when_named() -> None:
    """One that was guessed and does not answer is skipped instead."""
    async with closing_server() as url:
        pass
    found = await looked_at(Way(), url=url)
    assert found["KYS0201"].status is Status.FAILURE
    assert found["KYS0203"].found == ("the data path did not answer",)
    chart = Chart()
    async with service(Says()) as target, fleet(which(target)) as there:
        await check_path(chart, url, there.client, [], is_guess=True)
    assert {check.status for check in chart.checks()} == {Status.SKIPPED}
