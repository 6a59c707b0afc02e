"""kysira.yaml through real data paths: routes, exclusions, and changes while requests flow."""

import asyncio
import datetime
import json
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from yarl import URL

from ctl.nginx.options import NginxOptions
from kysira.policy_file import build, parse_policy
from kysira.types import Mode
from tests.app import App
from tests.integration import nginx_stack, stack
from tests.integration.proxy import running_proxy
from tests.management import read_metrics, set_mode
from tests.processes import Program

pytestmark = pytest.mark.asyncio(loop_scope="module")
ATTACK = "q=%27%20UNION%20SELECT%20password%20FROM%20users--%20"
FORM = {"content-type": "application/x-www-form-urlencoded"}
RULES = {"KYSIRA_SQLI_MODEL": "none", "KYSIRA_PI_MODEL": "none"}


@dataclass
class Way:
    """A data path in active mode whose service reads a policy file."""

    app: App
    url: str
    management: str
    metrics: str
    """What the names of its metrics begin with."""
    program: Program
    client: aiohttp.ClientSession
    file: Path

    async def use(self, text: str) -> str:
        """Put this policy into the file, and return its hash once it is in force."""
        wanted = build(parse_policy(text.encode(), "x"), {"mode": Mode.ACTIVE}, time.time()).hash
        self.file.write_text(text)
        self.program.signal(signal.SIGHUP)
        await self.until(lambda health: health["policy"] == wanted)
        return wanted

    async def until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return what health says once this holds."""
        async with asyncio.timeout(60):
            while True:
                async with self.client.get(f"{self.management}/_kysira/health") as answer:
                    health: dict[str, Any] = await answer.json()
                if holds(health):
                    return health
                await asyncio.sleep(0.05)

    async def status(self, target: str, body: bytes | None = None) -> int:
        """Return the status of a request, a POST of a form when there is a body."""
        url, method = URL(self.url + target, encoded=True), "GET" if body is None else "POST"
        headers = {} if body is None else FORM
        async with self.client.request(method, url, data=body, headers=headers) as answer:
            await answer.read()
            return answer.status

    async def last_event(self, path: str) -> dict[str, Any]:
        """Return the last event of a path, which is told a moment later."""
        async with asyncio.timeout(30):
            while True:
                async with self.client.get(f"{self.management}/api/events/recent") as answer:
                    rows = [row for row in await answer.json() if row["path"] == path]
                if rows:
                    return dict(rows[-1])
                await asyncio.sleep(0.02)

    async def value(self, name: str) -> float:
        """Return a metric's value."""
        return (await read_metrics(self.client, self.management))[f"{self.metrics}_{name}"]

    async def shown(self) -> dict[str, Any]:
        """Return GET /_kysira/policy."""
        async with self.client.get(f"{self.management}/_kysira/policy") as answer:
            assert answer.status == 200
            return dict(await answer.json())


async def _way(name: str, folder: Path, opened: AsyncExitStack) -> Way:
    file = folder / "kysira.yaml"
    file.write_text("{}")
    policy = {"KYSIRA_POLICY": str(file)}
    if name == "envoy":
        path = await opened.enter_async_context(
            stack.running(folder, KYSIRA_MODE="active", **RULES, **policy)
        )
        management, program = f"http://{path.ext_proc.http}", path.ext_proc.program
        metrics = "kysira_extproc"
        return Way(path.app, path.url, management, metrics, program, path.client, file)
    if name == "proxy":
        proxy = await opened.enter_async_context(
            running_proxy(folder, KYSIRA_MODE="active", **policy)
        )
        return Way(proxy.app, proxy.url, proxy.admin, "kysira", proxy.program, proxy.client, file)
    nginx = await opened.enter_async_context(
        nginx_stack.running(folder, NginxOptions(), mode="active", **policy)
    )
    program = nginx.adapter.program
    return Way(nginx.app, nginx.url, nginx.management, "kysira_nginx", program, nginx.client, file)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["envoy", "proxy", "nginx"])
async def way(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Way]:
    """Return one data path for all tests."""
    async with AsyncExitStack() as opened:
        yield await _way(request.param, tmp_path_factory.mktemp(request.param), opened)


ROUTES = """
routes:
- {name: quiet, match: {path: /quiet}, mode: shadow}
- {name: loud, match: {path: /loud}, mode: active}
"""


