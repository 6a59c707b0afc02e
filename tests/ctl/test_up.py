"""kysiractl up, as a user runs it: real Envoy, real ext-proc, a process of its own."""

import os
import re
import shlex
import signal
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

import psutil
import pytest

from ctl.stack.plan import ext_proc_settings, policy_of
from tests.processes import Program, kysiractl

ANY_PORTS = ("--port", "0", "--admin-port", "0", "--ext-proc-port", "0", "--management-port", "0")


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Message
    body: str


def curl(line: str) -> Answer:
    """Do what a printed curl command does."""
    words = shlex.split(line)
    assert words.pop(0) == "curl"
    url, method, body, headers = "", None, None, {}
    while words:
        word = words.pop(0)
        if word == "-X":
            method = words.pop(0)
        elif word == "-H":
            name, _, value = words.pop(0).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = words.pop(0).encode()
        elif word != "-i":
            url = word
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return Answer(answer.status, answer.headers, answer.read().decode())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read().decode())


class Up:
    """A running ``kysiractl up``."""

    def __init__(self, program: Program) -> None:
        self.program = program
        program.wait_for("Ctrl-C stops everything")
        self.text = "".join(program.output)
        self.children = psutil.Process(program.pid).children(recursive=True)

    def commands(self) -> list[str]:
        """Return the curl commands that it printed."""
        return re.findall(r"^  (curl .*)$", self.text, re.MULTILINE)

    @property
    def ext_proc_port(self) -> str:
        """Return the port that ext-proc listens on."""
        return re.findall(r"grpc://127.0.0.1:(\d+)", self.text)[0]

    def child(self, word: str) -> psutil.Process:
        """Return the child whose command line has the word."""
        return next(p for p in self.children if word in " ".join(p.cmdline()))

    def assert_gone(self) -> None:
        """Fail if any part or the temporary folder is still there."""
        assert not [p for p in self.children if p.is_running()]
        folder = Path(re.findall(r"envoy.yaml +(/\S+)", self.text)[0]).parent
        assert not folder.exists()


@contextmanager
def up(*options: str, env: dict[str, str] | None = None) -> Iterator[Up]:
    """Run ``kysiractl up`` on free ports."""
    command = [sys.executable, "-m", "ctl", "up", *ANY_PORTS, *options]
    with Program(command, env=env) as program:
        yield Up(program)


def test_first_run_is_a_tour() -> None:
    """The three printed commands show a pass, a mark and, after the flip, a block; ^C ends all."""
    with up() as running:
        assert [p.name() for p in running.children if "envoy" in p.name()]
        benign, attack, flip = running.commands()
        assert '"x-kysira-score": "0.' in curl(benign).body
        marked = curl(attack)
        assert marked.status == 200
        assert '"x-kysira-would-have-killed": "true"' in marked.body
        assert curl(flip).body == '{"mode": "active"}'
        assert curl(attack).status == 403
        assert curl(benign).status == 200
        running.program.wait_for("ext-proc: .*request_blocked")
        running.program.signal(signal.SIGINT)
        assert running.program.wait() == 0
        running.assert_gone()


def test_printed_kysiractl_commands_work() -> None:
    """They are what operators use: flagged events, the mode for a while, and a doctor."""
    with up() as running:
        _, attack, _ = running.commands()
        curl(attack)
        tail, mode, doctor = (
            shlex.split(line)[1:]
            for line in re.findall(r"^  (\S*kysiractl .*)$", running.text, re.MULTILINE)
        )
        assert "sqli:union_select" in kysiractl(*tail, "--limit", "1").stdout
        assert kysiractl(*mode, "--yes").returncode == 0
        assert curl(attack).status == 403
        checked = kysiractl(*doctor)
        assert checked.returncode == 0, checked.stdout
        assert "KYS0204" in checked.stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signal_to_all_ends_in_order(number: signal.Signals) -> None:
    """A terminal signals the whole group at once: still exit 0 and nothing left."""
    with up("--mode", "active") as running:
        _, attack, _ = running.commands()
        assert curl(attack).status == 403
        os.killpg(running.program.pid, number)
        assert running.program.wait() == 0
        running.assert_gone()
        assert running.program.output[-1] == "stopped\n"


def test_signal_while_starting_ends_all() -> None:
    """Impatience is fine: what has started by then is ended."""
    with Program([sys.executable, "-m", "ctl", "up", *ANY_PORTS]) as program:
        program.wait_for("starting ext-proc")
        children = psutil.Process(program.pid).children(recursive=True)
        program.signal(signal.SIGINT)
        assert program.wait() == 0
        assert not [p for p in children if p.is_running()]


