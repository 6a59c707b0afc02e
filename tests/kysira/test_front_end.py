"""What every front-end is built from: its parts work together, and end in order."""

import asyncio
import json
import signal
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import aiohttp
import pytest
from aiohttp import web
from prometheus_client.exposition import generate_latest

from kysira import __version__
from kysira.errors import PolicyError, SettingsError
from kysira.events.settings import SinkKind
from kysira.front_end import FrontEnd, FrontEndSettings, Kind, front_end
from kysira.scorer import Scorer
from kysira.serving import start_http
from kysira.settings import load
from kysira.types import Action, Finding, Mode, Request, ScoreOptions, Verdict

KIND = Kind("kysira-test", "test", "k")
ATTACK = Verdict(
    0.98, "sqli:union", "sqli", {"sqli": 0.98}, (Finding("sqli", 0.98, "sqli:union", "query:q"),)
)
REQUEST = Request("GET", b"/a?q=1", (("host", b"app.example"),), source_ip="192.0.2.7")


class FakeScorer:
    """Calls everything an attack."""

    description = "fake"
    is_failing = False
    detectors: Mapping[str, str] = MappingProxyType({"sqli": "regex"})

    def __init__(self) -> None:
        self.is_closed = False

    def score(self, request: Request, options: ScoreOptions) -> Verdict:
        """Return the attack."""
        return ATTACK

    async def close(self) -> None:
        """Take note of it."""
        self.is_closed = True


def settings(folder: Path, **more: object) -> FrontEndSettings:
    """Return settings with a folder of their own."""
    return FrontEndSettings(data_dir=folder, **more)  # type: ignore[arg-type]


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[FrontEnd]:
    """Return the parts of a front-end that blocks, loaded."""
    async with front_end(settings(tmp_path, mode=Mode.ACTIVE), KIND, 4711) as made:
        await made.load(FakeScorer)
        yield made


async def test_decision_reaches_readers_and_file(parts: FrontEnd, tmp_path: Path) -> None:
    """One decision is one event: in the answer of the management path and in the file."""
    app = web.Application()
    app.add_routes(parts.management().routes())
    server = await start_http(app, "127.0.0.1", 0)
    decision = await parts.guard.check(REQUEST, parts.guard.snapshot(REQUEST))
    assert (decision.action, decision.refuse_status) == (Action.ACTIVE_KILL, 403)
    async with aiohttp.ClientSession() as client, client.get(f"{server.url}/api/events") as stream:
        event = {}
        while not event:
            line = await asyncio.wait_for(stream.content.readline(), 10)
            if line.startswith(b"data: "):
                event = json.loads(line[6:])
        async with client.get(f"{server.url}/api/events/recent") as answer:
            assert await answer.json() == [event]
        await parts.end_streams()
    await server.close()
    await parts._events.flush()  # the file is written by a thread of its own
    assert event["id"] == decision.event_id
    assert event["front_end"] == "test"
    assert (event["host"], event["source_ip"]) == ("app.example", "192.0.2.7")
    assert (event["action"], event["detector"], event["score"]) == ("active_kill", "sqli", 0.98)
    assert event["policy"] == parts.policies.policy.hash
    file = tmp_path / "test-4711" / "events.jsonl"
    assert json.loads(file.read_text()) == event


async def test_health_follows_the_scorer(tmp_path: Path) -> None:
    """Loading until the engine is there, then ok, with where scoring happens."""
    may_load = threading.Event()

    def engine() -> Scorer:
        may_load.wait(20)
        return FakeScorer()

    async with front_end(settings(tmp_path), KIND, 1) as parts:
        loading = asyncio.create_task(parts.load(engine))
        await asyncio.sleep(0)
        assert parts.health()["status"] == "loading"
        assert "detectors" not in parts.health()
        may_load.set()
        await loading
        assert parts.health() == {
            "service": "kysira-test", "version": __version__, "status": "ok",
            "mode": "shadow", "threshold": 0.95, "inference": "fake",
            "policy": parts.policies.policy.hash, "detectors": {"sqli": "regex"},
        }  # fmt: skip


