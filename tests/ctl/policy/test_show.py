"""kysiractl policy show, as a user runs it."""

import json
from pathlib import Path

from ctl.policy.show import yaml_text
from kysira.policy_file import parse_policy
from kysira.policy_text import policy_to_json
from tests.ctl.command import run
from tests.ctl.replay.made import known

TEXT = """\
threshold: 0.9
exclusions:
  - {name: a, path: /a, location: "form:a[[]0]", reason: "it's: so #1"}
"""


def test_file_is_shown_whole(tmp_path: Path) -> None:
    """With what it leaves out, as a file that means the same."""
    path = tmp_path / "kysira.yaml"
    path.write_text(TEXT)
    done = run("policy", "show", str(path))
    assert done.code == 0
    assert "timeout_ms: 300" in done.out
    hash_ = known(TEXT).policy.hash
    assert done.err == f"kysiractl: hash {hash_}\n"
    assert known(done.out).policy.hash == hash_
    told = run("policy", "show", str(path), "-o", "json")
    assert json.loads(told.out) == policy_to_json(known(TEXT).policy)


def test_yaml_reads_back() -> None:
    """What needs quotes has them."""
    data = policy_to_json(known(TEXT).policy)
    assert parse_policy(yaml_text(data).encode(), "x") == parse_policy(
        json.dumps(data).encode(), "x"
    )


def test_silent_service_is_unreachable() -> None:
    """Exit 3, and why."""
    done = run("policy", "show", "--target", "127.0.0.1:1")
    assert (done.code, done.out) == (3, "")
    assert "127.0.0.1:1: connection refused" in done.err


def test_file_and_service_exclude_each_other(tmp_path: Path) -> None:
    """It is one or the other; a file is no table."""
    path = tmp_path / "kysira.yaml"
    path.write_text(TEXT)
    assert run("policy", "show", str(path), "--target", "x").code == 2
    assert run("policy", "show", str(path), "-o", "table").code == 2