@pytest.mark.parametrize(("word", "name"), [("extproc", "ext-proc"), ("envoy.yaml", "envoy")])
def test_dead_part_ends_the_rest(word: str, name: str) -> None:
    """Which part died is said, the others are ended, exit 3."""
    with up() as running:
        running.child(word).kill()
        assert running.program.wait() == 3
        running.assert_gone()
        assert f"kysiractl: {name} ended by SIGKILL" in "".join(running.program.output)


@pytest.mark.parametrize("option", ANY_PORTS[::2])
def test_taken_port_is_one_line(option: str) -> None:
    """Port and option are named, exit 3, and nothing was started."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = kysiractl("up", *ANY_PORTS, option, str(port))
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        f"kysiractl: port {port} is taken: choose another with {option} (0 is any free one)\n"
    )


def test_own_app_is_reached_once_it_runs() -> None:
    """An app that does not answer yet is a warning; requests reach it when it does."""
    with socket.socket() as app:
        app.bind(("127.0.0.1", 0))
        target = f"http://127.0.0.1:{app.getsockname()[1]}"
        with up("--target", target) as running:
            benign, _, _ = running.commands()
            assert f"warning: {target} does not answer" in running.text
            assert f"your app     {target}" in running.text
            assert curl(benign).status == 503
            app.listen()
            with socket.create_connection(("127.0.0.1", port_of(benign))) as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                connection, _ = app.accept()
                with connection:
                    assert b"x-kysira-score: 0." in connection.recv(65536).lower()


def test_policy_decides(tmp_path: Path) -> None:
    """The file's mode and exclusion hold, Envoy fits it, and a change counts at once."""
    file = tmp_path / "kysira.yaml"
    file.write_text("mode: active\ntimeout_ms: 1000\nmax_body_bytes: 70000\non_failure: closed\n")
    env = {"KYSIRA_SQLI_MODEL": "none", "KYSIRA_PI_MODEL": "none"}
    with up("--policy", str(file), env=env) as running:
        policy = re.findall(r"^  policy +(\w+): (.*), read again", running.text, re.MULTILINE)
        assert policy == [(policy_of(ext_proc_settings(None, file)).hash, str(file))]
        config = Path(re.findall(r"envoy.yaml +(/\S+)", running.text)[0]).read_text()
        assert "message_timeout: 1.2s" in config
        assert "failure_mode_allow: false" in config
        assert "per_connection_buffer_limit_bytes: 70000" in config
        _, attack, _ = running.commands()
        assert curl(attack).status == 403
        file.write_text("mode: active\nexclusions:\n  - {name: search, path: /search}\n")
        running.program.wait_for("ext-proc: .*policy_loaded")
        assert curl(attack).status == 200


@pytest.mark.parametrize("is_variable", [False, True])
def test_broken_policy_is_exit_4(tmp_path: Path, is_variable: bool) -> None:
    """Every problem with its line, before anything starts."""
    file = tmp_path / "kysira.yaml"
    file.write_text("mode: activ\nmod: 1\n")
    named = ([], {"KYSIRA_POLICY": str(file)}) if is_variable else (["--policy", str(file)], {})
    done = kysiractl("up", *ANY_PORTS, *named[0], env=named[1])
    assert (done.returncode, done.stdout) == (4, "")
    assert f"{file}:1: mode: 'activ' must be shadow or active\n{file}:2: mod: " in done.stderr
    assert "starting" not in done.stderr


def port_of(line: str) -> int:
    """Return the port of the URL in a curl command."""
    return int(re.findall(r":(\d+)/", line)[0])


def test_missing_envoy_is_told(tmp_path: Path) -> None:
    """A wrong --envoy is exit 3 and one line."""
    done = kysiractl("up", "--envoy", str(tmp_path / "none"))
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"kysiractl: --envoy {tmp_path}/none: no such program\n"


@pytest.mark.parametrize(
    ("options", "env", "words"),
    [
        (["--target", "app"], {}, "must begin with http://"),
        (["--mode", "off"], {}, "shadow"),
        ([], {"KYSIRA_ON_FAILURE": "maybe"}, "KYSIRA_ON_FAILURE"),
    ],
)
def test_bad_setting_is_usage(options: list[str], env: dict[str, str], words: str) -> None:
    """An option or variable that can't be used is exit 2 before anything starts."""
    done = kysiractl("up", *ANY_PORTS, *options, env=env)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "starting" not in done.stderr


def test_ext_proc_that_can_not_start_is_told(tmp_path: Path) -> None:
    """Its own words are shown, and the exit code is 3."""
    env = {"KYSIRA_SQLI_MODEL": str(tmp_path / "no-model")}
    done = kysiractl("up", *ANY_PORTS, env=env)
    assert (done.returncode, done.stdout) == (3, "")
    assert "kysiractl: ext-proc ended with exit code 1:" in done.stderr
    assert "no-model" in done.stderr
