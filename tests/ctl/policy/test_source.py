"""A policy is read from where it is."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from ctl.fleet.client import Reply
from ctl.fleet.target import Target
from ctl.policy.source import (
    Known,
    is_told,
    of_bytes,
    of_defaults,
    of_file,
    of_reply,
    read,
    why_silent,
)
from kysira.errors import PolicyError, StartError
from kysira.policy import Policy
from kysira.policy_text import policy_to_json
from kysira.types import Mode
from tests.ctl.replay.made import NOW

TEXT = """\
mode: active
detectors:
  sqli: {threshold: 0.9}
  xss: {enabled: false}
routes:
  - name: a
    match: {path: /a}
exclusions:
  - {name: late, location: "query:q", expires: 2026-01-01}
  - {name: soon, path: /café, location: "query:q", reason: "it's so"}
""".encode()
TARGET = Target("waf:9090", "http://127.0.0.1:9090")


def told(**changed: Any) -> Reply:
    """Return what a service says that has the policy."""
    policy = of_bytes(TEXT, "x", NOW).policy
    body = {"hash": policy.hash, "mode": "active", "policy": policy_to_json(policy), **changed}
    return Reply(TARGET, 200, json.loads(json.dumps(body)))


def test_file_is_read_with_its_lines(tmp_path: Path) -> None:
    """Each part is known with its line; what has expired does not hold."""
    path = tmp_path / "kysira.yaml"
    path.write_bytes(TEXT)
    known = of_file(path, NOW)
    assert known.mode is Mode.ACTIVE
    assert known.origin("mode") == f"{path}:1"
    assert known.origin("routes", 0) == f"{path}:6"
    assert known.origin("threshold") == "default"
    assert [each.name for each in known.policy.exclusions] == ["late", "soon"]
    assert [each.name for each in known.policy.options.exclusions] == ["soon"]


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """``-`` is what a pipe gives."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"mode: activ")))
    with pytest.raises(PolicyError, match="standard input:1: mode"):
        of_file(Path("-"), NOW)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"#" * (2 << 20))))
    with pytest.raises(PolicyError, match="is longer"):
        read(Path("-"))


def test_service_tells_the_very_policy() -> None:
    """What a service answers is the policy that it decides by: the hash says so."""
    known = of_reply(told(), NOW)
    assert known == Known("waf:9090", of_bytes(TEXT, "x", NOW).policy, Mode.ACTIVE)
    assert of_reply(told(mode="shadow"), NOW).mode is Mode.SHADOW
    assert known.origin("mode") == "waf:9090"


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(TARGET, error="connection refused"), "waf:9090: connection refused"),
        (Reply(TARGET, 200, []), "answered something that is no policy"),
        (told(policy={"new_key": 1}), "are the versions equal"),
        (told(mode="odd"), "are the versions equal"),
        (told(hash="000000000000"), "another hash"),
    ],
)
def test_answer_that_is_none_is_unreachable(reply: Reply, why: str) -> None:
    """A policy that is not understood is not taken for another."""
    with pytest.raises(StartError, match=why):
        of_reply(reply, NOW)


def test_silence_has_a_reason() -> None:
    """A reply without a policy says why."""
    assert is_told(told())
    assert why_silent(Reply(TARGET, 200, {})) == "waf:9090: answered something that is no policy"


def test_defaults_hold_without_a_file() -> None:
    """Nothing said is the default."""
    assert of_defaults().policy == Policy()
    assert of_defaults().origin("mode") == "default"
