"""GET /_kysira/policy shows what is in force and what of it is used, to who may see it."""

from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from prometheus_client import CollectorRegistry

from kysira.management import ManagementAccess
from kysira.metrics import GuardMetrics
from kysira.mode_store import ModeStore
from kysira.policy import Policy
from kysira.policy_answer import POLICY_PATH, PolicyAnswer
from kysira.policy_source import PolicySource
from kysira.policy_text import policy_to_json
from kysira.serving import start_http
from kysira.types import Action, Decision, Mode, Verdict

TEXT = """
mode: active
routes: [{name: admin, match: {path: /admin}, threshold: 0.5}]
exclusions:
- {name: cms, path: /cms, detector: xss}
- {name: old, path: /old, expires: 2020-01-01}
"""


def answer_of(folder: Path, token: str = "") -> tuple[PolicyAnswer, GuardMetrics, PolicySource]:
    """Return an answer over a file, and what it tells of."""
    file = folder / "kysira.yaml"
    file.write_text(TEXT)
    source = PolicySource(file, Policy(), {}, clock=lambda: 1_800_000_000.0)
    metrics = GuardMetrics("k", CollectorRegistry())
    metrics.count_for(source.policy)
    modes = ModeStore(source.policy.mode, folder)
    modes.set(Mode.SHADOW)
    answer = PolicyAnswer(source, modes, metrics, ManagementAccess(token))
    return answer, metrics, source


async def test_policy_is_shown_whole(tmp_path: Path) -> None:
    """Hash, file, mode in force, and each part with how often it counted."""
    answer, metrics, source = answer_of(tmp_path)
    decision = Decision(Action.PASSED, Mode.SHADOW, verdict=Verdict(excluded=("cms",)))
    metrics.observe(decision, 0.001)
    metrics.observe(Decision(Action.PASSED, Mode.SHADOW, route="admin"), 0.001)
    shown = answer.to_json()
    assert shown == {
        "hash": source.policy.hash,
        "file": str(tmp_path / "kysira.yaml"),
        "loaded_at": "2027-01-15T08:00:00.000Z",
        "error": None,
        "mode": "shadow",
        "policy": policy_to_json(source.policy),
        "exclusions": [
            {"name": "cms", "path": "/cms", "location": "*", "detector": "xss", "hits": 1,
             "expired": False},
            {"name": "old", "path": "/old", "location": "*", "detector": "*",
             "expires": "2020-01-02T00:00:00Z", "hits": 0, "expired": True},
        ],
        "routes": [
            {"name": "admin", "match": {"path": "/admin"}, "threshold": 0.5, "requests": 1}
        ],
    }  # fmt: skip
    assert shown["policy"]["mode"] == "active"


async def test_what_is_wrong_is_shown(tmp_path: Path) -> None:
    """The last good policy, and why the file is not in force."""
    answer, _, source = answer_of(tmp_path)
    source.error = "kysira.yaml:1: mode: 'activ' must be shadow or active"
    assert answer.to_json()["error"] == source.error


async def test_strangers_see_nothing(tmp_path: Path) -> None:
    """Exclusions say where the firewall looks away: they are for who may read events."""
    answer, _, source = answer_of(tmp_path, "s3cret")
    seen = await asked(answer, {}, {"Authorization": "Bearer s3cret"})
    assert seen[0] == (401, {"error": "send Authorization: Bearer with the admin token"})
    assert (seen[1][0], seen[1][1]["hash"]) == (200, source.policy.hash)


async def test_who_is_on_the_machine_sees_it_without_a_token(tmp_path: Path) -> None:
    """Like events: looking is no change, and needs no Content-Type."""
    answer, _, source = answer_of(tmp_path)
    (seen,) = await asked(answer, {})
    assert (seen[0], seen[1]["hash"]) == (200, source.policy.hash)


async def asked(answer: PolicyAnswer, *headers: dict[str, str]) -> list[tuple[int, Any]]:
    """Return status and JSON of one request with each of these headers."""
    app = web.Application()
    for path, methods in answer.answers().items():
        app.router.add_get(path, methods["GET"])
    server = await start_http(app, "127.0.0.1", 0)
    seen: list[tuple[int, Any]] = []
    try:
        async with aiohttp.ClientSession() as client:
            for rows in headers:
                async with client.get(server.url + POLICY_PATH, headers=rows) as told:
                    seen.append((told.status, await told.json()))
    finally:
        await server.close()
    return seen
