"""kysiractl events on files, as a shell sees it; tests/integration/ has it on services."""

import csv
import gzip
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ctl.command import run
from tests.ctl.events.made import at, lines, row


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Return a file with thirty events, every third of them killed."""
    events = [at(n) | {"action": "passed" if n % 3 else "active_kill"} for n in range(30)]
    path = tmp_path / "events.jsonl"
    path.write_bytes(lines(*events))
    return str(path)


def test_search_shows_the_newest(file: str) -> None:
    """Oldest first of those, and it says that there are more."""
    outcome = run("events", "search", "--from", file, "--limit", "2", "--action", "killed")
    assert outcome.code == 0
    assert [line.split()[-1] for line in outcome.out.splitlines()] == ["ID", "0024-0", "0027-0"]
    assert "the newest 2 that match are shown" in outcome.err
    outcome = run("events", "search", "--from", file, "--limit", "10", "--action", "killed")
    assert outcome.err == ""


def test_search_without_a_match_says_so(file: str) -> None:
    """On stderr; nothing to show is no failure."""
    outcome = run("events", "search", "--from", file, "--path", "/none")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == "kysiractl: no event matches\n"


def test_export_writes_all(file: str) -> None:
    """JSON lines unless asked otherwise; the same event of two files once."""
    outcome = run("events", "export", "--from", file, "--from", file)
    assert (outcome.code, outcome.err) == (0, "")
    assert [json.loads(line)["id"][:4] for line in outcome.out.splitlines()] == [
        f"{n:04}" for n in range(30)
    ]


def test_export_csv_reads_back(file: str) -> None:
    """A row for each."""
    outcome = run("events", "export", "--from", file, "-o", "csv", "--limit", "3")
    found = list(csv.DictReader(io.StringIO(outcome.out)))
    assert [(each["id"], each["score"]) for each in found] == [
        ("0000-0", "0.9999"), ("0001-0", "0.9999"), ("0002-0", "0.9999"),
    ]  # fmt: skip


def test_export_tells_what_was_no_event(tmp_path: Path) -> None:
    """Lines that are none are counted, and change no exit code; a damaged file does: 3."""
    path = tmp_path / "log"
    path.write_bytes(b"junk\n" + lines(at(1)) + b'{"torn')
    outcome = run("events", "export", "--from", str(path))
    assert (outcome.code, outcome.out.count("\n")) == (0, 1)
    assert "1 line left out: not an event" in outcome.err
    assert "1 line left out: torn off at a file's end" in outcome.err
    path.write_bytes(gzip.compress(lines(at(1), at(2)))[:-20])
    assert run("events", "export", "--from", str(path)).code == 3


def test_export_takes_standard_input(file: str) -> None:
    """As at the end of a pipe, also from a file that is named by the shell."""
    command = [sys.executable, "-m", "ctl", "events", "export", "--id", "0007-0", "--from"]
    with Path(file).open("rb") as stdin:
        done = subprocess.run([*command, "-"], stdin=stdin, capture_output=True, timeout=60)
    assert json.loads(done.stdout) == at(7) | {"action": "passed"}
    script = f'"$@" <(cat {file})'
    done = subprocess.run(["bash", "-c", script, "bash", *command], capture_output=True, timeout=60)
    assert json.loads(done.stdout)["id"] == "0007-0"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--from", "x", "--target", "a:1"], "leave out the services"),
        (["--detector", "sqly"], "is it sqli?"),
        (["--since", "soon"], "is no time"),
        (["-o", "xml"], "xml"),
        (["--limit", "-1"], "must be at least 0"),
    ],
)
def test_wrong_use_is_exit_2(arguments: list[str], says: str) -> None:
    """And says what to do."""
    for command in ("search", "export"):
        outcome = run("events", command, *arguments)
        assert (outcome.code, outcome.out) == (2, "")
        assert says in outcome.err


def test_missing_file_is_exit_4() -> None:
    """As every file that can't be read."""
    outcome = run("events", "search", "--from", "none.jsonl")
    assert (outcome.code, outcome.out) == (4, "")
    assert "--from none.jsonl: no such file" in outcome.err


def test_closed_pipe_is_quiet_and_told(tmp_path: Path) -> None:
    """``head`` ends an export of any size at once: no error text, and the code of SIGPIPE."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(lines(*(row(id=str(n)) for n in range(5000))))
    script = '"$@" | head -n 1; echo "${PIPESTATUS[0]}"'
    command = [sys.executable, "-m", "ctl", "events", "export", "--from", str(path)]
    for form in ("json", "csv", "table"):
        done = subprocess.run(
            ["bash", "-c", script, "bash", *command, "-o", form],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.stderr == ""
        assert done.stdout.splitlines()[-1] == "141"
