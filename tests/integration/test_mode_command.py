"""kysiractl mode on three real ext-proc processes: whole and partial flips, and the way back."""

import json
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration.mode_fleet import COMMAND, fleet, mode_of, operator, targets
from tests.processes import Program
from tests.terminal import Terminal

ROUNDS = 6
MODES = ("active", "shadow")


def run(
    *arguments: str, env: Mapping[str, str], code: int | None = 0
) -> "subprocess.CompletedProcess[str]":
    """Run kysiractl mode where there is no terminal; it must end with the code."""
    done = subprocess.run(
        [*COMMAND, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=120, check=False, env=env,
    )  # fmt: skip
    assert code is None or done.returncode == code, done.stdout + done.stderr
    return done


def start(*arguments: str, env: Mapping[str, str]) -> "subprocess.Popen[str]":
    """Start kysiractl mode, to run beside another."""
    return subprocess.Popen(
        [*COMMAND, *arguments], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def results(out: str) -> dict[str, str]:
    """Return the result of each service in the JSON of a flip."""
    return {row["target"]: row["result"] for row in json.loads(out)["services"]}


def told_of_flips(program: Program) -> int:
    """Return how often the service says that its mode was set."""
    return sum("mode_changed" in line for line in program.output)


def test_mode_is_set_once(tmp_path: Path) -> None:
    """All are set and shown; the second time none is asked again; without --yes nothing is."""
    with fleet(tmp_path) as services:
        env, names = operator(tmp_path), targets(services)
        refused = run("active", *names, env=env, code=2)
        assert "--yes" in refused.stderr
        assert [mode_of(each)["mode"] for each in services] == ["shadow"] * 3
        first = run("active", "--yes", "-o", "json", *names, env=env)
        assert set(results(first.stdout).values()) == {"changed"}
        second = run("active", "--yes", "-o", "json", *names, env=env)
        assert set(results(second.stdout).values()) == {"already"}
        assert [mode_of(each)["mode"] for each in services] == ["active"] * 3
        shown = json.loads(run("-o", "json", *names, env=env).stdout)["services"]
        assert [(row["target"], row["mode"]) for row in shown] == [
            (each.http, "active") for each in services
        ]
        for each in services:
            each.program.stop()
            assert told_of_flips(each.program) == 1


@pytest.mark.parametrize("is_rolled_back", [False, True])
def test_partial_flip_names_the_rest(tmp_path: Path, is_rolled_back: bool) -> None:
    """One is killed and one stopped between the first look and the flip.

    Exit 3 names both, and the command for exactly those; the rollback puts the third back. The
    stopped one does what it was asked when it wakes up, as the row said it might.
    """
    options = ["--rollback-on-partial"] if is_rolled_back else []
    with fleet(tmp_path) as services:
        good, killed, stopped = services
        env = operator(tmp_path, COLUMNS="250")
        words = [*COMMAND, "active", "--timeout", "2s", *options, *targets(services)]
        with Terminal(words, env=env) as terminal:
            asked = terminal.wait_for("Go on? [y/N]")
            assert "3 of 3 services will BLOCK what they flag, until that is changed" in asked
            assert good.http in asked
            killed.kill()
            stopped.program.signal(signal.SIGSTOP)
            begun = time.monotonic()
            terminal.type("y\n")
            assert terminal.wait() == 3
            assert time.monotonic() - begun < 30  # flip, look and rollback: 2 s each at most
            shown = terminal.shown
        first = "rolled back" if is_rolled_back else "changed"
        assert re.search(rf"{good.http} +{first} ", shown), shown
        assert re.search(rf"{killed.http} +no answer .*connection refused; not changed", shown)
        assert re.search(rf"{stopped.http} +unknown .*no answer in 2 s; it may still change", shown)
        assert mode_of(good)["mode"] == ("shadow" if is_rolled_back else "active")
        [rest] = re.findall(r"for exactly those: (.*?)\r", shown)
        assert f"--target {killed.http} --target {stopped.http}" in rest
        assert (good.http in rest) is is_rolled_back
        stopped.program.signal(signal.SIGCONT)
        for _ in range(2 if is_rolled_back else 1):
            stopped.program.wait_for("mode_changed")
        assert mode_of(stopped)["mode"] == ("shadow" if is_rolled_back else "active")
        killed.start()
        run(*shlex.split(rest)[2:], "--yes", env=env)
        assert [mode_of(each)["mode"] for each in services] == ["active"] * 3


def test_rollback_reports_its_own_failure(tmp_path: Path) -> None:
    """A service that dies before it can be put back is named, with the command that does it."""
    with fleet(tmp_path) as services:
        good, died, stopped = services
        env = operator(tmp_path, COLUMNS="250")
        words = [*COMMAND, "active", "--timeout", "5s", "--rollback-on-partial", *targets(services)]
        with Terminal(words, env=env) as terminal:
            terminal.wait_for("Go on? [y/N]")
            stopped.program.signal(signal.SIGSTOP)
            terminal.type("y\n")
            died.program.wait_for("mode_changed")
            died.kill()  # perhaps before it has answered; the stopped one is waited for meanwhile
            assert terminal.wait() == 3
            shown = terminal.shown
        assert re.search(rf"{good.http} +rolled back", shown), shown
        assert re.search(rf"{died.http} +unknown ", shown), shown
        [back] = re.findall(r"to put back what could not be: (.*?)\r", shown)
        stopped.program.signal(signal.SIGCONT)
        died.start()
        assert mode_of(died)["mode"] == "active"
        run(*shlex.split(back)[2:], env=env)
        assert [mode_of(each)["mode"] for each in services] == ["shadow"] * 3


def test_hung_service_delays_nobody(tmp_path: Path) -> None:
    """One that does not answer the first look is not asked to change, and the others are set."""
    with fleet(tmp_path) as services:
        *good, stopped = services
        stopped.program.signal(signal.SIGSTOP)
        done = run(
            "active", "--yes", "--timeout", "1s", "-o", "json", *targets(services),
            env=operator(tmp_path), code=3,
        )  # fmt: skip
        assert results(done.stdout) == {
            **{each.http: "changed" for each in good}, stopped.http: "no answer"
        }  # fmt: skip
        stopped.program.signal(signal.SIGCONT)
        assert mode_of(stopped) == {"mode": "shadow"}


def test_ttl_ends_by_itself_over_a_restart(tmp_path: Path) -> None:
    """A flip with a time survives a restart with its end, and ends: up, and while it is down."""
    with fleet(tmp_path) as services:
        restarted, down, up = services
        env, names = operator(tmp_path), targets(services)
        run("active", "--yes", "--ttl", "20s", *names, env=env)
        ends = mode_of(restarted)["expires_at"]
        restarted.restart()
        assert mode_of(restarted) == {
            "mode": "active", "expires_at": ends, "back_to": "shadow", "configured": "shadow"
        }  # fmt: skip
        down.program.stop()
        watching = [*COMMAND, "--watch", "-o", "json", "--target", up.http]
        with Program(watching, env=env) as watch:
            assert json.loads(watch.wait_for(r"\{.*\}")[0])["mode"] == "active"
            assert json.loads(watch.wait_for(r"\{.*\}")[0])["mode"] == "shadow"
        down.start()
        assert [mode_of(each) for each in services] == [{"mode": "shadow"}] * 3


def test_ttl_of_a_flip_is_changed_and_removed(tmp_path: Path) -> None:
    """A flip with an end gets another one, or none; one for good does not get one."""
    with fleet(tmp_path) as services:
        env, names = operator(tmp_path), ["--yes", "-o", "json", *targets(services)]
        ends = []
        for ttl in (["--ttl", "30m"], ["--ttl", "2h"], []):
            done = run("active", *ttl, *names, env=env)
            assert set(results(done.stdout).values()) == {"changed"}
            ends.append(mode_of(services[0]).get("expires_at"))
        assert ends[0] < ends[1]
        assert ends[2] is None
        again = json.loads(run("active", "--ttl", "30m", *names, env=env).stdout)
        assert {row["result"] for row in again["services"]} == {"already"}
        assert "does not end that" in again["services"][0]["note"]


def test_if_mode_leaves_others_alone(tmp_path: Path) -> None:
    """Only services in that mode are changed; one that is otherwise is named, with exit 3."""
    with fleet(tmp_path) as services:
        env, names = operator(tmp_path), targets(services)
        run("active", "--yes", *targets(services[:1]), env=env)
        done = run(
            "active", "--yes", "--ttl", "1h", "--if-mode", "active", "-o", "json", *names, env=env,
            code=3,
        )  # fmt: skip
        assert list(results(done.stdout).values()) == ["already", "left alone", "left alone"]
        assert [mode_of(each)["mode"] for each in services] == ["active", "shadow", "shadow"]


def test_if_mode_is_compared_by_the_service(tmp_path: Path) -> None:
    """Who is set otherwise while somebody still reads the question is left alone."""
    with fleet(tmp_path) as services:
        first, *others = services
        env = operator(tmp_path, COLUMNS="250")
        words = [*COMMAND, "active", "--ttl", "1h", "--if-mode", "shadow", *targets(services)]
        run("shadow", "--ttl", "1h", *targets(services), env=env)
        with Terminal(words, env=env) as terminal:
            terminal.wait_for("Go on? [y/N]")
            run("active", "--yes", "--ttl", "30m", "--target", first.http, env=env)
            terminal.type("y\n")
            assert terminal.wait() == 3
            shown = terminal.shown
        assert re.search(rf"{first.http} +left alone +active .*in force is active", shown), shown
        assert [re.search(rf"{each.http} +changed ", shown) is not None for each in others] == [
            True, True
        ]  # fmt: skip
        first.program.stop()
        assert told_of_flips(first.program) == 1


def test_rollback_is_exact(tmp_path: Path) -> None:
    """A flip with an end is back with that very end, and with what comes then."""
    with fleet(tmp_path) as services:
        good, other, killed = services
        env = operator(tmp_path, COLUMNS="250")
        run("active", "--yes", "--target", good.http, env=env)
        run("shadow", "--ttl", "1h", "--target", good.http, env=env)
        before = [mode_of(each) for each in (good, other)]
        assert before[0]["back_to"] == "active"
        words = [*COMMAND, "active", "--rollback-on-partial", *targets(services)]
        with Terminal(words, env=env) as terminal:
            terminal.wait_for("Go on? [y/N]")
            killed.kill()
            terminal.type("y\n")
            assert terminal.wait() == 3
            assert terminal.shown.count("rolled back") == 2, terminal.shown
        assert [mode_of(each) for each in (good, other)] == before


def test_rollback_undoes_nobody_elses(tmp_path: Path) -> None:
    """What somebody set while the question was open is what comes back, not what was before."""
    with fleet(tmp_path) as services:
        theirs, other, killed = services
        env = operator(tmp_path, COLUMNS="250")
        words = [*COMMAND, "active", "--rollback-on-partial", *targets(services)]
        with Terminal(words, env=env) as terminal:
            terminal.wait_for("Go on? [y/N]")
            run("active", "--yes", "--ttl", "1h", "--target", theirs.http, env=env)
            before = mode_of(theirs)
            killed.kill()
            terminal.type("y\n")
            assert terminal.wait() == 3
            assert terminal.shown.count("rolled back") == 2, terminal.shown
        assert mode_of(theirs) == before
        assert mode_of(other) == {"mode": "shadow"}


def test_two_operators_are_told_of_each_other(tmp_path: Path) -> None:
    """Two flips against each other: when both say all is as asked, all services agree."""
    with fleet(tmp_path) as services:
        env, names = operator(tmp_path), targets(services)
        for _ in range(ROUNDS):
            both = [start(mode, "--yes", "-o", "json", *names, env=env) for mode in MODES]
            outs = [each.communicate(timeout=120) for each in both]
            codes = [each.returncode for each in both]
            assert set(codes) <= {0, 3}, outs
            if codes == [0, 0]:
                assert len({mode_of(each)["mode"] for each in services}) == 1, outs


def test_token_is_asked_for_and_never_shown(tmp_path: Path) -> None:
    """Without the token there is one hint; with it from a variable or a file the flip is made."""
    secret = "s3cret-of-the-test"
    file = tmp_path / "token"
    file.write_text(secret)
    with fleet(tmp_path, KYSIRA_ADMIN_TOKEN=secret) as services:
        names = ["active", "--yes", *targets(services)]
        refused = run(*names, env=operator(tmp_path), code=3)
        assert refused.stderr.count("KYSIRA_ADMIN_TOKEN_FILE") == 1
        assert "answered 401" in refused.stdout
        wrong = run(*names, env=operator(tmp_path, KYSIRA_ADMIN_TOKEN="wr0ng-one"), code=3)
        assert "wr0ng-one" not in wrong.stdout + wrong.stderr
        done = run(*names, env=operator(tmp_path, KYSIRA_ADMIN_TOKEN_FILE=str(file)))
        assert secret not in done.stdout + done.stderr


@pytest.mark.parametrize(("typed", "code"), [("n\n", 1), ("\n", 1), ("\x04", 1), ("\x03", 130)])
def test_refusal_at_the_prompt_changes_nothing(tmp_path: Path, typed: str, code: int) -> None:
    """No, Enter, ^D and ^C all leave every service as it is."""
    with fleet(tmp_path) as services:
        with Terminal([*COMMAND, "active", *targets(services)], env=operator(tmp_path)) as terminal:
            terminal.wait_for("Go on? [y/N]")
            terminal.type(typed)
            assert terminal.wait() == code, terminal.shown
        assert [mode_of(each) for each in services] == [{"mode": "shadow"}] * 3
