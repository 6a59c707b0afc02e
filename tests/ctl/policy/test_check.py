"""kysiractl policy check, as a user runs it."""

import json
from pathlib import Path

import pytest

from ctl.policy.check import summary
from kysira.policy_file import read_policy
from tests.ctl.command import run
from tests.ctl.replay.made import NOW, known

GOOD = "mode: active\nroutes:\n  - {name: a, match: {path: /a}}\n"
ODD = """\
exclusions:
  - {name: wide, detector: xss}
  - {name: old, location: 'query:q', expires: 2020-01-01}
"""
BAD = "mode: activ\nrouts: []\nthreshold: 7\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the path of a policy file."""
    return tmp_path / "kysira.yaml"


def test_good_file_is_ok(file: Path) -> None:
    """Its hash, as services tell it, and what it holds, in a line."""
    file.write_text(GOOD)
    done = run("policy", "check", str(file))
    assert (done.code, done.err) == (0, "")
    hash_ = known(GOOD).policy.hash
    assert done.out == (
        f"{file}: ok, hash {hash_}, active, threshold 0.95, 1 route, no exclusions\n"
    )
    assert read_policy(file).routes


def test_every_problem_has_its_line(file: Path) -> None:
    """All at once, and exit 4."""
    file.write_text(BAD)
    done = run("policy", "check", str(file))
    assert (done.code, done.out) == (4, "")
    lines = done.err.removeprefix("kysiractl: ").splitlines()
    assert [line.partition(": ")[0] for line in lines] == [f"{file}:{n}" for n in (1, 2, 3)]
    told = run("policy", "check", str(file), "-o", "json")
    assert told.code == 4
    assert json.loads(told.out) == {"valid": False, "problems": lines, "warnings": []}


def test_warnings_are_on_stderr(file: Path) -> None:
    """They are no reason to refuse it, but with --strict."""
    file.write_text(ODD)
    done = run("policy", "check", str(file))
    assert done.code == 0
    assert done.out.endswith("2 exclusions (1 expired)\n")
    assert f"warning: {file}:2: exclusions[0]: wide is broad" in done.err
    assert f"warning: {file}:3: exclusions[1]: old expired" in done.err
    assert run("policy", "check", "--strict", str(file)).code == 1
    told = json.loads(run("policy", "check", str(file), "-o", "json").out)
    assert told["valid"]
    assert [(each["line"], each["at"]) for each in told["warnings"]] == [
        (2, "exclusions[0]"), (3, "exclusions[1]"),
    ]  # fmt: skip
    file.write_text(GOOD)
    assert run("policy", "check", "--strict", str(file)).code == 0


def test_missing_file_is_invalid() -> None:
    """Exit 4, and its name."""
    done = run("policy", "check", "/nosuch/kysira.yaml")
    assert done.code == 4
    assert "no such file" in done.err


def test_summary_counts_what_expired() -> None:
    """A person sees that some have no effect."""
    assert summary(known(ODD), NOW).endswith("no routes, 2 exclusions (1 expired)")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{sqli: {threshold: 0.9}}", ", 1 detector with a threshold of its own, no routes"),
        ("{sqli: {threshold: 0.9}, xss: {threshold: 0.8}, ssti: {enabled: false}}",
         ", 2 detectors with thresholds of their own, 1 detector switched off, no routes"),
    ],
)  # fmt: skip
def test_detectors_that_are_not_as_the_others_are_counted(text: str, words: str) -> None:
    """By what is so of them."""
    assert words in summary(known(f"detectors: {text}"), NOW)
