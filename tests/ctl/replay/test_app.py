"""kysiractl replay, as a user runs it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.ctl.command import run
from tests.ctl.events.made import lines
from tests.ctl.replay.made import event_row, finding

EXCLUDING = "exclusions: [{name: q, path: /search, location: 'query:q'}]\n"
ATTACK = "/search?q=%27%20UNION%20SELECT%20password%20FROM%20users--"


@pytest.fixture
def new(tmp_path: Path) -> str:
    """Return the path of a policy with an exclusion."""
    (tmp_path / "new.yaml").write_text(EXCLUDING)
    return str(tmp_path / "new.yaml")


def events(tmp_path: Path, *rows: dict[str, Any]) -> str:
    """Return the path of a file with events."""
    (tmp_path / "e.jsonl").write_bytes(lines(*rows))
    return str(tmp_path / "e.jsonl")


def many(tmp_path: Path, attacks: int, others: int) -> str:
    """Return the path of a file with events on /login and others."""
    bad = [event_row(finding(), id=f"a{n}", path="/login") for n in range(attacks)]
    return events(tmp_path, *bad, *[event_row(id=f"b{n}") for n in range(others)])


def test_events_are_replayed(tmp_path: Path, new: str) -> None:
    """What is newly and no longer blocked, by event, and what could not be known."""
    path = events(tmp_path, event_row(finding(), id="one"), event_row(finding(), path="/x", id="2"))
    done = run("replay", "--policy", new, "--from", path, "-o", "json")
    told = json.loads(done.out)
    assert done.code == 0, done.err
    assert (told["requests"], told["blocked_before"], told["blocked_after"]) == (2, 2, 1)
    assert [(each["change"], each["where"]) for each in told["samples"]] == [
        ("no longer blocked", "one")
    ]
    assert told["doubts"] == {"hidden": 1, "models": 1}
    assert told["files"] == {path: "events"}
    assert "a second" in done.err
    assert "not known of 1 event (hidden)" in done.err


def test_baseline_takes_the_place_of_the_record(tmp_path: Path, new: str) -> None:
    """Both policies are tried on the same events."""
    (tmp_path / "old.yaml").write_text("threshold: 1.0\n")
    path = events(tmp_path, event_row(finding(), path="/x"))
    done = run("replay", "--policy", new, "--baseline", str(tmp_path / "old.yaml"),
               "--from", path)  # fmt: skip
    assert done.code == 0
    assert "newly blocked       1" in done.out
    assert "old.yaml, hash" in done.out


@pytest.mark.parametrize(
    ("limit", "code", "word", "is_certain"),
    [
        ("50%", 0, "not over 50 %", True), ("5%", 0, "not over 5 %", False),
        ("4.9%", 1, "is over 4.9 %", False), ("0.01", 1, "is over 1 %", True),
        ("0", 1, "is over 0 %", True),
    ],
)  # fmt: skip
def test_block_rate_has_a_limit(
    tmp_path: Path, new: str, limit: str, code: int, word: str, is_certain: bool
) -> None:
    """Exit 1 over it; when the interval holds it, that is said."""
    path = many(tmp_path, attacks=5, others=95)
    done = run("replay", "--policy", new, "--from", path, "--max-block-rate", limit)
    assert done.code == code
    assert word in done.err
    assert ("that is not certain" not in done.err) is is_certain


def test_har_and_log_are_scored(tmp_path: Path, new: str) -> None:
    """Against the defaults, where no baseline is given; several files at once."""
    har = {"log": {"entries": [{"request": {"method": "GET", "url": f"https://h{ATTACK}"}}]}}
    (tmp_path / "a.har").write_text(json.dumps(har))
    log = f'192.0.2.7 - - [x] "GET {ATTACK} HTTP/1.1" 200 1\nodd\n'
    (tmp_path / "a.log").write_text(log)
    done = run(
        "replay", "--policy", new, "--from", str(tmp_path / "a.har"), "--from",
        str(tmp_path / "a.log"), "--no-models", "-o", "json",
    )  # fmt: skip
    told = json.loads(done.out)
    assert done.code == 0, done.err
    assert (told["requests"], told["no_longer_blocked"]) == (2, 2)
    assert {each["where"] for each in told["samples"]} == {"a.har[0]", "a.log:1"}
    assert told["unread"][0]["first"] == ["a.log:2"]
    assert "1 part left out: is no line of a common or combined log (first: a.log:2)" in done.err
    assert "no bodies, cookies" in done.err


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("nosuch", None, "no such file"), ("empty", b"", "is empty"),
        ("text", b"just a text\n", "no request was read; 1 part left out"),
        ("a.har", b'{"log": {"entries": [', "no request was read; a.har: not read to its end"),
    ],
)  # fmt: skip
def test_unreadable_input_is_invalid(
    tmp_path: Path, new: str, name: str, data: bytes | None, why: str
) -> None:
    """Exit 4, and why."""
    if data is not None:
        (tmp_path / name).write_bytes(data)
    done = run("replay", "--policy", new, "--from", str(tmp_path / name), "--no-models")
    assert (done.code, done.out) == (4, "")
    assert why in done.err


def test_damaged_input_is_told_with_its_result(tmp_path: Path, new: str) -> None:
    """What was read counts, and the exit is 4 all the same."""
    request = {"request": {"method": "GET", "url": "https://h/"}}
    data = json.dumps({"log": {"entries": [request, request]}})[:-20]
    (tmp_path / "a.har").write_text(data)
    done = run("replay", "--policy", new, "--from", str(tmp_path / "a.har"), "--no-models")
    assert done.code == 4
    assert "requests            1" in done.out
    assert "a.har: not read to its end" in done.err


def test_missing_events_are_invalid_too(tmp_path: Path, new: str) -> None:
    """Exit 4 whatever kind the file would be."""
    path = str(tmp_path / "nosuch")
    done = run("replay", "--policy", new, "--from", path, "--format", "events")
    assert (done.code, "nosuch: no such file" in done.err) == (4, True)


def test_wrong_policy_is_invalid(tmp_path: Path) -> None:
    """Exit 4 with the line."""
    (tmp_path / "bad.yaml").write_text("mode: activ\n")
    done = run("replay", "--policy", str(tmp_path / "bad.yaml"), "--from", "x")
    assert done.code == 4
    assert "bad.yaml:1: mode: 'activ' must be shadow or active" in done.err


@pytest.mark.parametrize(
    "options",
    [
        ["--max-block-rate", "7"],
        ["--from", "-", "--from", "-"],
        ["--format", "pcap"],
        ["--from", "-", "--policy", "-"],
        ["--policy", "-", "--baseline", "-"],
    ],
)
def test_wrong_option_is_usage(tmp_path: Path, new: str, options: list[str]) -> None:
    """Exit 2."""
    path = events(tmp_path, event_row())
    assert run("replay", "--policy", new, "--from", path, *options).code == 2
