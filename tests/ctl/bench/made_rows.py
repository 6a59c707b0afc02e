"""Rows for the tests of the benchmark, as lines and as they are read."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ctl.bench.columns import Answer, Column, Outcome
from ctl.bench.replay import Reply
from ctl.bench.rows import Row
from kysira.types import Request

ATTACK = {"label": "attack", "category": "sqli", "payload": "x' union select pin from staff-- "}
MISSED = {"label": "attack", "category": "sqli", "payload": "a riddle"}
BENIGN = {"label": "benign", "payload": "a quiet walk"}
FLAGGED = {"label": "benign", "payload": "<script>alert(1)</script>"}


def write(path: Path, rows: Sequence[Any]) -> Path:
    """Write a corpus, compressed if its name says so, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(text) if path.name.endswith(".gz") else text)
    return path


def whole(target: str | None = "/", **more: Any) -> dict[str, Any]:
    """Return a benign line that is a whole request."""
    return {"label": "benign", "target": target, **more}


def row(text: str = "x", *, is_attack: bool = False, category: str = "", source: str = "s") -> Row:
    """Return a row with a bare payload."""
    return Row(source, is_attack, category, text)


def reply(shown: Row, *outcomes: Outcome, said: str = "") -> Reply:
    """Return what a column says of a row."""
    return Reply(shown, tuple(Answer(outcome, said) for outcome in outcomes))


def column(name: str, word: bytes, *, is_remote: bool = False) -> Column:
    """Return a column that blocks requests with a word in their target."""

    def ask(request: Request) -> Answer:
        is_found = word in request.target
        return Answer(Outcome.BLOCKED if is_found else Outcome.PASSED)

    return Column(name, ask, is_remote)
