"""kysiractl score, with the engine in this process and with a real kysira-inference."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ctl.command import run
from tests.processes import Program, kysiractl

ATTACK = "GET /find?q=' UNION SELECT password FROM users--"


@pytest.fixture(scope="module")
def inference() -> Iterator[str]:
    """Return the URL of an inference service without models."""
    env = {
        "KYSIRA_INFERENCE_PORT": "0", "KYSIRA_SQLI_MODEL": "none", "KYSIRA_PI_MODEL": "none",
    }  # fmt: skip
    with Program([sys.executable, "-m", "inference"], env=env) as program:
        url = program.wait_for(r"listening on (\S+)")[1]
        program.wait_for("loaded|ready")
        yield url


def test_score_tells_over_from_under() -> None:
    """Exit 1 over the threshold, 0 under it."""
    outcome = run("score", ATTACK, "--no-models")
    assert (outcome.code, outcome.err) == (1, "")
    assert outcome.out.startswith("OVER")
    assert "query:q" in outcome.out
    assert run("score", "GET /find?q=shoes", "--no-models").code == 0
    assert run("score", ATTACK, "--no-models", "--threshold", "1").code == 0


def test_score_json_is_one_document() -> None:
    """With the exit code of the table."""
    outcome = run("score", ATTACK, "--no-models", "-o", "json")
    row = json.loads(outcome.out)
    assert (outcome.code, row["over_threshold"], row["detector"]) == (1, True, "sqli")


def test_score_of_a_file_reads_headers_and_body(tmp_path: Path) -> None:
    """As a service would: an attack in a form, found by the content type."""
    path = tmp_path / "request"
    path.write_bytes(
        b"POST /login HTTP/1.1\r\nHost: a\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        b"user=%2527%2520UNION%2520SELECT%2520pin%2520FROM%2520staff--"
    )
    outcome = run("score", "--request", str(path), "--no-models", "-o", "json")
    row = json.loads(outcome.out)
    assert outcome.code == 1
    assert row["findings"][0]["location"] == "form:user"
    assert "percent" in row["findings"][0]["steps"]


def test_score_reads_as_much_as_a_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body over KYSIRA_MAX_BODY_BYTES is cut there, and that is said."""
    monkeypatch.setenv("KYSIRA_MAX_BODY_BYTES", "100")
    text = f"POST /x\n{'a' * 200} UNION SELECT password FROM users--"
    outcome = run("score", text, "--no-models", "-o", "json")
    assert (outcome.code, json.loads(outcome.out)["uninspected"]) == (0, ["oversize"])


def test_score_at_a_service_is_the_same(inference: str) -> None:
    """POST /score/all gives the verdict of the engine here, for texts, requests and bytes."""
    for text in (ATTACK, "1' OR '1'='1", "GET /find?q=shoes", "POST /x\n\udcff<script>alert(1)"):
        here = run("score", text, "--no-models", "-o", "json")
        there = run("score", text, "--url", inference, "-o", "json")
        one, other = json.loads(here.out), json.loads(there.out)
        assert other.pop("engine") == inference
        one.pop("engine")
        assert (here.code, one) == (there.code, other)
    assert run("score", ATTACK, "--url", f"{inference}/score/all").code == 1


def test_score_of_nobody_is_unreachable() -> None:
    """One line, exit 3; and a wrong model is exit 4, never the 1 of an attack."""
    outcome = run("score", "x", "--url", "http://127.0.0.1:1")
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err == "kysiractl: http://127.0.0.1:1: connection refused\n"
    done = kysiractl("score", "x", env={"KYSIRA_SQLI_MODEL": "/none"})
    assert (done.returncode, done.stdout) == (4, "")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 2), (["x", "--request", "y"], 2), (["x", "--url", "ftp://a"], 2),
        (["x", "--no-models", "--url", "http://a"], 2), (["x", "--threshold", "2"], 2),
        (["--request", "/none"], 4), (["--request", "/"], 4),
    ],
)  # fmt: skip
def test_score_wrong_use(arguments: list[str], code: int) -> None:
    """Usage is 2, a request that can't be read 4: none is taken for an attack."""
    assert run("score", *arguments).code == code


def test_score_takes_standard_input() -> None:
    """A text of a pipe; nothing but the result is printed."""
    command = [sys.executable, "-m", "ctl", "score", "--no-models", "-"]
    done = subprocess.run(command, input=ATTACK, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (1, "")
