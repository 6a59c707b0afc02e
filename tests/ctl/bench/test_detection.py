"""The benchmark as a function: who is asked, what is refused, and when it was only partly done."""

import json
from pathlib import Path
from typing import Any

import pytest

from ctl.bench.client import Judgement
from ctl.bench.corpora import Selection
from ctl.bench.detection import Found, Plan, detect, remote_columns
from ctl.bench.endpoint import Endpoint
from ctl.bench.replay import Results
from kysira.errors import CorpusError, SettingsError, StartError
from tests.ctl.bench.made_rows import ATTACK, BENIGN, MISSED, whole, write
from tests.ctl.bench.server import SILENCE, Server, blocking


def plan(path: Path, *endpoints: Endpoint, **changes: Any) -> Plan:
    settings: dict[str, Any] = {
        "corpora": (path,), "selection": Selection(), "engine": None, "has_models": False,
        "threshold": None, "endpoints": endpoints, "allow_remote": False,
        "judgement": Judgement(timeout_s=0.3), "concurrency": 2, "max_requests": 1000,
        "max_seconds": 60, "show_missed": 3, "show_flagged": 3,
    }  # fmt: skip
    return Plan(**{**settings, **changes})


def at(server: Server) -> Endpoint:
    return Endpoint("waf", "127.0.0.1", server.port)


def test_url_stands_beside_the_engine(tmp_path: Path) -> None:
    """On the same rows; the first column's mistakes are shown."""
    path = write(tmp_path / "a.jsonl", [ATTACK, MISSED, BENIGN])
    with Server(blocking(b"riddle")) as server:
        found = detect(plan(path, at(server), engine="kysira"))
    data = json.loads(found.as_json())
    assert data["columns"] == ["kysira", "waf"]
    shares = {(row["column"], row["label"]): row["share"] for row in data["sources"]}
    assert shares == {
        ("kysira", "attack"): 0.5, ("kysira", "benign"): 0, ("waf", "attack"): 0.5,
        ("waf", "benign"): 0,
    }  # fmt: skip
    assert [each["text"] for each in data["missed"]] == ["a riddle"]
    assert not found.is_partial


def test_unanswered_requests_make_it_partial(tmp_path: Path) -> None:
    """The tables hold what there is."""
    path = write(tmp_path / "a.jsonl", [whole("/a"), whole("/hang")])
    with Server(lambda sent: SILENCE if b"/hang" in sent else blocking(b"x")(sent)) as server:
        found = detect(plan(path, at(server)))
    assert found.is_partial
    assert "waf unanswered, in no rate: timeout × 1" in found.as_text()


def test_bound_makes_it_partial(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was measured is told, and why it is not all."""
    path = write(tmp_path / "a.jsonl", [whole("/a"), whole("/b")])
    with Server(blocking(b"/a")) as server:
        found = detect(plan(path, at(server), max_requests=1))
    assert (found.is_partial, found.stopped) == (True, "--max-requests 1 is reached")
    assert "ended early: --max-requests 1 is reached" in capsys.readouterr().err
    assert json.loads(found.as_json())["sources"][0]["rows"] == 1


def test_threshold_is_the_plans_or_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is blocked from a score of 1 on."""
    path = write(tmp_path / "a.jsonl", [ATTACK])
    monkeypatch.setenv("KYSIRA_SCORE_THRESHOLD", "1")
    own, given = (detect(plan(path, engine="k", threshold=t)) for t in (None, 0.95))
    assert (own.threshold, given.threshold) == (1, 0.95)
    shares = [json.loads(each.as_json())["sources"][0]["share"] for each in (own, given)]
    assert shares == [0, 1]


def test_other_machines_are_left_alone() -> None:
    """Attacks leave this machine only when that is asked for; looking is enough to know."""
    there = Endpoint("far", "192.0.2.1", 9)
    with pytest.raises(
        SettingsError, match=r"192\.0\.2\.1:9 is not this machine: .*--allow-remote"
    ):
        remote_columns([there], Judgement(timeout_s=0.1), allow_remote=False)
    with pytest.raises(StartError, match="does not answer"):
        remote_columns([there], Judgement(timeout_s=0.1), allow_remote=True)


def test_broken_row_sends_nothing(tmp_path: Path) -> None:
    """All rows are read before the first is sent."""
    path = write(tmp_path / "a.jsonl", [BENIGN, {"label": "odd"}])
    with Server(blocking(b"x")) as server:
        with pytest.raises(CorpusError, match=r"a\.jsonl:2: "):
            detect(plan(path, at(server)))
        assert server.received == []


def test_found_is_told_as_text_and_json() -> None:
    """Even where there is nothing."""
    found = Found(Results(), ("kysira",), (), 0.95, "")
    assert "Intervals are Wilson's" in found.as_text()
    assert json.loads(found.as_json())["threshold"] == 0.95
