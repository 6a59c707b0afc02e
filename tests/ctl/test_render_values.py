"""Options from files and from --set, for every render command."""

from pathlib import Path

import pytest

from tests.ctl.command import Outcome, run

VALUES = """\
# a firewall that fails closed
on_failure: closed
message_timeout: 700ms
status_on_error: 502
access_log: true
ext_proc: [a:1, 'b:2']
target:
"""


def render(path: Path, *arguments: str) -> Outcome:
    """Return what ``render envoy`` makes of a file."""
    return run("render", "envoy", "-f", str(path), *arguments)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file of options."""
    found = tmp_path / "values.yaml"
    found.write_text(VALUES)
    return found


def test_file_equals_options(path: Path) -> None:
    """The same bytes as from the same options; a key without a value is not given."""
    given = [
        "--on-failure", "closed", "--message-timeout", "700ms", "--status-on-error", "502",
        "--access-log", "--ext-proc", "a:1", "--ext-proc", "b:2",
    ]  # fmt: skip
    outcome = render(path)
    assert (outcome.code, outcome.out) == (0, run("render", "envoy", *given).out)


def test_option_beats_set_beats_file(path: Path, tmp_path: Path) -> None:
    """Option > --set > the last file > an earlier one, in whatever order they are written."""
    later = tmp_path / "later.yaml"
    later.write_text("status_on_error: 500\n")
    for arguments, status in (
        ([], 502),
        (["-f", str(later)], 500),
        (["--set", "status_on_error=429", "-f", str(later)], 429),
        (["--status-on-error", "403", "--set", "status_on_error=429"], 403),
    ):
        assert f"status_on_error: {{code: {status}}}" in render(path, *arguments).out


def test_set_takes_lists_and_flags() -> None:
    """Commas part the items of a list; a flag is true or false."""
    sets = ["--set", "ext_proc=a:1,b:2", "--set", "access_log=true"]
    given = ["--ext-proc", "a:1", "--ext-proc", "b:2", "--access-log"]
    assert run("render", "envoy", *sets).out == run("render", "envoy", *given).out


def test_file_may_hold_options_of_other_targets(tmp_path: Path) -> None:
    """One file serves several targets: what this one lacks is left aside."""
    path = tmp_path / "values.yaml"
    path.write_text("via: mirror\nadapter: a:1\nport: 81\n")
    assert "port_value: 81" in render(path).out
    nginx = run("render", "nginx", "-f", str(path))
    assert "listen 0.0.0.0:81" in nginx.out
    assert "server a:1" in nginx.out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("port: 1\nmessage-timeout: 1s\n", ":2: message-timeout: no such option; did you mean"),
        ("on_failrue: open\n", ":1: on_failrue: no such option; did you mean on_failure?"),
        ("values: x\n", ":1: values: no such option"),
        ("port: 1\nport: 2\n", ":2: port: given twice"),
        ("port: [1, 2]\n", ":1: port: holds more than one value"),
        ("ext_proc: [[a]]\n", ":1: ext_proc: nested too deep"),
        ("? [port]\n: 1\n", ":1: a list or mapping as a key"),
        ("- port\n", ": not a mapping"),
        ("a: [\n", ": not YAML"),
    ],
)
def test_bad_file_is_invalid(tmp_path: Path, text: str, words: str) -> None:
    """Exit 4 and one line: the file, the line, the key, what is wrong."""
    path = tmp_path / "values.yaml"
    path.write_text(text)
    outcome = render(path)
    assert (outcome.code, outcome.out) == (4, "")
    assert outcome.err.startswith(f"kysiractl: {path}{words}")
    assert outcome.err.count("\n") == 1


def test_missing_file_is_invalid(tmp_path: Path) -> None:
    """Exit 4, naming it."""
    outcome = render(tmp_path / "none.yaml")
    assert (outcome.code, outcome.out) == (4, "")
    assert "none.yaml: no such file" in outcome.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("port", "is not key=value"),
        ("prot=1", "did you mean port?"),
        ("via=njs", "no option 'via' here"),
        ("port=x", "--port"),
        ("on_failure=maybe", "--on-failure"),
    ],
)
def test_bad_set_is_usage(text: str, words: str) -> None:
    """Exit 2; a value of the wrong kind names the option that it is for."""
    outcome = run("render", "envoy", "--set", text)
    assert (outcome.code, outcome.out) == (2, "")
    assert words in " ".join(outcome.err.replace("│", " ").split())


def test_empty_file_gives_nothing(tmp_path: Path) -> None:
    """A file of comments is a file without options."""
    path = tmp_path / "values.yaml"
    path.write_text("# nothing yet\n")
    assert render(path).out == run("render", "envoy").out
