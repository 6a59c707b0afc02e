"""What people see, in a pipe and elsewhere."""

import pytest

from ctl.console import say_json, say_table


def test_table_in_pipe_is_not_folded(capsys: pytest.CaptureFixture[str]) -> None:
    """Another program gets one line a row, however long, and no colours."""
    say_table(["name", "what"], [["a", "x" * 500], ["b", "y"]])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].split() == ["NAME", "WHAT"]
    assert "x" * 500 in lines[1]


def test_table_shows_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    """What a client sent can't move the cursor of whoever reads about it."""
    say_table(["path"], [["/\x1b[2J\n\u202e"]])
    assert "\x1b" not in capsys.readouterr().out


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    """Results for programs keep every character."""
    say_json({"a": "ü"})
    assert capsys.readouterr().out == '{\n  "a": "ü"\n}\n'