async def test_ready_is_while_requests_are_wanted(tmp_path: Path) -> None:
    """503 while loading and once it drains; a remote engine that fails changes nothing."""
    may_load, scorer = threading.Event(), FakeScorer()

    def engine() -> Scorer:
        may_load.wait(20)
        return scorer

    async with front_end(settings(tmp_path), KIND, 1) as parts, aiohttp.ClientSession() as client:
        app = web.Application()
        app.add_routes(parts.management().routes())
        server = await start_http(app, "127.0.0.1", 0)

        async def ready() -> tuple[int, object]:
            async with client.get(f"{server.url}/_kysira/ready") as answer:
                return answer.status, await answer.json()

        loading = asyncio.create_task(parts.load(engine))
        assert await ready() == (503, {"status": "loading"})
        may_load.set()
        await loading
        assert await ready() == (200, {"status": "ready"})
        scorer.is_failing = True
        assert parts.health()["status"] == "degraded"
        assert await ready() == (200, {"status": "ready"})
        parts.drain()
        assert await ready() == (503, {"status": "draining"})
        async with client.head(f"{server.url}/_kysira/ready") as answer:
            assert answer.status == 503
        await server.close()


async def test_metrics_have_the_kinds_names(parts: FrontEnd) -> None:
    """Decisions, mode and events are counted under the front-end's own names."""
    await parts.guard.check(REQUEST, parts.guard.snapshot(REQUEST))
    text = generate_latest(parts.registry).decode()
    assert 'k_requests_total{action="active_kill"} 1.0' in text
    assert "k_events_total 1.0" in text
    assert "k_mode_active 1.0" in text
    assert "k_state_write_failures 0.0" in text


async def test_end_loses_nothing(tmp_path: Path) -> None:
    """What was decided at the last moment is in the file, and the scorer is closed."""
    scorer = FakeScorer()
    async with front_end(settings(tmp_path), KIND, 1) as parts:
        await parts.load(lambda: scorer)
        for _ in range(50):
            await parts.guard.check(REQUEST, parts.guard.snapshot(REQUEST))
    assert scorer.is_closed
    lines = (tmp_path / "test-1" / "events.jsonl").read_text().splitlines()
    assert len(lines) == 50


async def test_events_survive_a_restart(tmp_path: Path) -> None:
    """A front-end on the same port remembers the events of the one before it."""
    ids = []
    for _ in range(2):
        async with front_end(settings(tmp_path), KIND, 1) as parts:
            await parts.load(FakeScorer)
            ids.append((await parts.guard.check(REQUEST, parts.guard.snapshot(REQUEST))).event_id)
    rows = (tmp_path / "test-1" / "events.jsonl").read_text().splitlines()
    assert [json.loads(row)["id"] for row in rows] == ids


async def test_wrong_token_file_ends_the_start(tmp_path: Path) -> None:
    """A setting that can't be had is one clear error."""
    wrong = settings(tmp_path, admin_token_file=tmp_path / "none")
    with pytest.raises(SettingsError, match="admin token file"):
        async with front_end(wrong, KIND, 1):
            pass


def test_policy_is_what_the_settings_say(tmp_path: Path) -> None:
    """Thresholds, detectors and limits reach the policy."""
    policy = settings(
        tmp_path, score_threshold=0.8, disabled_detectors=("xss",), timeout_ms=50,
        max_body_bytes=10,
    ).stated_policy  # fmt: skip
    assert policy.options == ScoreOptions(0.8, disabled=frozenset({"xss"}))
    assert (policy.timeout_s, policy.max_body_bytes) == (0.05, 10)


@pytest.mark.parametrize(
    ("sinks", "is_stdout"), [((SinkKind.FILE,), True), ((SinkKind.FILE, SinkKind.STDOUT), False)]
)
async def test_start_is_announced_beside_events(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], sinks: tuple[SinkKind, ...], is_stdout: bool
) -> None:
    """The line says what runs; standard output is the events' alone where they go there."""
    async with front_end(settings(tmp_path, sinks=sinks), KIND, 1) as parts:
        parts.announce("http=127.0.0.1:1")
    written = capsys.readouterr()
    line = f"kysira-test listening http=127.0.0.1:1 mode=shadow sinks={','.join(sinks)}\n"
    assert line == (written.out if is_stdout else written.err)
    assert not (written.err if is_stdout else written.out)


async def until(holds: Callable[[], bool]) -> None:
    """Return once it holds."""
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.01)


