"""kysiractl policy explain, as a user runs it."""

import json
from pathlib import Path
from typing import Any

import pytest

from ctl.policy.explain import read_header
from tests.ctl.command import run

ATTACK = "GET /cms?q=' UNION SELECT password FROM users--"
TEXT = """\
mode: active
routes:
  - {name: shop, match: {host: shop.example}, threshold: 0.5}
exclusions:
  - {name: q, path: /cms, location: "query:q"}
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Return the path of a policy file."""
    (tmp_path / "kysira.yaml").write_text(TEXT)
    return str(tmp_path / "kysira.yaml")


def told(*arguments: str, code: int = 0) -> dict[str, Any]:
    """Return what is said of a request."""
    done = run("policy", "explain", "--no-models", "-o", "json", *arguments)
    assert done.code == code, done.err
    row: dict[str, Any] = json.loads(done.out)
    return row


def test_request_is_explained(file: str) -> None:
    """Exit 1 over the threshold, 0 when not."""
    assert told("--policy", file, "--request", ATTACK)["excluded"] == ["q"]
    assert told("--policy", file, "--request", ATTACK.replace("/cms", "/x"), code=1)["action"] == (
        "active_kill"
    )
    flipped = told("--policy", file, "--request", ATTACK.replace("/cms", "/x"), "--mode", "shadow",
                   code=1)  # fmt: skip
    assert flipped["action"] == "shadow_kill"
    assert flipped["effective"][0]["from"] == "--mode"


def test_words_are_for_people(file: str) -> None:
    """Without -o it is a text."""
    done = run("policy", "explain", "--no-models", "--policy", file, "--request", ATTACK)
    assert done.code == 0
    assert done.out.startswith("passes    nothing was found that counts\n")
    assert "dropped by exclusion q" in done.out


@pytest.mark.parametrize("how", ["options", "file", "body-file"])
def test_request_is_read_however_it_is_given(file: str, tmp_path: Path, how: str) -> None:
    """In parts, or as it is sent."""
    body, raw = tmp_path / "body", tmp_path / "raw"
    text = "a=<script>alert(1)</script>"
    body.write_text(text)
    head = "Host: shop.example\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    raw.write_bytes(f"POST /x HTTP/1.1\r\n{head}\r\n{text}".encode())
    headers = [each for line in head.splitlines() for each in ("--header", line)]
    options = {
        "options": ["--request", "POST /x", *headers, "--body", text],
        "body-file": ["--request", "POST /x", *headers, "--body-file", str(body)],
        "file": ["--request-file", str(raw)],
    }[how]
    row = told("--policy", file, *options, code=1)
    assert (row["route"], row["findings"][0]["location"]) == ("shop", "form:a")


def test_defaults_hold_without_a_policy(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And that is said; the services' own variable names a file too."""
    monkeypatch.delenv("KYSIRA_POLICY", raising=False)
    done = run("policy", "explain", "--no-models", "--request", "GET /")
    assert "the defaults hold" in done.err
    monkeypatch.setenv("KYSIRA_POLICY", file)
    assert told("--request", ATTACK)["policy"]["from"] == file


@pytest.mark.parametrize(
    ("options", "code", "why"),
    [
        ([], 2, "give one"),
        (["--request", "GET /", "--request-file", "x"], 2, "give one"),
        (["--request", "just a text"], 2, "must begin like"),
        (["--request", "GET /", "--body", "a", "--body-file", "b"], 2, "--body-file has one"),
        (["--request", "POST /\nbody", "--body", "a"], 2, "has a body already"),
        (["--request", "GET /", "--header", "no header"], 2, "is no header"),
        (["--request", "GET /", "--policy", "x", "--target", "y"], 2, "--target says its own"),
        (["--request", "GET /", "--policy", "/nosuch.yaml"], 4, "no such file"),
        (["--request", "GET /", "--body-file", "/nosuch"], 4, "no such file"),
        (["--request", "GET /", "--target", "127.0.0.1:1"], 3, "connection refused"),
    ],
)
def test_what_is_wrong_is_told(options: list[str], code: int, why: str) -> None:
    """With the exit code of its kind."""
    done = run("policy", "explain", "--no-models", *options)
    assert done.code == code
    assert why.lower() in " ".join(done.err.replace("│", " ").lower().split())


def test_header_is_read() -> None:
    """Names in lower case, values as they are."""
    assert read_header("X-Name:  a: b ") == ("x-name", b"a: b")
    assert read_header("Empty:") == ("empty", b"")
