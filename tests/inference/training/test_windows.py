"""Long texts are cut into windows that miss nothing."""

import numpy as np
import pytest

from inference.training.evaluate import Scores
from inference.training.windows import windowed, windows


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