async def test_policy_file_is_in_force(tmp_path: Path) -> None:
    """What it says holds where no setting is given, in everything that asks."""
    file = tmp_path / "kysira.yaml"
    file.write_text(
        "mode: active\nthreshold: 0.99\ntrusted_proxies: [10.0.0.0/8]\ntimeout_ms: 100\n"
        "detectors: {sqli: {enabled: false}}\n"
    )
    given = load(FrontEndSettings, "k", argv=[], environ={
        "KYSIRA_POLICY": str(file), "KYSIRA_DATA_DIR": str(tmp_path), "KYSIRA_TIMEOUT_MS": "50",
    })  # fmt: skip
    async with front_end(given, KIND, 1) as parts:
        await parts.load(FakeScorer)
        snapshot = parts.guard.snapshot(REQUEST)
        assert snapshot.policy == parts.policies.policy
        assert (snapshot.mode, snapshot.policy.timeout_s) == (Mode.ACTIVE, 0.05)
        assert parts.clients.trusts("10.1.1.1")
        health = parts.health()
        assert (health["mode"], health["threshold"]) == ("active", 0.99)
        assert health["policy"] == snapshot.hash
        assert not {"policy_error", "detectors"} & health.keys()


async def test_changed_file_changes_everything(tmp_path: Path) -> None:
    """Mode, policy, proxies, metrics and events follow; a broken one is told, and nothing more."""
    file = tmp_path / "kysira.yaml"
    file.write_text("mode: shadow")
    async with front_end(settings(tmp_path, policy=file), KIND, 1) as parts:
        await parts.load(FakeScorer)
        old = parts.policies.policy
        await parts.modes.flip(Mode.ACTIVE)
        file.write_text("mode: active\nthreshold: 0.99\ntrusted_proxies: [10.0.0.0/8]")
        await until(lambda: parts.policies.policy is not old)
        decision = await parts.guard.check(REQUEST, parts.guard.snapshot(REQUEST))
        new = parts.policies.policy
        assert (decision.action, decision.policy) == (Action.PASSED, new.hash)
        assert parts.modes.configured is Mode.ACTIVE
        assert parts.clients.trusts("10.1.1.1")
        file.write_text("mode: activ")
        await until(lambda: parts.policies.failures == 1)
        text = generate_latest(parts.registry).decode()
        assert f'k_policy_info{{hash="{new.hash}"}} 1.0' in text
        assert "k_policy_reload_failures_total 1.0" in text
        health = parts.health()
        assert (health["policy"], health["mode"]) == (new.hash, "active")
        assert health["policy_error"] == parts.policies.complaint
        assert "activ'" in parts.policies.error


async def test_sighup_rereads_the_file(tmp_path: Path) -> None:
    """At once, and without a file it ends the process as ever."""
    file = tmp_path / "kysira.yaml"
    file.write_text("threshold: 0.5")
    before = signal.getsignal(signal.SIGHUP)
    async with front_end(settings(tmp_path, policy=file), KIND, 1) as parts:
        file.write_text("threshold: 0.6")
        signal.raise_signal(signal.SIGHUP)
        await until(lambda: parts.policies.policy.options.threshold == 0.6)
    async with front_end(settings(tmp_path), KIND, 1):
        assert signal.getsignal(signal.SIGHUP) == before


async def test_broken_file_ends_the_start(tmp_path: Path) -> None:
    """Every line of it is told."""
    file = tmp_path / "kysira.yaml"
    file.write_text("mode: activ\nmod: 1")
    with pytest.raises(PolicyError, match=r"(?s)mode: 'activ'.*mod: there is no such key"):
        async with front_end(settings(tmp_path, policy=file), KIND, 1):
            pass


async def test_policy_can_be_looked_at(parts: FrontEnd) -> None:
    """On the management paths of every front-end."""
    app = web.Application()
    app.add_routes(parts.management().routes())
    server = await start_http(app, "127.0.0.1", 0)
    async with aiohttp.ClientSession() as client:
        async with client.get(f"{server.url}/_kysira/policy") as answer:
            shown = await answer.json()
    await server.close()
    assert (shown["hash"], shown["file"]) == (parts.policies.policy.hash, None)
    assert shown["policy"]["mode"] == "active"
