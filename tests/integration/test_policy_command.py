"""kysiractl policy, exclude and replay on a real service: ext-proc behind Envoy."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio
from yarl import URL

from kysira.policy_file import read_policy
from tests.integration.guarded import QUICK
from tests.integration.stack import Stack, running
from tests.management import set_mode
from tests.processes import kysiractl

pytestmark = pytest.mark.asyncio(loop_scope="module")
SQLI = "' UNION SELECT password FROM users--"
XSS = "<script>alert(1)</script>"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TEXT = """\
# What the shop's firewall does.
mode: active   # since May

routes:
  - name: uploads
    match: {path: /upload, methods: [POST]}
    inspect_body: false
  - name: quiet
    match: {path: /quiet}
    mode: shadow
  - name: lax
    match: {host: "*.shop.example", path: /lax}
    threshold: 0.99
detectors:
  ssti: {enabled: false}
exclusions:
  # the CMS sends HTML
  - name: cms
    path: /cms
    location: form:body
    detector: xss
"""


@dataclass(frozen=True)
class Sent:
    """A request, as a client sends it."""

    method: str
    target: str
    headers: dict[str, str]
    body: str = ""

    @property
    def raw(self) -> bytes:
        """Return it as HTTP/1.1 does."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        return f"{self.method} {self.target} HTTP/1.1\r\n{lines}\r\n{self.body}".encode()


def get(path: str, host: str = "www.shop.example", **query: str) -> Sent:
    """Return a GET."""
    pairs = "&".join(f"{name}={quote(value)}" for name, value in query.items())
    return Sent("GET", path + (f"?{pairs}" if pairs else ""), {"Host": host})


def post(path: str, kind: str = FORM["Content-Type"], **form: str) -> Sent:
    """Return a POST of a form, or of a JSON document."""
    headers = {"Host": "www.shop.example", "Content-Type": kind}
    pairs = "&".join(f"{name}={quote(value)}" for name, value in form.items())
    return Sent("POST", path, headers, json.dumps(form) if "json" in kind else pairs)


@dataclass
class Guarded:
    """A service, its policy's file and its state."""

    stack: Stack
    folder: Path

    @property
    def file(self) -> Path:
        """Return its kysira.yaml."""
        return self.folder / "kysira.yaml"

    @property
    def target(self) -> str:
        """Return where it is managed."""
        return f"http://{self.stack.ext_proc.http}"

    async def send(self, sent: Sent) -> tuple[int, str]:
        """Return the status of a request, and the id of its event."""
        async with self.stack.client.request(
            sent.method, URL(self.stack.url + sent.target, encoded=True), headers=sent.headers,
            data=sent.body or None,
        ) as answer:  # fmt: skip
            await answer.read()
            told = answer.headers.get("x-kysira-event-id")
            return answer.status, told or self.stack.app.received[-1].headers["x-kysira-event-id"]

    async def event(self, event_id: str) -> dict[str, Any]:
        """Return the event of an id, once it is told."""
        async with asyncio.timeout(20):
            while True:
                async with self.stack.client.get(f"{self.target}/api/events/recent") as answer:
                    for row in await answer.json():
                        if row["id"] == event_id:
                            return dict(row)
                await asyncio.sleep(0.05)

    async def run(self, *arguments: str, code: int = 0) -> Any:
        """Run kysiractl to its end."""
        done = await asyncio.to_thread(
            kysiractl, *arguments, env={**QUICK, "XDG_CONFIG_HOME": str(self.folder)}
        )
        assert done.returncode == code, done.stderr
        return done

    async def told(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """Return the JSON of a command."""
        return dict(json.loads((await self.run(*arguments, "-o", "json", code=code)).stdout))

    async def until_in_force(self, text: str) -> None:
        """Give the service this policy, and return once it decides by it."""
        if text:
            self.file.write_text(text)
        wanted = (await self.told("policy", "check", str(self.file)))["hash"]
        async with asyncio.timeout(20):
            while True:
                async with self.stack.client.get(f"{self.target}/_kysira/policy") as answer:
                    if (await answer.json())["hash"] == wanted:
                        return
                await asyncio.sleep(0.05)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guarded]:
    """Return one service for all tests."""
    folder = tmp_path_factory.mktemp("policy")
    (folder / "kysira.yaml").write_text(TEXT)
    settings = {**QUICK, "KYSIRA_POLICY": str(folder / "kysira.yaml")}
    async with running(folder, config=None, **settings) as stack:
        yield Guarded(stack, folder)