async def test_route_says_the_mode(way: Way) -> None:
    """One in shadow tells, all else blocks; no other spelling of a path is under it."""
    used = await way.use(ROUTES)
    assert await way.status(f"/quiet/1?{ATTACK}") == 200
    assert way.app.received[-1].headers["x-kysira-would-have-killed"] == "true"
    assert way.app.received[-1].headers["x-kysira-mode"] == "shadow"
    assert await way.status(f"/else?{ATTACK}") == 403
    assert await way.status(f"/quieter?{ATTACK}") == 403
    assert await way.status(f"/quiet;x/1?{ATTACK}") == 403
    event = await way.last_event("/quiet/1")
    assert (event["route"], event["action"], event["policy"]) == ("quiet", "shadow_kill", used)
    assert (await way.last_event("/else"))["route"] == ""
    assert (await way.last_event("/quiet;x/1"))["route"] == "?"
    assert await way.value('route_requests_total{route="quiet"}') >= 1


STRICT_FIRST = """
routes:
- {name: admin, match: {path: /admin}}
- {name: internal, match: {host: admin.example}}
- {name: rest, match: {path: /}, mode: shadow}
"""


@pytest.mark.parametrize(
    "path",
    [
        "/admin", "//admin", "//x/admin", "///x/admin", "//x%2fy/admin", "/%61dmin", "/%2561dmin",
        "/%252561dmin", "/x/../admin", "/x/..;/admin", "/admin;x", "/admin%2fx", "/admin%5cx",
        "/admin%00", "/admin%00.png", "/admin%20", "/%5cx/admin", "/admin%23", "/./admin",
        "/%ef%bc%8fadmin", "/%c0%afadmin",
    ],
)  # fmt: skip
async def test_no_spelling_of_a_path_is_laxer(way: Way, path: str) -> None:
    """Behind a route for all else, what some app takes for the strict one is blocked."""
    await way.use(STRICT_FIRST)
    assert await way.status(f"/else?{ATTACK}") == 200
    assert await way.status(f"{path}?{ATTACK}") in (400, 403)


@pytest.mark.parametrize(
    "host", ["admin.example", "ADMIN.example.:80", "admin.example:evil", "admin.example,x"]
)
async def test_no_spelling_of_a_host_is_laxer(way: Way, host: str) -> None:
    """Likewise of what some app takes for the host of a strict one."""
    await way.use(STRICT_FIRST)
    url = URL(f"{way.url}/else?{ATTACK}", encoded=True)
    async with way.client.get(url, headers={"host": host}) as answer:
        assert answer.status in (400, 403)
    async with way.client.get(url, headers={"host": "shop.example"}) as answer:
        assert answer.status == 200


async def test_global_shadow_beats_every_route(way: Way) -> None:
    """Who switches to shadow can rely on it, whatever routes say."""
    await way.use(ROUTES)
    await set_mode(way.client, way.management, "shadow")
    try:
        for path in ("/loud", "/quiet", "/else"):
            assert await way.status(f"{path}?{ATTACK}") == 200
    finally:
        await set_mode(way.client, way.management, "active")
    assert await way.status(f"/loud?{ATTACK}") == 403


async def test_route_leaves_bodies_unread(way: Way) -> None:
    """The head is scored, the body reaches the app whole, and the event says it was skipped."""
    await way.use("routes: [{name: files, match: {path: /files}, inspect_body: false}]")
    assert await way.status("/files/a", ATTACK.encode()) == 200
    assert way.app.received[-1].body == ATTACK.encode()
    event = await way.last_event("/files/a")
    assert (event["action"], event["uninspected"]) == ("skipped", ["policy"])
    large = b"x=" + b"a" * 1_000_000
    assert await way.status("/files/large", large) == 200
    assert way.app.received[-1].body == large
    assert await way.status(f"/files/b?{ATTACK}", b"a=1") == 403
    assert await way.status("/other", ATTACK.encode()) == 403
    assert await way.status("/files;/x", ATTACK.encode()) == 403
    assert await way.status("/files/c") == 200
    assert (await way.last_event("/files/c"))["action"] == "passed"
    assert await way.value('uninspected_total{reason="policy"}') >= 2


