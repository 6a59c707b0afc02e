"""A model and the n-grams that stand beside it: two opinions, joined.

The n-grams come first, at a thirtieth of the cost: of a text that is plainly harmless to them the
model is not asked.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from inference.grams import Grams, load_grams
from inference.model_folder import as_number, json_object
from inference.model_text import Window, Windows
from inference.model_types import Classifier
from kysira.errors import ModelError

GRAMS = "ngrams.npz"
CALIBRATION = "ngrams.json"
_SURE = 1e-12
"""The nearest that a probability comes to 0 or 1 before its logit is taken."""
_MOST_SKIPPED = 20
"""The most that ``skip_below`` may be; over it (odds of 5e8 to 1) no model would ever be asked."""


@dataclass(frozen=True, slots=True)
class _Scale:
    """``(margin - shift) / temperature`` is a calibrated logit."""

    temperature: float
    shift: float

    def logit(self, margin: float) -> float:
        return (margin - self.shift) / self.temperature


class _Scales(NamedTuple):
    alone: _Scale
    together: _Scale
    skip_below: float
    """Calibrated logit of the n-grams under which the model is not asked."""


class WithGrams:
    """Scores windows with the mean of the model's and the n-grams' calibrated logits."""

    def __init__(self, model: Classifier, folder: Path) -> None:
        """Read the n-grams of a model's folder; raises ModelError naming the file."""
        self._model = model
        self._grams = _read_grams(folder / GRAMS)
        self._scales = _read_scales(folder / CALIBRATION)

    def windows(self, text: str) -> Windows:
        """Return the text as the model reads it."""
        return self._model.windows(text)

    def guess(self, text: str) -> float:
        """Return what the n-grams alone make of a text."""
        return self._grams.margin(text)

    def score(self, windows: Sequence[Window]) -> list[float]:
        """Return the probability in [0, 1] that each is an attack; raises ScoringError."""
        alone, _, skip_below = self._scales
        logits = [alone.logit(self._grams.margin(window.text)) for window in windows]
        asked = [w for w, logit in zip(windows, logits, strict=True) if logit >= skip_below]
        scores = iter(self._model.score(asked))
        return [
            self._joined(logit, _logit(next(scores)) if logit >= skip_below else logit)
            if window.ids
            else 0.0
            for window, logit in zip(windows, logits, strict=True)
        ]

    def _joined(self, one: float, other: float) -> float:
        logit = self._scales.together.logit((one + other) / 2)
        return 1 / (1 + math.exp(-max(-700.0, min(700.0, logit))))


def _logit(score: float) -> float:
    safe = min(max(score, _SURE), 1 - _SURE)
    return math.log(safe / (1 - safe))


def _read_grams(path: Path) -> Grams:
    try:
        return load_grams(path)
    except OSError as error:
        raise ModelError(f"model file {path}: {(error.strerror or str(error)).lower()}") from error
    except ValueError as error:
        raise ModelError(f"model file {path}: {error}") from error


def _read_scales(path: Path) -> _Scales:
    row = json_object(path)
    return _Scales(_scale(path, row, "alone"), _scale(path, row, "together"), _skip(path, row))


def _scale(path: Path, row: Mapping[str, Any], name: str) -> _Scale:
    found = row.get(name)
    own = found if isinstance(found, dict) else {}
    temperature, shift = as_number(own.get("temperature")), as_number(own.get("shift"))
    if not (0.001 <= temperature <= 1000 and math.isfinite(shift)):
        raise ModelError(
            f"model file {path}: {name} must have a temperature from 0.001 to 1000 and a shift"
        )
    return _Scale(temperature, shift)


def _skip(path: Path, row: Mapping[str, Any]) -> float:
    skip = as_number(row.get("skip_below", -math.inf))
    if not skip <= _MOST_SKIPPED:  # true of NaN
        raise ModelError(
            f"model file {path}: skip_below must be a number of at most {_MOST_SKIPPED}"
        )
    return skip
