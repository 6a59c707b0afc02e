"""kysiractl events and status on real services: ext-proc behind Envoy, and the proxy."""

import asyncio
import csv
import io
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.integration.proxy import ProxyStack, running_proxy
from tests.integration.stack import Stack, running
from tests.processes import Program, kysiractl

pytestmark = pytest.mark.asyncio(loop_scope="module")
NO_MODELS = {"KYSIRA_SQLI_MODEL": "none", "KYSIRA_PI_MODEL": "none"}
TOKEN = "integration-token"
ATTACK = "' UNION SELECT password FROM users--"
NOBODY = "http://127.0.0.1:1"


@dataclass
class Both:
    """Two services of different kinds, and the state folder of each."""

    stack: Stack
    proxy: ProxyStack
    folder: Path

    @property
    def targets(self) -> list[str]:
        """Return the options that name both."""
        return ["--target", f"http://{self.stack.ext_proc.http}", "--target", self.proxy.admin]

    def env(self) -> dict[str, str]:
        """Return what kysiractl runs with: the token, and no configuration of whoever tests."""
        return {"KYSIRA_ADMIN_TOKEN": TOKEN, "XDG_CONFIG_HOME": str(self.folder)}

    async def run(self, *arguments: str) -> Any:
        """Run kysiractl to its end."""
        return await asyncio.to_thread(kysiractl, *arguments, env=self.env())

    @asynccontextmanager
    async def tail(self, *arguments: str) -> AsyncIterator[Program]:
        """Run a tail of both, ended politely at the end."""
        command = [sys.executable, "-m", "ctl", "events", "tail", "-o", "json", *arguments]
        with Program(command, env={**self.env(), "PYTHONUNBUFFERED": "1"}) as program:
            yield program

    async def send(self, url: str, path: str, **query: str) -> None:
        """Send one request to a service."""
        async with self.stack.client.get(f"{url}{path}", params=query) as answer:
            assert answer.status == 200


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Both]:
    """Return both services, each with a request of each kind behind it."""
    folder = tmp_path_factory.mktemp("both")
    (folder / "envoy").mkdir()
    token = {"KYSIRA_ADMIN_TOKEN": TOKEN}
    async with (
        running(folder / "envoy", **NO_MODELS, **token) as stack,
        running_proxy(folder / "envoy" / "state", **token) as proxy,
    ):
        started = Both(stack, proxy, folder)
        for url in (stack.url, proxy.url):
            await started.send(url, "/shop", q="shoes")
            await started.send(url, "/find", q=ATTACK)
            await started.send(url, "/calc", q="=1+1")
        await started.run("events", "tail", *started.targets, "--path", "/calc", "--limit", "2")
        yield started


def rows(text: str) -> list[dict[str, Any]]:
    """Return the events of JSON lines, without what else a program said."""
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


async def line(program: Program, pattern: str) -> str:
    """Return the next line of a program that matches."""
    return (await asyncio.to_thread(program.wait_for, pattern)).string


async def test_search_asks_all_services(both: Both) -> None:
    """The events of both, by time, filtered; the reason of each as the service gave it."""
    done = await both.run("events", "search", *both.targets, "--action", "flagged", "-o", "json")
    found = rows(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert [row["front_end"] for row in found] == ["ext-proc", "proxy"]
    assert {row["path"] for row in found} == {"/find"}
    assert {row["detector"] for row in found} == {"sqli"}
    assert [row["timestamp"] for row in found] == sorted(row["timestamp"] for row in found)


async def test_search_table_names_services(both: Both) -> None:
    """The table says which service each is of, and has the id to ask about."""
    done = await both.run("events", "search", *both.targets, "--detector", "sqli")
    head, *lines = done.stdout.splitlines()
    assert head.split()[:3] == ["SERVICE", "TIME", "ACTION"]
    assert len(lines) == 2
    assert lines[1].startswith(both.proxy.admin.removeprefix("http://"))
    assert "shadow_kill" in lines[0]
    assert len(lines[0].split()[-1]) == 36


async def test_search_with_one_silent_service_is_partial(both: Both) -> None:
    """What the others say is shown; who does not answer is named, and it is exit 3."""
    done = await both.run(
        "events", "search", "-t", NOBODY, "-t", both.proxy.admin, "--path", "/find", "-o", "json"
    )
    assert done.returncode == 3
    assert [row["front_end"] for row in rows(done.stdout)] == ["proxy"]
    assert "127.0.0.1:1: connection refused" in done.stderr


async def test_all_silent_is_unreachable(both: Both) -> None:
    """Without any answer there is nothing to show: exit 3, and why."""
    for command in ("search", "export", "tail"):
        done = await both.run("events", command, "-t", NOBODY, "-t", "127.0.0.2:1")
        assert done.returncode == 3, command
        assert done.stdout == ""
        assert "connection refused" in done.stderr
        assert "Traceback" not in done.stderr


async def test_wrong_token_is_told(both: Both) -> None:
    """A refusal is named with what the service says to do."""
    env = {**both.env(), "KYSIRA_ADMIN_TOKEN": "wrong"}
    done = await asyncio.to_thread(kysiractl, "events", "search", *both.targets, env=env)
    assert done.returncode == 3
    assert "answered 401: send Authorization" in done.stderr
    assert done.stderr.count("another token than KYSIRA_ADMIN_TOKEN") == 1


async def test_missing_token_is_told_once(both: Both) -> None:
    """What to set, whichever command asks, and however many services refuse."""
    env = {**both.env(), "KYSIRA_ADMIN_TOKEN": ""}
    for command in (["events", "top"], ["events", "tail"], ["policy", "show"]):
        done = await asyncio.to_thread(kysiractl, *command, *both.targets, env=env)
        assert done.returncode == 3, command
        assert done.stderr.count("set KYSIRA_ADMIN_TOKEN, or KYSIRA_ADMIN_TOKEN_FILE") == 1


async def test_top_counts_all_services(both: Both) -> None:
    """The attack that each of them saw, with an id that search finds."""
    done = await both.run("events", "top", *both.targets, "--by", "detector", "-o", "json")
    (row,) = json.loads(done.stdout)["rows"]
    assert (row["value"], row["count"], row["share"]) == ("sqli", 2, 1.0)
    done = await both.run("events", "search", *both.targets, "--id", row["sample_id"], "-o", "json")
    assert [each["path"] for each in rows(done.stdout)] == ["/find"]


async def test_export_csv_reads_back(both: Both) -> None:
    """Csv reads what csv wrote; a query that a spreadsheet would run is none."""
    done = await both.run("events", "export", *both.targets, "--path", "/calc", "-o", "csv")
    assert (done.returncode, done.stderr) == (0, "")
    found = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["path"] for row in found] == ["/calc", "/calc"]
    assert {row["service"] for row in found} == {
        both.stack.ext_proc.http, both.proxy.admin.removeprefix("http://"),
    }  # fmt: skip
    live = rows((await both.run("events", "export", *both.targets, "--path", "/calc")).stdout)
    assert [row["id"] for row in found] == [row["id"] for row in live]
    assert [float(row["latency_ms"]) for row in found] == [row["latency_ms"] for row in live]


