"""The n-grams beside the model: a logistic regression over hashed bytes that needs only numpy.

A baseline to compare with, and small and fast enough to ship: 256 KiB, a tenth of a millisecond.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.training.evaluate import Scores

BITS = 18
SIZES = range(1, 7)
CHARACTERS = 640
"""Of a text, from its start: a window of the model is seldom longer."""
_PRIME = np.uint64(1099511628211)  # FNV's, http://www.isthe.com/chongo/tech/comp/fnv/
_MIX = np.uint64(0x9E3779B97F4A7C15)
_LEVELS = 127
_OUTLIERS = 8
"""The largest weight is so many times what 127 stands for: few are so large, and are cut."""


@dataclass(frozen=True, slots=True)
class Grams:
    """A fitted regression: a weight of 8 bits for each column."""

    weights: npt.NDArray[np.int8]
    scale: float
    bias: float

    def margin(self, text: str) -> float:
        """Return the logit of attack."""
        found = columns(text)
        if not len(found):
            return self.bias
        total = int(self.weights[found].sum(dtype=np.int64))
        return self.bias + self.scale * total / float(np.sqrt(len(found)))

    def margins(self, texts: Sequence[str]) -> Scores:
        """Return the logit of attack for each text."""
        return np.array([self.margin(text) for text in texts], dtype=np.float64)

    def save(self, path: Path) -> None:
        """Write the weights, scale and bias."""
        np.savez_compressed(path, weights=self.weights, scale=self.scale, bias=self.bias)


def load_grams(path: Path) -> Grams:
    """Return what ``save`` wrote."""
    with np.load(path, allow_pickle=False) as parts:
        return Grams(parts["weights"], float(parts["scale"]), float(parts["bias"]))


def columns(text: str) -> npt.NDArray[np.intp]:
    """Return the columns of a text's n-grams, each once: case and white space folded."""
    plain = f" {' '.join(text[:CHARACTERS].lower().split())} "
    data = np.frombuffer(plain.encode("utf-8", "replace"), np.uint8).astype(np.uint64)
    parts = []
    hashes = np.zeros(len(data), np.uint64)
    for size in SIZES:
        if size > len(data):
            break
        # A hash of n bytes is one of n - 1 and a byte more, for all places at once.
        hashes = hashes[: len(data) - size + 1] * _PRIME + data[size - 1 :] + np.uint64(size)
        parts.append((hashes * _MIX) >> np.uint64(64 - BITS))
    return np.unique(np.concatenate(parts)).astype(np.intp)


def fit_grams(
    texts: Sequence[str], is_attack: Sequence[bool], *, seed: int, epochs: int = 4
) -> Grams:
    """Return the regression fitted to the texts."""
    from sklearn.linear_model import SGDClassifier  # noqa: PLC0415

    features = _matrix(texts)
    labels = np.array(is_attack, dtype=np.int64)
    rng = np.random.default_rng(seed)
    model = SGDClassifier(loss="log_loss", alpha=1e-6, average=True, random_state=seed)
    for _ in range(epochs):
        order = rng.permutation(len(labels))
        model.partial_fit(features[order], labels[order], (0, 1))
    weights = model.coef_[0]
    scale = float(np.abs(weights).max()) / _LEVELS / _OUTLIERS or 1.0
    rounded = np.clip(np.round(weights / scale), -_LEVELS, _LEVELS).astype(np.int8)
    return Grams(rounded, scale, float(model.intercept_[0]))


def _matrix(texts: Sequence[str]) -> Any:
    """Return a row of length 1 for each text."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415

    rows = [columns(text) for text in texts]
    lengths = np.array([len(row) for row in rows])
    values = np.repeat((1.0 / np.sqrt(np.maximum(lengths, 1))).astype(np.float32), lengths)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    found = np.concatenate([np.zeros(0, np.intp), *rows])
    return csr_matrix((values, found, starts), shape=(len(rows), 1 << BITS))
