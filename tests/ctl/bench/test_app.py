"""kysiractl bench detection, as a user runs it."""

import json
import socket
from pathlib import Path

import pytest

from tests.ctl.bench.made_rows import ATTACK, BENIGN, FLAGGED, MISSED, whole, write
from tests.ctl.bench.server import Server, blocking
from tests.ctl.command import Outcome, run
from tests.processes import kysiractl

ROWS = [ATTACK, MISSED, BENIGN, FLAGGED, whole("/a/../b?c=%zz"), whole("/a b")]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write(tmp_path / "made.jsonl", ROWS)


def bench(*arguments: str | Path) -> Outcome:
    return run("bench", "detection", *map(str, arguments))


def test_tables_are_alone_on_stdout(corpus: Path) -> None:
    """A whole program and a real server: rates of both, the misses, and what was not sent."""
    with Server(blocking(b"union")) as server:
        done = kysiractl("bench", "detection", str(corpus), "--no-models", "--url",
                         f"crs={server.url}")  # fmt: skip
        sent = [request.split(b"\r\n")[0] for request in server.received]
    assert done.returncode == 0, done.stderr
    assert done.stderr == "kysiractl: loading the engine …\n"
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "attacks caught, by source rows kysira % crs %" in lines
    assert any(line.startswith("sqli 2 50.00 [9.45, 90.55] 50.00") for line in lines)
    assert any(line.startswith("balanced accuracy all rows crs") for line in lines)
    assert any(line.startswith("AUC sqli kysira") for line in lines)
    assert lines[lines.index("--- made missed 0 [sqli] nothing") + 1] == "a riddle"
    not_sent = "crs not sent, in no rate: target is empty or holds a space or control character × 1"
    assert not_sent in lines
    assert len(sent) == 4 * 3 + 1
    assert b"GET /a/../b?c=%zz HTTP/1.1" in sent


def test_json_has_the_same(corpus: Path) -> None:
    """For programs: shares with intervals, examples, and all that was answered."""
    outcome = bench(corpus, "--no-models", "-o", "json", "--show-missed", "1")
    data = json.loads(outcome.out)
    assert outcome.code == 0
    (caught,) = (row for row in data["sources"] if row["label"] == "attack")
    assert (caught["column"], caught["rows"], caught["share"]) == ("kysira", 2, 0.5)
    assert caught["low"] < 0.5 < caught["high"]
    assert data["categories"][0]["source"] == "sqli"
    assert data["missed"][0]["text"] == "a riddle"
    assert data["flagged"][0]["found"].startswith("xss:script_tag")
    assert data["auc"][0]["detector"] == "sqli"


def test_folder_is_read_and_rows_are_chosen(tmp_path: Path) -> None:
    """By source, and by a sample."""
    write(tmp_path / "one.jsonl.gz", [BENIGN] * 9)
    write(tmp_path / "deep" / "two.jsonl", [BENIGN] * 9)
    arguments = (tmp_path, "--no-models", "-o", "json", "--source", "o*", "--sample", "4")
    assert [
        (row["source"], row["rows"]) for row in json.loads(bench(*arguments).out)["sources"]
    ] == [("one", 4)]


def test_url_can_be_asked_alone(corpus: Path) -> None:
    """Without the engine, whose column is then missing."""
    options = ("--no-engine", "--blocked-status", "200", "--host", "my.app", "-o", "json")
    with Server(blocking(b"union")) as server:
        outcome = bench(corpus, "--url", server.url, *options)
        name = f"127.0.0.1:{server.port}"
        assert all(b"\r\nhost: my.app\r\n" in request for request in server.received)
    data = json.loads(outcome.out)
    assert data["columns"] == [name]
    assert {row["label"]: row["share"] for row in data["sources"]} == {"attack": 0.5, "benign": 1}
    assert outcome.err == ""


def test_part_of_it_is_exit_3(corpus: Path) -> None:
    """A bound was reached: tables of what was done, and a line why."""
    outcome = bench(corpus, "--no-models", "--max-requests", "3")
    assert outcome.code == 3
    assert "kysiractl: ended early: --max-requests 3 is reached" in outcome.err
    assert "attacks caught" in outcome.out
    assert "benign requests" not in outcome.out


def test_nobody_there_is_exit_3(corpus: Path) -> None:
    """The URL is named, and nothing was measured."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    outcome = bench(corpus, "--url", f"crs={url}")
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err == f"kysiractl: {url} does not answer: connection refused\n"


def test_broken_row_is_exit_4(tmp_path: Path) -> None:
    """File, line and what to write."""
    path = write(tmp_path / "a.jsonl", [BENIGN, {"payload": "x"}])
    outcome = bench(path)
    assert (outcome.code, outcome.out) == (4, "")
    assert outcome.err == f'kysiractl: {path}:2: label is missing: write "attack" or "benign"\n'


def test_missing_model_is_invalid(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings are the services' own; the folder is named."""
    monkeypatch.setenv("KYSIRA_SQLI_MODEL", "/no-such-model")
    outcome = bench(corpus)
    assert (outcome.code, outcome.out) == (4, "")
    assert "/no-such-model" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--url", "ftp://a"], "--url must begin with http://"),
        (["--url", "http://a/b"], "--url host and port alone"),
        (["--url", "kysira=http://127.0.0.1:1"], "--url two columns are called 'kysira'"),
        (["--url", "http://192.0.2.1:9"], "--allow-remote"),
        (["--no-engine"], "--no-engine needs --url"),
        (["--threshold", "2"], "--threshold"),
        (["--blocked-status", "99"], "--blocked-status"),
        (["--concurrency", "0"], "--concurrency"),
        (["-o", "xml"], "--output"),
        (["no-such-file.jsonl"], "no-such-file.jsonl"),
    ],
)
def test_bad_option_is_usage(corpus: Path, arguments: list[str], words: str) -> None:
    """Exit 2, nothing on stdout, and on stderr the option and what to do."""
    outcome = bench(corpus, *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    text = " ".join(outcome.err.replace("│", " ").split())
    for word in words.split():
        assert word in text


def test_corpus_is_asked_for() -> None:
    """The group and the command say what they need."""
    assert "detection" in run("bench").out
    assert "CORPUS" in bench().err
