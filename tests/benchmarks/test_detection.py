"""The benchmark as a program: tables, JSON, examples and clear refusals."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.detection import main
from tests.benchmarks.test_corpora import payload, whole
from tests.ctl.bench.made_rows import write
from tests.ctl.bench.server import Server, blocking
from tests.inference.model_samples import write_model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    attack = payload("libinjection_data", payload="x' union select pin from staff-- ")
    missed = payload("libinjection_data", payload="a riddle")
    benign = payload("libinjection_data", "benign", payload="a quiet walk")
    write(tmp_path / "web/dev/libinjection_data.jsonl", [attack, missed, benign])
    write(tmp_path / "web/dev/benign_easypost.jsonl", [whole("benign_easypost")])
    flagged = payload("benign_commonmark", "benign", payload="<script>alert(1)</script>")
    write(tmp_path / "web/dev/benign_commonmark.jsonl.gz", [flagged])
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(arguments)
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_tables_say_what_was_reached(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A row per source, what caused the false positives, and the goals with met or missed."""
    status, out, _ = run(capsys, "--data", str(folder), "--no-models")
    assert status == 0
    lines = {line.split("  ")[0]: line for line in reversed(out.splitlines())}
    assert "50.00 [" in lines["libinjection_data"]
    assert "xss:script_tag 1" in lines["benign_commonmark"]
    assert lines["commonmark"].endswith("MISSED")
    assert lines["benign API traffic, pooled"].endswith("met")


def test_json_has_the_same_tables(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Shares with their intervals, and the area of each detector."""
    _, out, _ = run(capsys, "--data", str(folder), "--no-models", "-o", "json")
    data: dict[str, list[dict[str, Any]]] = json.loads(out)
    sources = {(row["source"], row["label"]): row for row in data["sources"]}
    caught = sources["libinjection_data", "attack"]
    assert (caught["rows"], caught["share"]) == (2, 0.5)
    assert caught["low"] < 0.5 < caught["high"]
    assert {row["goal"]: row["is_met"] for row in data["goals"]}["commonmark"] is False
    assert data["auc"][0]["detector"] == "sqli"
    assert data["balanced_accuracy"][0]["share"] == 0.75


def test_examples_go_to_the_terminal_only(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was missed and what was flagged, as many as were asked for, beside the tables."""
    arguments = ("--data", str(folder), "--no-models", "--show-missed", "1", "--show-flagged", "1")
    _, out, err = run(capsys, *arguments)
    assert "libinjection_data missed 0 [sqli] nothing\na riddle" in err
    assert "benign_commonmark flagged 1" in err
    assert "a riddle" not in out


def test_models_add_columns(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rules alone, the model alone, and both together; or those that are asked for."""
    model = write_model(tmp_path / "model")
    own = ("--data", str(folder), "--sqli-model", str(model), "--pi-model", "none", "-o", "json")
    for chosen, columns in (
        ((), ["rules", "model", "combined"]),
        (("--column", "combined", "--column", "rules"), ["rules", "combined"]),
    ):
        _, out, _ = run(capsys, *own, *chosen)
        found = [row["column"] for row in json.loads(out)["goals"]]
        assert found[: len(columns) + 1] == [*columns, columns[0]]


def test_url_adds_a_column(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The goals stand side by side, and what a refusal may mean is said below."""
    with Server(blocking(b"union")) as server:
        arguments = ("--data", str(folder), "--no-models", "--url", f"crs={server.url}")
        status, out, _ = run(capsys, *arguments)
    lines = {line.split("  ")[0]: " ".join(line.split()) for line in out.splitlines()}
    assert status == 0
    assert lines["must reach"] == "must reach rows goal rules % crs %"
    assert "MISSED 0.00 [0.00, 79.35] met" in lines["commonmark"]
    assert "crs answered: 200 × 10, 403 × 3" in lines
    assert "Of a URL, blocked is a status 403 or a connection reset." in out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--data", "nowhere"], "pass --data DIR"),
        (["--sqli-model", "no-such-model"], "no-such-model"),
        (["--no-models", "--column", "model"], "--column model needs models"),
        (["--no-models", "--url", "http://192.0.2.1:9"], "is not this machine"),
    ],
)
def test_what_is_missing_is_told_in_one_line(
    arguments: list[str], text: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder without corpora, a model that is not there, a URL elsewhere: exit 1."""
    status, out, err = run(capsys, "--data", str(folder), *arguments)
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert text in err


def test_data_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """Without the option the usage says what it is."""
    with pytest.raises(SystemExit):
        main([])
    assert "--data" in capsys.readouterr().err
