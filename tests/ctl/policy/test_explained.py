"""How an explanation is shown."""

from dataclasses import replace

import pytest

from ctl.policy.explained import as_json, say
from ctl.policy.explanation import explained
from inference.engine import Engine
from kysira.types import Mode, Request
from tests.ctl.replay.made import known
from tests.terminal import on_terminal

SQLI = b"/cms?q=%27%20UNION%20SELECT%20password%20FROM%20users--"
FILE = known("mode: active\ndetectors: {xss: {enabled: false}}\non_oversize: block\n"
             "max_body_bytes: 4\nroutes: [{name: cms, match: {path: /cms}}]\n")  # fmt: skip


@pytest.mark.parametrize(
    ("request_", "mode", "words"),
    [
        (Request("GET", SQLI), Mode.ACTIVE,
         "BLOCKED sqli:union_select: 0.9999, at or over 0.95, in query:q; 403"),
        (Request("POST", SQLI, body=b"a"), Mode.ACTIVE,
         "BLOCKED sqli:union_select: 0.9999, at or over 0.95, in query:q; 403 before its body is "
         "read"),
        (Request("GET", SQLI), Mode.SHADOW,
         "FLAGGED sqli:union_select: 0.9999, at or over 0.95, in query:q; it passes, as the mode "
         "is shadow"),
        (Request("POST", b"/", body=b"12345"), Mode.ACTIVE,
         "BLOCKED body over the inspection limit; 413"),
        (Request("GET", b"/"), Mode.ACTIVE, "passes nothing was found that counts"),
    ],
)  # fmt: skip
def test_decision_is_told_in_words(
    engine: Engine, capsys: pytest.CaptureFixture[str], request_: Request, mode: Mode, words: str
) -> None:
    """The first line says what becomes of the request, and why."""
    say(explained(replace(FILE, mode=mode), "x", request_, engine.score))
    shown = capsys.readouterr()
    assert " ".join(shown.out.splitlines()[0].split()) == words
    assert "detectors switched off: xss" in shown.err


def test_finding_under_its_threshold_is_told(
    engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    """It passes for that, and says so."""
    lax = known("threshold: 1.0")
    say(explained(lax, "x", Request("GET", SQLI), engine.score))
    first = capsys.readouterr().out.splitlines()[0]
    assert "passes    the highest finding, sqli 0.9999, is under 1" in first


def test_json_has_everything(engine: Engine) -> None:
    """Routes, settings with their origin, findings, and the decision."""
    row = as_json(explained(FILE, "kysira.yaml:1", Request("GET", SQLI), engine.score))
    assert (row["action"], row["status"], row["route"]) == ("active_kill", 403, "cms")
    assert row["routes"] == [
        {"name": "cms", "fit": "matches", "why": "path /cms against /cms"}
    ]  # fmt: skip
    assert row["effective"][0] == {"name": "mode", "value": "active", "from": "kysira.yaml:1"}
    assert row["findings"][0]["became"] == "over"
    assert row["disabled"] == ["xss"]
    assert row["policy"] == {"from": "kysira.yaml", "hash": FILE.policy.hash}


@pytest.mark.parametrize("columns", [60, 80, 120, 200])
def test_no_word_is_cut_on_a_terminal(
    engine: Engine,
    columns: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A finding is a row where that fits, else a record."""
    on_terminal(monkeypatch, columns)
    say(explained(FILE, "kysira.yaml:1", Request("POST", SQLI, body=b"a"), engine.score))
    out = capsys.readouterr().out
    assert {"sqli:union_select", "inspect_body", "query:q", "matches"} <= {*out.split()}
    assert ("THRESHOLD" in out.split()) is (columns >= 120)
    assert max(map(len, out.splitlines())) <= columns


def test_no_route_is_a_dash(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    """As in every table."""
    say(explained(known("mode: active"), "x", Request("GET", b"/"), engine.score))
    assert "route     -\n" in capsys.readouterr().out
