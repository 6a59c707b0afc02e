"""kysiractl exclude, as a user runs it."""

import json
import shlex
from pathlib import Path

import pytest

from kysira.policy_file import read_policy
from tests.ctl.command import run
from tests.ctl.events.made import lines
from tests.ctl.replay.made import event_row, finding

TEXT = "# ours\nmode: active  # since May\n"


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, Path]:
    """Return the paths of events and of a policy."""
    two = event_row(finding(), finding("xss", "query:r"), id="two")
    (tmp_path / "x.jsonl").write_bytes(lines(event_row(finding(), id="one"), two))
    (tmp_path / "kysira.yaml").write_text(TEXT)
    return str(tmp_path / "x.jsonl"), tmp_path / "kysira.yaml"


def test_exclusion_is_printed(files: tuple[str, Path]) -> None:
    """Without --write nothing is written."""
    done = run("exclude", "--event", "one", "--from", files[0], "--policy", str(files[1]),
               "--reason", "a search")  # fmt: skip
    assert done.code == 0, done.err
    assert done.out.startswith("- name: search-query-q-sqli\n  path: /search\n")
    assert "reason: a search (event one)" in done.out
    assert "expires: '" in done.out
    assert files[1].read_text() == TEXT


def test_exclusion_is_written_once(files: tuple[str, Path]) -> None:
    """The file keeps what it has; asked again there is nothing to do."""
    arguments = ["exclude", "--event", "one", "--from", files[0], "--policy", str(files[1]),
                 "--write", "--expires", "never"]  # fmt: skip
    done = run(*arguments)
    assert done.code == 0, done.err
    text = files[1].read_text()
    assert text.startswith(TEXT)
    (rule,) = read_policy(files[1]).exclusions
    assert (rule.path, rule.location, rule.detector, rule.expires) == (
        "/search", "query:q", "sqli", None,
    )  # fmt: skip
    again = run(*arguments)
    assert again.code == 0
    assert "nothing to exclude: exclusion search-query-q-sqli lets the event pass" in again.err
    assert files[1].read_text() == text


def test_request_that_stays_blocked_is_exit_1(files: tuple[str, Path]) -> None:
    """Nothing is written that would not be enough."""
    arguments = ["exclude", "--event", "two", "--from", files[0], "--policy", str(files[1]),
                 "--write"]  # fmt: skip
    done = run(*arguments)
    assert done.code == 1
    assert "still be blocked: xss 0.9999 in query:r; --all-findings" in done.err
    assert files[1].read_text() == TEXT
    done = run(*arguments, "--all-findings", "-o", "json")
    told = json.loads(done.out)
    assert (done.code, told["written"], told["let_through"]["others_let_through"]) == (0, True, 1)
    assert len(read_policy(files[1]).exclusions) == 2


def test_other_reasons_are_not_let_through_unseen(tmp_path: Path) -> None:
    """Exit 1 and the file as it is, until it is said that they are harmless too."""
    odd = event_row(finding(reason="sqli:time_delay", matched="'; WAITFOR"), id="odd")
    (tmp_path / "x y.jsonl").write_bytes(lines(event_row(finding(), id="one"), odd))
    path = tmp_path / "kysira.yaml"
    path.write_text(TEXT)
    arguments = ["exclude", "--event", "one", "--from", str(tmp_path / "x y.jsonl"), "--policy",
                 str(path)]  # fmt: skip
    done = run(*arguments)
    assert (done.code, "can't be narrower by reason" in done.err) == (0, True)
    done = run(*arguments, "--write")
    assert (done.code, path.read_text()) == (1, TEXT)
    assert "it would let pass 1 × sqli:time_delay" in done.err
    assert "say --accept-other-reasons" in done.err
    told = json.loads(run(*arguments, "--write", "-o", "json").out)
    assert (told["written"], told["refused_for_other_reasons"]) == (False, True)
    search = shlex.split(told["search"][0])
    assert [json.loads(row)["id"] for row in run(*search[1:], "-o", "json").out.splitlines()] == [
        "one", "odd",
    ]  # fmt: skip
    done = run(*arguments, "--write", "--accept-other-reasons")
    assert done.code == 0, done.err
    assert len(read_policy(path).exclusions) == 1


def test_defaults_hold_without_a_policy(files: tuple[str, Path]) -> None:
    """And that is said."""
    done = run("exclude", "--event", "one", "--from", files[0])
    assert done.code == 0
    assert "thresholds and exclusions are taken to be the defaults" in done.err


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--write"], 2, "needs --policy"),
        (["--policy", "-"], 2, "can't be read twice"),
        (["--from", "-"], 2, "can't be read twice"),
        (["--expires", "2020-01-01"], 2, "has passed"),
        (["--path", "no-slash"], 2, "must begin with a slash"),
        (["--location", "a", "--all-findings"], 2, "each finding has its own"),
        (["--policy", "/nosuch.yaml"], 4, "no such file"),
        (["--target", "127.0.0.1:1"], 3, "connection refused"),
        (["--from", "/nosuch.jsonl"], 4, "/nosuch.jsonl: no such file"),
        (["--event", "three"], 4, "no event three is recorded"),
        (["--from", "/dev/null"], 2, "can't be read twice: save it in a file"),
    ],
)
def test_what_is_wrong_is_told(
    files: tuple[str, Path], options: list[str], code: int, words: str
) -> None:
    """With the exit code of its kind."""
    done = run("exclude", "--event", "one", "--from", files[0], *options)
    assert done.code == code
    assert words in " ".join(done.err.replace("│", " ").split())