@pytest_asyncio.fixture(loop_scope="module")
async def guarded(module_guarded: Guarded) -> Guarded:
    """Return it with the policy that all begin with."""
    await module_guarded.until_in_force(TEXT)
    return module_guarded


EXPLAINED = [
    get("/shop", q="shoes"),
    get("/find", q=SQLI),
    get("/find", q=SQLI, r=XSS),
    get("/lax", q=XSS),
    get("/lax", host="shop.example", q=XSS),
    get("/lax", q=SQLI),
    get("/quiet/x", q=SQLI),
    get("/find", q="{{7*7}}{{config.items()}}"),
    post("/cms/edit", body=XSS),
    post("/cms/edit", body=XSS, title=XSS),
    post("/cmsx", body=XSS),
    post("/api", "application/json", name=SQLI),
    post("/upload/1", body=XSS),
    post(f"/upload/1?z={quote(SQLI)}", body=XSS),
    post(f"/find?z={quote(SQLI)}", body=XSS),
    post("/x;a/cms", body=XSS),
    Sent("GET", "/", {"Host": "h", "User-Agent": SQLI}),
    Sent("GET", "/", {"Host": "h", "Cookie": f"a={quote(XSS)}"}),
]


async def test_explain_is_what_the_service_decides(guarded: Guarded) -> None:
    """Of each request: action, score, route, findings, exclusions, all as the event tells them."""
    actions = set()
    for number, sent in enumerate(EXPLAINED):
        _, event_id = await guarded.send(sent)
        event = await guarded.event(event_id)
        raw = guarded.folder / f"request-{number}"
        raw.write_bytes(sent.raw)
        is_over = event["action"].endswith("_kill")
        source = ["--target", guarded.target] if number % 2 else ["--policy", str(guarded.file)]
        told = await guarded.told(
            "policy", "explain", "--request-file", str(raw), *source, code=int(is_over)
        )
        keys = ("action", "mode", "score", "reason", "detector", "threshold", "route", "breakdown",
                "excluded", "uninspected")  # fmt: skip
        assert {key: told[key] for key in keys} == {key: event[key] for key in keys}, sent
        assert told["policy"]["hash"] == event["policy"]
        found = [each for each in told["findings"] if each["counts"]]
        assert [(each["detector"], each["score"], each["steps"]) for each in found] == [
            (each["detector"], each["score"], each["steps"]) for each in event["findings"]
        ]
        actions.add(event["action"])
    assert actions == {"passed", "active_kill", "shadow_kill", "skipped"}


async def test_excluded_event_passes_and_nothing_else(guarded: Guarded) -> None:
    """A false positive is excluded, the file reloaded: it passes, another parameter does not."""
    wanted, others = get("/wiki/sql", q=SQLI), [
        get("/wiki/sql", other=SQLI), get("/wiki", q=SQLI), get("/wiki/sql", q=XSS),
        post("/wiki/sql", q=SQLI),
    ]  # fmt: skip
    status, event_id = await guarded.send(wanted)
    assert status == 403
    assert {(await guarded.send(each))[0] for each in others} == {403}
    await guarded.event(event_id)
    done = await guarded.run(
        "exclude", "--event", event_id, "--target", guarded.target, "--policy",
        str(guarded.file), "--write", "--reason", "a page about SQL",
    )  # fmt: skip
    assert "location: query:q\n  detector: sqli\n" in done.stdout
    assert "WARNING" not in done.stderr
    text = guarded.file.read_text()
    assert all(line in text.splitlines() for line in TEXT.splitlines())
    assert read_policy(guarded.file).exclusions[-1].path == "/wiki/sql"
    await guarded.until_in_force("")
    assert (await guarded.send(wanted))[0] == 200
    assert {(await guarded.send(each))[0] for each in others} == {403}
    shown = await guarded.told("policy", "show", "--target", guarded.target)
    (rule,) = [each for each in shown["services"][0]["exclusions"] if each["path"] == "/wiki/sql"]
    assert rule["hits"] >= 1


