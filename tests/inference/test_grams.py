"""The n-grams are hashed alike everywhere, and a regression survives its file."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.grams import BITS, Grams, columns, load_grams


def made(value: int = 1) -> Grams:
    return Grams(np.full(1 << BITS, value, np.int8), 0.5, -1.0)


def test_case_and_blanks_fold() -> None:
    """Capitals, line breaks and double blanks make no difference; words do."""
    assert columns("Ignore  the\nRULES").tolist() == columns("ignore the rules").tolist()
    assert columns("ignore the rules").tolist() != columns("ignore the ruler").tolist()


def test_columns_are_fixed() -> None:
    """Weights that were committed are read with the hashes they were fitted with."""
    assert columns("a").tolist() == [79155, 82776, 103578, 148722, 174277]


@settings(deadline=None)
@given(st.text(max_size=900))
def test_any_text_has_columns(text: str) -> None:
    """Every text gives columns within the table, each once, and a finite margin."""
    found = columns(text + "\ud800")
    assert len(set(found.tolist())) == len(found) > 0
    assert found.min() >= 0 and found.max() < 1 << BITS
    assert np.isfinite(made().margin(text))


def test_margin_adds_the_weights() -> None:
    """It is the bias and the weights of the n-grams there, by the root of their number."""
    count = len(columns("hello there"))
    assert made(2).margin("hello there") == pytest.approx(-1 + 0.5 * 2 * np.sqrt(count))


def test_file_keeps_everything(tmp_path: Path) -> None:
    """What is loaded scores as what was saved."""
    made(3).save(tmp_path / "grams.npz")
    assert load_grams(tmp_path / "grams.npz").margin("some text") == made(3).margin("some text")


@pytest.mark.parametrize(
    "parts",
    [
        {"weights": np.ones(3, np.int8), "scale": 1.0, "bias": 0.0},
        {"weights": np.ones(1 << BITS), "scale": 1.0, "bias": 0.0},
        {"weights": np.ones(1 << BITS, np.int8), "scale": np.nan, "bias": 0.0},
        {"weights": np.ones(1 << BITS, np.int8), "bias": 0.0},
    ],
)
def test_wrong_file_is_refused(tmp_path: Path, parts: dict[str, object]) -> None:
    """Weights of another size, of another kind, without a scale."""
    np.savez(tmp_path / "grams.npz", **parts)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"\w"):
        load_grams(tmp_path / "grams.npz")


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut"])
def test_broken_file_is_refused(tmp_path: Path, content: bytes) -> None:
    """Whatever is in it, the error is a ValueError."""
    (tmp_path / "grams.npz").write_bytes(content)
    with pytest.raises(ValueError, match="no n-gram weights"):
        load_grams(tmp_path / "grams.npz")
