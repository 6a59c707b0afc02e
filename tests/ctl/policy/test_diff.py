"""kysiractl policy diff, as a user runs it."""

import json
from pathlib import Path

import pytest

from tests.ctl.command import run


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """Return the paths of two policies that differ in layout and in a threshold."""
    (tmp_path / "a.yaml").write_text("threshold: 0.9\nroutes: [{name: a, match: {path: /a}}]\n")
    (tmp_path / "b.yaml").write_text(
        "# b\nroutes:\n  - match:\n      path: /a/\n    name: a\nmode: shadow\nthreshold: 0.95\n"
    )
    return str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")


def test_files_are_compared_by_what_they_do(files: tuple[str, str]) -> None:
    """Exit 1 and a row for each difference; layout is none."""
    done = run("policy", "diff", *files)
    assert done.code == 1
    assert [line.split() for line in done.out.splitlines()] == [
        ["AT", "BEFORE", "AFTER"], ["threshold", "0.9", "0.95"],
    ]  # fmt: skip
    told = run("policy", "diff", *files, "-o", "json")
    assert told.code == 1
    row = json.loads(told.out)
    assert row["differ"]
    assert row["differences"] == [{"at": "threshold", "before": 0.9, "after": 0.95}]
    assert row["before"]["name"] == files[0]


def test_equal_files_are_exit_0(files: tuple[str, str], tmp_path: Path) -> None:
    """A reason is for people, and is told as such."""
    done = run("policy", "diff", files[0], files[0])
    assert (done.code, done.out) == (0, "")
    rows = [f"exclusions: [{{name: a, path: /a, reason: {text}}}]\n" for text in ("x", "y")]
    for name, row in zip("xy", rows, strict=True):
        (tmp_path / name).write_text(row)
    done = run("policy", "diff", str(tmp_path / "x"), str(tmp_path / "y"))
    assert (done.code, done.out) == (0, "")
    assert "exclusions.a.reason differs, which is for people alone" in done.err


@pytest.mark.parametrize(
    ("names", "code", "why"),
    [
        (["/nosuch.yaml", "/nosuch.yaml"], 4, "/nosuch.yaml: no such file"),
        (["-", "-"], 2, "standard input can be read once"),
        (["http://127.0.0.1:1", "http://127.0.0.1:1"], 3, "127.0.0.1:1: connection refused"),
        (["127.0.0.1:1", "127.0.0.1:1"], 3, "127.0.0.1:1: connection refused"),
    ],
)
def test_what_is_not_there_is_told(names: list[str], code: int, why: str) -> None:
    """A file that is not there is invalid, a service that does not answer unreachable."""
    done = run("policy", "diff", *names)
    assert done.code == code
    assert why in done.err


def test_whole_parts_are_told_in_words(files: tuple[str, str], tmp_path: Path) -> None:
    """No JSON for people; the name is in its place already."""
    (tmp_path / "c.yaml").write_text(
        "threshold: 0.9\nroutes: [{name: a, match: {path: /a}},"
        " {name: b, match: {path: /b, methods: [POST, PUT]}, inspect_body: false}]\n"
    )
    done = run("policy", "diff", files[0], str(tmp_path / "c.yaml"))
    assert done.code == 1
    assert "routes.b -        match.path=/b match.methods=POST,PUT inspect_body=false" in (
        done.out.replace("routes.b   ", "routes.b ")
    )
    assert "{" not in done.out