STRICTER = (
    TEXT.replace("mode: shadow", "mode: active").replace("0.99", "0.5")
    + "  - {name: wiki, path: /wiki, location: 'query:*', detector: sqli}\n"
)
LOOSER = TEXT.replace("enabled: false", "enabled: true").replace("path: /cms\n", "path: /cmsx\n")
REPLAYED = [*EXPLAINED, get("/wiki", q=SQLI), post("/wiki", q=SQLI), get("/wiki/a", r=SQLI, s=XSS)]


@pytest.mark.parametrize(
    ("text", "unknown"),
    [(STRICTER, {}), (LOOSER, {"not-run": "/find", "excluded": "/cms/edit"})],
    ids=["told", "untold"],
)
async def test_replay_predicts_what_happens(
    guarded: Guarded, text: str, unknown: dict[str, str]
) -> None:
    """The service's own events say, of each request, what another policy then really does.

    But where it says that they can't: of a detector that was off, or of what was excluded.
    """
    before: dict[str, int] = {}
    for sent in REPLAYED:
        status, event_id = await guarded.send(sent)
        before[event_id] = status
        await guarded.event(event_id)
    new, mine = guarded.folder / "new.yaml", guarded.folder / "mine.jsonl"
    new.write_text(text)
    (state,) = (guarded.folder / "state").glob("ext-proc-*")
    lines = (state / "events.jsonl").read_text().splitlines(keepends=True)
    mine.write_text("".join(line for line in lines if json.loads(line)["id"] in before))
    told = await guarded.told(
        "replay", "--policy", str(new), "--from", str(mine), "--as-mode", "policy", "--show", "99"
    )
    assert told["requests"] == len(REPLAYED)
    changed = {each["where"]: each["after"]["blocked"] for each in told["samples"]}
    await guarded.until_in_force(text)
    wrong = set()
    for event_id, sent in zip(before, REPLAYED, strict=True):
        status, _ = await guarded.send(sent)
        if changed.get(event_id, before[event_id] == 403) != (status == 403):
            wrong.add(URL(sent.target).path)
    assert wrong == set(unknown.values())
    assert all(told["doubts"][doubt] > 0 for doubt in unknown)
    assert changed


async def test_diff_and_show_know_the_service(guarded: Guarded) -> None:
    """A file against what is in force; a flip of the mode is a difference too."""
    done = await guarded.run("policy", "diff", str(guarded.file), guarded.target)
    assert done.stdout == ""
    old = guarded.folder / "old.yaml"
    old.write_text(TEXT.replace("mode: active   #", "threshold: 0.9\nmode: active #"))
    told = await guarded.told("policy", "diff", str(old), guarded.target, code=1)
    assert told["differences"] == [{"at": "threshold", "before": 0.9, "after": 0.95}]
    await set_mode(guarded.stack.client, guarded.target, "shadow")
    try:
        shown = await guarded.run("policy", "show", "--target", guarded.target)
        assert "shadow (flipped from active)" in shown.stdout
        assert "match={'path'" not in shown.stdout
        told = await guarded.told("policy", "diff", str(guarded.file), guarded.target, code=1)
        assert told["differences"][0]["at"] == "mode (in force)"
        told = await guarded.told("policy", "explain", "--request", f"GET /?q={SQLI}", "--target",
                                  guarded.target, code=1)  # fmt: skip
        assert told["action"] == "shadow_kill"
        assert "flipped from active" in told["effective"][0]["from"]
    finally:
        await set_mode(guarded.stack.client, guarded.target, "active")


async def test_broken_file_is_told(guarded: Guarded) -> None:
    """The one in force is shown, and that the file on disk is not."""
    guarded.file.write_text("mode: activ\n")
    async with asyncio.timeout(20):
        while True:
            told = json.loads((await asyncio.to_thread(
                kysiractl, "policy", "show", "--target", guarded.target, "-o", "json",
            )).stdout)["services"][0]  # fmt: skip
            if told["error"]:
                break
            await asyncio.sleep(0.1)
    done = await guarded.run("policy", "show", "--target", guarded.target, code=1)
    assert "the file on disk is not in force" in done.stderr
    assert "kysira.yaml:1: mode: 'activ' must be shadow or active" in done.stderr
