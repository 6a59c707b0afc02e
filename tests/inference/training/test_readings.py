"""A model is shown decoded values, all of them, in windows."""

import base64

import numpy as np
import pytest

from inference.training.evaluate import Scores
from inference.training.readings import readings, windowed, windows


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"plain", ["plain"]),
        (b"1%2527%2520or", ["1' or"]),
        (b"1&#39;%20or", ["1' or"]),
        (b"a/**/or  b", ["a/**/or  b"]),
        ("1’ or".encode(), ["1' or"]),
    ],
)
def test_value_is_decoded_and_not_rewritten(value: bytes, expected: list[str]) -> None:
    """Encodings are undone to their fixed point; comments and blanks stay."""
    assert readings(value) == expected


def test_base64_is_a_text_of_its_own() -> None:
    """What it holds is shown, and what it stands in too."""
    inner = b"1%27 union select password from users"
    assert readings(base64.b64encode(inner))[1:] == ["1' union select password from users"]


@pytest.mark.parametrize("length", [0, 1, 256, 257, 448, 1000])
def test_windows_cover_every_character(length: int) -> None:
    """Whatever the length, each character is in a window that is not too long."""
    text = "".join(chr(0x4E00 + number) for number in range(length))
    parts = windows(text)
    assert set("".join(parts)) == set(text)
    assert all(len(part) <= 256 for part in parts)
    assert parts[0] == text[:256]
    assert parts[-1] == text[-256:]


def test_long_text_counts_as_its_worst_window() -> None:
    """An attack at the end of a long value isn't diluted."""

    def margins(texts: list[str]) -> Scores:
        return np.array([float(text.count("!")) for text in texts])

    found = windowed(margins)(["a" * 1000 + "!", "!!", ""])  # type: ignore[arg-type]
    assert found.tolist() == [1.0, 2.0, 0.0]