async def test_exclusion_counts_what_it_lets_through(way: Way) -> None:
    """It holds under its path, for its field, while it lasts; each hit is told and counted."""
    await way.use(
        "exclusions:\n"
        "- {name: cms, path: /cms, location: 'form:q', detector: sqli, reason: ticket 4711}\n"
        "- {name: old, path: /old, expires: 2020-01-01}\n"
    )
    before = (await way.shown())["exclusions"][0]["hits"]
    assert await way.status("/cms/1", ATTACK.encode()) == 200
    assert (await way.last_event("/cms/1"))["excluded"] == ["cms"]
    assert await way.status("/cms/1", b"other" + ATTACK.encode()) == 403
    assert await way.status(f"/cms/1?{ATTACK}") == 403
    assert await way.status("/cmsx", ATTACK.encode()) == 403
    assert await way.status("/cms;/x", ATTACK.encode()) == 403
    assert await way.status(f"/old?{ATTACK}") == 403
    assert await way.value('exclusion_hits_total{exclusion="cms"}') == before + 1
    assert await way.value('exclusion_hits_total{exclusion="old"}') == 0
    cms, old = (await way.shown())["exclusions"]
    assert (cms["hits"], cms["expired"], cms["reason"]) == (before + 1, False, "ticket 4711")
    assert (old["hits"], old["expired"]) == (0, True)


async def test_exclusion_ends_by_itself(way: Way) -> None:
    """Nobody has to touch the file: from the moment on it does not hold, and the log says so."""
    for seconds in (4, 20, 60):  # a slow machine may miss the first
        ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
        when = ends.isoformat(timespec="seconds")
        used = await way.use(f"exclusions: [{{name: brief, path: /brief, expires: '{when}'}}]")
        held = await way.status(f"/brief?{ATTACK}") == 200
        if time.time() < int(ends.timestamp()):
            assert held
            break
    async with asyncio.timeout(90):
        while await way.status(f"/brief?{ATTACK}") == 200:
            await asyncio.sleep(0.1)
    assert time.time() >= int(ends.timestamp())
    await asyncio.to_thread(way.program.wait_for, "exclusion_expired name=brief")
    assert (await way.until(lambda _: True))["policy"] == used


async def test_broken_file_keeps_the_last_good(way: Way) -> None:
    """Health, metrics and GET /_kysira/policy say what is wrong; requests don't notice."""
    used = await way.use(ROUTES)
    failures = await way.value("policy_reload_failures_total")
    way.file.write_text(ROUTES + "mode: activ\nthreshhold: 0.9\n")
    health = await way.until(lambda health: "policy_error" in health)
    assert (health["status"], health["policy"]) == ("ok", used)
    assert health["policy_error"].startswith("kysira.yaml is not in force (problems: 2)")
    error = (await way.shown())["error"]
    assert "mode: 'activ' must be shadow or active" in error
    assert "threshhold: there is no such key; is it threshold?" in error
    assert await way.value("policy_reload_failures_total") == failures + 1
    assert await way.status(f"/quiet?{ATTACK}") == 200
    assert await way.status(f"/else?{ATTACK}") == 403
    way.file.unlink()
    await way.until(lambda health: "(problems: 1)" in health.get("policy_error", ""))
    assert await way.status(f"/quiet?{ATTACK}") == 200
    assert await way.use(ROUTES) == used
    assert "policy_error" not in await way.until(lambda health: "policy_error" not in health)


async def test_config_map_is_followed(way: Way) -> None:
    """Kubernetes swaps a link two levels above the file; nobody sends a signal."""
    folder = way.file.parent
    for name, text in (("v1", "threshold: 0.91"), ("v2", "threshold: 0.92")):
        (folder / name).mkdir()
        (folder / name / "kysira.yaml").write_text(text)
    (folder / "..data").symlink_to("v1")
    link = folder / "link"
    link.symlink_to("..data/kysira.yaml")
    link.rename(way.file)
    await way.until(lambda health: health["threshold"] == 0.91)
    (folder / "..data_tmp").symlink_to("v2")
    (folder / "..data_tmp").rename(folder / "..data")
    await way.until(lambda health: health["threshold"] == 0.92)
    assert await way.value("policy_last_reload_timestamp_seconds") <= time.time()
    way.file.unlink()