async def test_export_reads_the_services_files(both: Both) -> None:
    """The folder of all services gives what they themselves give."""
    live = await both.run("events", "export", *both.targets)
    read = await both.run("events", "export", "--from", str(both.folder / "envoy" / "state"))
    assert read.returncode == 0
    assert rows(read.stdout) == rows(live.stdout)


async def test_tail_goes_on_after_a_restart(both: Both) -> None:
    """Two services, one restarted meanwhile: every event once, by time; Ctrl-C is exit 0."""
    ext_proc = both.stack.ext_proc
    async with both.tail(*both.targets, "--no-replay", "--path", "/tail") as tail:
        # It follows from some moment on: a request of each until it is seen.
        for url in (both.stack.url, both.proxy.url):
            await _until_followed(both, tail, url)
        begun = len(tail.output)
        await both.send(both.stack.url, "/tail", n="1")
        await line(tail, r'"query":"n=1"')
        await asyncio.to_thread(ext_proc.restart)
        await line(tail, rf"{ext_proc.http}: connected again, going on after [0-9a-f-]{{36}}")
        await both.send(both.proxy.url, "/tail", n="2")
        await line(tail, r'"query":"n=2"')
        await both.stack.until_scored()
        await both.send(both.stack.url, "/tail", n="3")
        await line(tail, r'"query":"n=3"')
        tail.signal(signal.SIGINT)
        assert await asyncio.to_thread(tail.wait) == 0
    text = "".join(tail.output[begun:])
    told = rows(text)
    assert [row["query"] for row in told] == ["n=1", "n=2", "n=3"]
    assert len({row["id"] for row in told}) == 3
    assert f"{ext_proc.http}: the stream ended; connecting again" in text
    assert "may be missing" not in text
    assert "Traceback" not in text


async def _until_followed(both: Both, tail: Program, url: str) -> None:
    """Return once a request of a service is told: the service says nothing of its readers."""
    async with asyncio.timeout(60):
        for number in range(1000):
            await both.send(url, "/tail/begin", at=f"{url[-5:]}x{number}")
            try:
                await asyncio.to_thread(tail.wait_for, rf'"query":"at={url[-5:]}x{number}"', 1.0)
            except AssertionError:
                continue
            return


async def test_tail_waits_for_a_service_that_is_not_there(both: Both) -> None:
    """One that does not answer is named and tried again; the others are told meanwhile."""
    async with both.tail(*both.targets, "-t", NOBODY, "--limit", "6") as tail:
        await line(tail, r"kysiractl: 127.0.0.1:1: connection refused; trying again")
        assert await asyncio.to_thread(tail.wait) == 0
    told = rows("".join(tail.output))
    assert len(told) == 6
    assert [row["timestamp"] for row in told] == sorted(row["timestamp"] for row in told)


async def test_status_shows_all(both: Both) -> None:
    """Both with their counters; a third that is not there makes it exit 3."""
    done = await both.run("status", *both.targets, "-o", "json")
    assert done.returncode == 0, done.stderr
    services = json.loads(done.stdout)["services"]
    assert [row["service"] for row in services] == ["kysira-ext-proc", "kysira-proxy"]
    assert [(row["status"], row["mode"], row["dropped"]) for row in services] == [
        ("ok", "shadow", 0)
    ] * 2
    assert services[1]["flagged"] == 1
    assert services[1]["requests"] >= 3
    assert services[1]["detectors"] == {"model": 0, "regex": 14}
    done = await both.run("status", *both.targets, "-t", NOBODY)
    assert done.returncode == 3
    assert "no answer" in done.stdout
    assert len(done.stdout.splitlines()) == 4


async def test_closed_pipe_ends_quietly(both: Both) -> None:
    """``kysiractl events search | head -1`` says nothing of pipes."""
    command = [sys.executable, "-m", "ctl", "events", "search", *both.targets]
    program = await asyncio.create_subprocess_exec(
        "sh", "-c", '"$@" | head -n 1', "sh", *command,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**both.env(), "PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    out, err = await program.communicate()
    assert out.startswith(b"SERVICE")
    assert err == b""
