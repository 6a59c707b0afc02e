"""Checks that several detectors share."""

import pytest

from inference.checks import is_short
from inference.fields import Field
from kysira.types import Place


def field(value: bytes) -> Field:
    """Return a field with the value."""
    return Field(Place.FORM, "q", value)


@pytest.mark.parametrize(
    ("text", "is_few"),
    [
        (b"", True), (b"   ", True), (b"one", True), (b"one two three", True),
        (b"  one\ttwo\nthree  ", True), (b"one two three four", False),
        (b"one two three" + b" x" * 100_000, False), (b"\xff \xfe \xfd", True),
    ],
)  # fmt: skip
def test_is_short_counts_words(text: bytes, is_few: bool) -> None:
    """Up to the given number of words, whatever stands between them."""
    assert is_short(3)(field(text), text) is is_few


@pytest.mark.parametrize(
    ("breaks", "lines", "is_few"),
    [(0, 1, True), (1, 1, False), (5, 6, True), (6, 6, False), (1, 2, True), (2, 2, False)],
)
def test_is_short_counts_lines(breaks: int, lines: int, is_few: bool) -> None:
    """Up to the given number of lines."""
    text = b"\n" * breaks
    assert is_short(3, lines)(field(text), text) is is_few


def test_is_short_has_six_lines_by_default() -> None:
    """A short script is short, a log is not."""
    assert is_short(99)(field(b"a\nb\nc\nd\ne\nf"), b"a")
    assert not is_short(99)(field(b"a\nb\nc\nd\ne\nf\ng"), b"a")


def test_is_short_counts_lines_as_sent_and_words_as_read() -> None:
    """Decoding may take line breaks away and bring blanks: neither makes a log a command."""
    assert not is_short(9, 2)(field(b"a\n\n\nb"), b"a b")
    assert not is_short(2)(field(b"a%20b%20c"), b"a b c")
    assert is_short(3, 1)(field(b"a%0ab"), b"a\nb")
