"""Labels and their values."""

import pytest
from rich.text import Text

from ctl.fields import folded, say_field
from tests.terminal import on_terminal


def test_field_goes_on_below_its_beginning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a terminal; in a pipe it is one line."""
    say_field("policy  ", "one two three")
    on_terminal(monkeypatch, 16)
    say_field("policy  ", "one two three")
    assert capsys.readouterr().out == "policy  one two three\npolicy  one two\n        three\n"


def test_words_are_folded_by_what_they_take() -> None:
    """A wide character is two columns; a long word is whole on a line of its own."""
    assert folded(["漢字", "ab", "c"], 7, " ") == ["漢字 ab", "c"]
    assert folded(["a", "b" * 9, "c d e"], 4, " ") == ["a", "b" * 9, "c d", "e"]
    assert folded([], 4, " ") == [""]


def test_field_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    """What a client sent is a value of one."""
    say_field(Text("path  ", "bold"), Text("/\x1b[2J", "red"))
    assert capsys.readouterr().out == "path  /\\x1b[2J\n"
