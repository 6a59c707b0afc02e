"""What is said of a flip, and how to go on with the rest."""

import json
import time
from dataclasses import replace

import pytest

from ctl.console import Output
from ctl.fleet.options import Which
from ctl.fleet.target import Target, read_target
from ctl.mode.report import ToDo, report, to_do
from ctl.mode.state import State
from ctl.mode.wanted import How, Result, Row, Wanted
from kysira.types import Mode

WHICH = Which((read_target("waf"),), "", "", "", "secret", 3.0)
FLIP = Wanted(Mode.ACTIVE, 1800.0, Mode.SHADOW)
SHADOW, ACTIVE = State(Mode.SHADOW), State(Mode.ACTIVE)
DONE = Row(Target("10.0.0.1:9090", "http://10.0.0.1:9090"), Result.CHANGED, SHADOW, ACTIVE)
LOST = Row(
    Target("waf.example:443", "https://10.0.0.2:443"), Result.UNKNOWN, SHADOW, None, "no answer"
)


def test_to_do_is_for_exactly_the_rest() -> None:
    """The command has all options of the flip, and names those alone that are not as asked."""
    todo = to_do([DONE, LOST], FLIP, WHICH, How(ttl="30m"))
    assert todo == ToDo(
        "kysiractl mode active --ttl 30m --if-mode shadow --target https://waf.example:443"
    )
    assert to_do([DONE], FLIP, WHICH, How()) == ToDo()


def test_to_do_names_pods_in_their_namespace() -> None:
    """Pods are named as kubectl names them, in their context, quoted for a shell."""
    which = replace(WHICH, targets=(), namespace="kysira", selector="app=x", kube_context="my c")
    pod = replace(LOST, target=Target("pod/waf-1", "http://127.0.0.1:1"))
    assert to_do([pod], Wanted(Mode.SHADOW), which, How()).rest == (
        "kysiractl mode shadow --target pod/waf-1 --namespace kysira --context 'my c'"
    )


def test_to_do_puts_back_what_a_rollback_could_not() -> None:
    """What may still be flipped after a rollback has a command for each state it was in."""
    timed = replace(
        LOST, target=Target("10.0.0.3:9090", "http://x"), result=Result.NOT_ROLLED_BACK,
        before=State(Mode.SHADOW, time.time() + 599.5),
    )  # fmt: skip
    todo = to_do([DONE, LOST, timed], FLIP, WHICH, How(is_rolling_back=True))
    assert todo.undo == (
        "kysiractl mode shadow --target https://waf.example:443",
        "kysiractl mode shadow --ttl 600s --target 10.0.0.3:9090",
    )


def test_to_do_puts_back_in_steps() -> None:
    """What is gone back to after an end is set first where the flip overwrote it."""
    timed = replace(
        DONE, result=Result.NOT_ROLLED_BACK,
        before=State(Mode.SHADOW, time.time() + 599.5, back_to=Mode.ACTIVE),
    )  # fmt: skip
    todo = to_do([timed], Wanted(Mode.SHADOW), WHICH, How(is_rolling_back=True))
    assert todo.undo == (
        "kysiractl mode active --target 10.0.0.1:9090",
        "kysiractl mode shadow --ttl 600s --target 10.0.0.1:9090",
    )


def test_report_tells_who_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    """Who changed and who did not, and the commands that remain."""
    refused = replace(LOST, result=Result.REFUSED, note="answered 401: send it", status=401)
    report([DONE, refused, refused], FLIP, ToDo("do this", ("and that",)), Output.TABLE)
    out, err = capsys.readouterr()
    assert out.splitlines()[1].split() == ["10.0.0.1:9090", "changed", "active", "for", "good"]
    assert "answered 401: send it" in out
    assert "1 of 3 services are as asked" in err
    assert "for exactly those: do this" in err
    assert "could not be: and that" in err


def test_report_json_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get what was wanted, what became of each, and the commands that remain."""
    forbidden = replace(LOST, status=403)
    report([DONE, forbidden], FLIP, ToDo("do this"), Output.JSON)
    row = json.loads(capsys.readouterr().out)
    assert row["wanted"] == {"mode": "active", "ttl_seconds": 1800.0, "if_mode": "shadow"}
    assert (row["complete"], row["rest_command"], row["undo_commands"]) == (False, "do this", [])
    assert [each["result"] for each in row["services"]] == ["changed", "unknown"]
    assert row["services"][0]["before"]["mode"] == "shadow"
    assert row["services"][1]["mode"] is None
