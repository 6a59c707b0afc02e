"""What people see, in a pipe and elsewhere."""

import json

import pytest
from rich.text import Text

from ctl.console import (
    can_redraw,
    json_text,
    note,
    printable,
    say,
    say_json,
    say_table,
    stderr,
    stdout,
    waiting,
)
from tests.terminal import on_terminal


def test_table_in_pipe_is_not_folded(capsys: pytest.CaptureFixture[str]) -> None:
    """Another program gets one line a row, however long, and no colours."""
    say_table(["name", "what"], [["a", "x" * 500], ["b", "y"]])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].split() == ["NAME", "WHAT"]
    assert "x" * 500 in lines[1]


def test_table_in_pipe_has_no_trailing_blanks(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither where the last column is wide nor where it is empty; blanks between stay."""
    say_table(["name", "what"], [["a", "long one"], ["b", ""], ["", Text("d", "red")], ["", ""]])
    assert capsys.readouterr().out == "NAME   WHAT\na      long one\nb\n       d\n\n"


@pytest.mark.parametrize(("columns", "is_folded"), [(200, False), (80, True), (40, False)])
def test_table_on_a_terminal_stays_legible(
    columns: int,
    is_folded: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Cells are folded while they are readable; on a narrower one a row stays a line."""
    on_terminal(monkeypatch, columns)
    say_table([f"column-{n}" for n in range(10)], [["word"] * 10])
    lines = capsys.readouterr().out.splitlines()
    assert (len(lines) > 2) is is_folded
    assert is_folded or [line.split() for line in lines[1:]] == [["word"] * 10]


def test_table_shows_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    """What a client sent can't move the cursor of whoever reads about it."""
    say_table(["path"], [["/\x1b[2J\n\u202e"]])
    assert "\x1b" not in capsys.readouterr().out


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    """Results for programs keep every character."""
    say_json({"a": "ü"})
    assert capsys.readouterr().out == '{\n  "a": "ü"\n}\n'


def test_json_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    """What a terminal would obey is escaped, and reads back as it was."""
    value = {"a": "\x7f\u009b31m\u202e\ud800🙂\n"}
    say_json(value)
    text = capsys.readouterr().out
    assert text.replace("\n", "").isprintable()
    assert json.loads(text) == value
    assert json.loads(json_text(value)) == value
    assert json_text({"a": 1, "b": ["ü"]}) == '{"a":1,"b":["ü"]}'


def test_notes_move_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    """What a service says is quoted in them; an end of line stays one."""
    note("a\x1b[2J\nb\r")
    say("c\x1b]0;title\x07")
    out, err = capsys.readouterr()
    assert err == "kysiractl: a\\x1b[2J\nb\\r\n"
    assert out == "c\\x1b]0;title\\x07\n"


def test_no_color_is_no_bold_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR means plain text, also on a terminal."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert stdout().color_system is not None
    monkeypatch.setenv("NO_COLOR", "1")
    assert stdout().color_system is None


@pytest.mark.parametrize(
    ("variables", "is_live"),
    [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False),
     ({"TERM": "dumb"}, False)],
)  # fmt: skip
def test_line_is_drawn_again_where_that_can_be(
    variables: dict[str, str],
    is_live: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """On a plain terminal what takes a second is told in a line, without escape codes."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert can_redraw(stderr()) is is_live
    with waiting("loading …"):
        pass
    told = capsys.readouterr().err
    assert ("\x1b" in told) is is_live
    assert is_live or told == "kysiractl: loading …\n"


def test_waiting_says_nothing_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """Notes there are about results alone."""
    with waiting("loading …"):
        pass
    assert capsys.readouterr().err == ""


def test_printable_moves_no_cursor() -> None:
    """What a service says can't write over what is shown."""
    assert printable("a\x1b[2Jb\n") == "a\\x1b[2Jb\\n"