async def test_no_request_falls_between_two_policies(way: Way) -> None:
    """Under load each request is decided by the old or the new one, whole, and none fails."""
    policies = ("exclusions: [{name: all, path: /load}]", "threshold: 0.9")
    expected = {(await way.use(policies[0]), "passed"), (await way.use(policies[1]), "active_kill")}
    statuses: dict[str, list[int]] = {"attack": [], "benign": []}
    is_over = asyncio.Event()

    async def send(name: str, target: str) -> None:
        while not is_over.is_set():
            statuses[name].append(await way.status(target))

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(send("attack", f"/load?{ATTACK}"))
            group.create_task(send("benign", "/load?q=garden+chair"))
        for number in range(8):
            await way.use(policies[number % 2])
            seen = len(statuses["attack"])
            while len(statuses["attack"]) < seen + 20:
                await asyncio.sleep(0.01)
        is_over.set()
    assert set(statuses["benign"]) == {200}
    assert set(statuses["attack"]) == {200, 403}
    events = await _told(way, "/load", sum(map(len, statuses.values())))
    attacks = [row for row in events if "UNION" in row["query"]]
    assert len(attacks) == len(statuses["attack"])
    assert {(row["policy"], row["action"]) for row in attacks} == expected
    killed = [row for row in attacks if row["action"] == "active_kill"]
    assert len(killed) == statuses["attack"].count(403)


async def _told(way: Way, path: str, count: int) -> list[dict[str, Any]]:
    """Return all events of a path, once there are as many: they are written a moment later."""
    async with asyncio.timeout(30):
        while True:
            files = way.file.parent.rglob("events.jsonl*")
            lines = [line for file in files for line in file.read_text().splitlines()]
            rows = [json.loads(line) for line in lines if f'"path":"{path}"' in line]
            if len(rows) >= count:
                return rows
            await asyncio.sleep(0.1)


async def test_file_says_the_mode_unless_a_setting_does(tmp_path: Path) -> None:
    """Another mode in the file is in force at once, and ends a flip; a variable beats both."""
    file = tmp_path / "kysira.yaml"
    file.write_text("mode: active")
    async with running_proxy(tmp_path, KYSIRA_POLICY=str(file)) as proxy:
        way = Way(proxy.app, proxy.url, proxy.url, "kysira", proxy.program, proxy.client, file)
        assert await way.status(f"/?{ATTACK}") == 403
        file.write_text("mode: shadow")
        await way.until(lambda health: health["mode"] == "shadow")
        assert await way.status(f"/?{ATTACK}") == 200
        await set_mode(proxy.client, proxy.url, "active")
        file.write_text("mode: shadow\nthreshold: 0.9")
        await way.until(lambda health: health["threshold"] == 0.9)
        assert await way.status(f"/?{ATTACK}") == 403, "the mode is the same: the flip stays"
        file.write_text("mode: active")
        await way.until(lambda health: health["threshold"] == 0.95)
        file.write_text("mode: shadow")
        await way.until(lambda health: health["mode"] == "shadow")
    assert not list(tmp_path.glob("proxy-*/mode.json"))


@pytest.mark.parametrize("command", ["extproc", "adapter"])
async def test_broken_file_ends_the_start(tmp_path: Path, command: str) -> None:
    """Each problem is a line on stderr, and the exit status is 1."""
    file = tmp_path / "kysira.yaml"
    file.write_text("mode: activ\nthreshold: 2\n")
    entry = {
        "extproc": "from extproc.__main__ import main; main()",
        "adapter": "from adapter.__main__ import nginx_auth; nginx_auth()",
    }[command]
    env = {"KYSIRA_POLICY": str(file), "KYSIRA_DATA_DIR": str(tmp_path), "KYSIRA_GRPC_PORT": "0"}
    ports = {"KYSIRA_METRICS_PORT": "0", "KYSIRA_ADAPTER_PORT": "0"}
    with Program([sys.executable, "-c", entry], env={**env, **ports}) as program:
        assert await asyncio.to_thread(program.wait) == 1
    text = "".join(program.output)
    assert f"{file}:1: mode: 'activ' must be shadow or active" in text
    assert f"{file}:2: threshold: 2 must be 1 or less" in text
    assert "Traceback" not in text
