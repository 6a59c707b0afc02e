"""Fits the n-grams that stand beside the prompt-injection model, and are its baseline."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from inference.grams import BITS, Grams, columns
from inference.training.evaluate import Scores

_LEVELS = 127
_OUTLIERS = 8
"""The largest weight is so many times what 127 stands for: few are so large, and are cut."""


def margins(grams: Grams, texts: Sequence[str]) -> Scores:
    """Return the logit of attack for each text."""
    return np.array([grams.margin(text) for text in texts], dtype=np.float64)


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
