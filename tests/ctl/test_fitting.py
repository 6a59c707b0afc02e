"""Results in a terminal's width."""

import pytest
from rich.cells import cell_len
from rich.text import Text

from ctl.fitting import middle, say_fitting
from tests.terminal import on_terminal

COLUMNS = ("target", "service", "until", "policy", "detectors", "requests", "note")
ROW = ["127.0.0.1:9090", "kysira-ext-proc", "2026-11-26T01:00:00Z (in 29m 58s)", "aad64018f5df",
       "2 model, 12 regex", "561", "-"]  # fmt: skip


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> object:
    """Return what shows a row on a terminal of a width, as lines."""

    def show(width: int, row: list[str | Text]) -> list[str]:
        on_terminal(monkeypatch, width)
        say_fitting(COLUMNS, [row, row])
        return capsys.readouterr().out.splitlines()

    return show


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 150, 200])
def test_no_word_is_broken(width: int, shown) -> None:  # type: ignore[no-untyped-def]
    """Every word is there whole, and no line is wider than the terminal unless a word is."""
    lines = shown(width, ROW)
    words = [word for line in lines for word in line.split()]
    for cell in ROW[:-1]:
        assert all(words.count(word) >= 2 for word in cell.split())
    longest = max(map(len, words))
    assert all(cell_len(line) <= max(width, longest + 2) for line in lines)


def test_table_where_there_is_room(shown) -> None:  # type: ignore[no-untyped-def]
    """Else lines for each row: its name, then what there is of it."""
    wide, narrow = shown(200, ROW), shown(80, ROW)
    assert [line.split()[0] for line in wide] == ["TARGET", ROW[0], ROW[0]]
    assert narrow[: len(narrow) // 2] == [
        "127.0.0.1:9090",
        "  service: kysira-ext-proc   until: 2026-11-26T01:00:00Z (in 29m 58s)",
        "  policy: aad64018f5df   detectors: 2 model, 12 regex   requests: 561",
    ]


def test_long_text_is_wrapped_between_words(shown) -> None:  # type: ignore[no-untyped-def]
    """As the reason of an error is; what a client sent moves no cursor."""
    lines = shown(40, ["a\x1b[2J", *["-"] * 5, Text("word " * 30)])
    assert lines[0] == "a\\x1b[2J"
    assert lines[1].startswith("  note: word word")
    assert all(len(line) <= 40 for line in lines)
    assert " ".join(lines).split().count("word") == 60


def test_pipe_gets_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """However wide."""
    say_fitting(COLUMNS, [[*ROW[:-1], "x" * 500]])
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "width", "short"),
    [
        ("short", 5, "short"), ("GET /a/b/c/d", 7, "GET …/d"), ("abcdef", 4, "ab…f"),
        ("abcdef", 1, "…"), ("abcdef", 0, ""), ("abc", 2, "a…"), ("日本語日本語", 7, "日本…語"),
    ],
)  # fmt: skip
def test_middle_leaves_both_ends(text: str, width: int, short: str) -> None:
    """In as many cells as there are, for wide characters too."""
    assert middle(text, width) == short
    assert cell_len(short) <= width
