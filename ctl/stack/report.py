"""What ``up`` prints once everything runs: what listens where, and what to try."""

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import aiohttp

from ctl.envoy.options import Address
from ctl.stack.plan import Running
from ctl.stack.screen import Screen
from kysira.types import Mode

BENIGN = "/hello?name=world"
ATTACK = "/search?q=%27%20UNION%20SELECT%20password%20FROM%20users--"
_MEANING = {
    Mode.SHADOW: "attacks pass, marked with X-Kysira-Would-Have-Killed",
    Mode.ACTIVE: "attacks get 403",
}


async def show(place: Running, screen: Screen) -> None:
    """Print the table and three commands to try."""
    health = await _health(place.management)
    mode = Mode(health["mode"])
    other = Mode.ACTIVE if mode is Mode.SHADOW else Mode.SHADOW
    app = "demo app" if place.is_demo else "your app"
    rows = {
        "proxy": f"http://{place.proxy}   send requests here",
        app: f"{place.target}",
        "ext-proc": f"grpc://{place.ext_proc}",
        "management": f"http://{place.management}   /api/mode, /api/events, /metrics",
        "Envoy admin": f"http://{place.admin}",
        "envoy.yaml": f"{place.config}",
        "mode": f"{mode.value}: {_MEANING[mode]}",
    }
    if place.policy:
        rows["policy"] = f"{health['policy']}: {place.policy}, read again when it changes"
    screen.result()
    for name, value in rows.items():
        screen.result(f"  {name:<12} {value}")
    screen.result("\nTry a harmless request, an attack, and the other mode:\n")
    for line in _commands(place, other):
        screen.result(f"  {line}")
    screen.result("\nAnd, in another terminal, what operators use:\n")
    for line in _kysiractl(place, other):
        screen.result(f"  {line}")
    screen.result("\nCtrl-C stops everything.")


def _commands(place: Running, other: Mode) -> list[str]:
    header = ""
    if path := os.environ.get("KYSIRA_ADMIN_TOKEN_FILE"):
        header = f'-H "Authorization: Bearer $(cat {shlex.quote(path)})" '
    elif os.environ.get("KYSIRA_ADMIN_TOKEN"):
        header = '-H "Authorization: Bearer $KYSIRA_ADMIN_TOKEN" '
    return [
        f"curl -i 'http://{place.proxy}{BENIGN}'",
        f"curl -i 'http://{place.proxy}{ATTACK}'",
        f"curl -X POST 'http://{place.management}/api/mode' {header}"
        f"-H 'Content-Type: application/json' -d '{{\"mode\": \"{other.value}\"}}'",
    ]


def _kysiractl(place: Running, other: Mode) -> list[str]:
    here = f"-t {place.management}"
    return [
        f"{_program()} events tail {here} --action flagged",
        f"{_program()} mode {other.value} {here} --ttl 30m",
        f"{_program()} doctor {here} --envoy-admin http://{place.admin}",
    ]


def _program() -> str:
    """Return how this kysiractl is called from here: by its name, or from its environment."""
    own = Path(sys.executable).parent / "kysiractl"
    if not own.exists() or shutil.which("kysiractl") == str(own):
        return "kysiractl"
    return shlex.quote(os.path.relpath(own) if own.is_relative_to(Path.cwd()) else str(own))


async def _health(management: Address) -> dict[str, Any]:
    """Ask for mode and policy: an earlier flip may be in force."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{management}/_kysira/health") as answer,
    ):
        told: dict[str, Any] = await answer.json()
        return told
