"""The baseline beside every model: hashed n-grams and logistic regression, with scikit-learn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from inference.training.evaluate import Scores

_CHUNK = 20_000


@dataclass(frozen=True, slots=True)
class LinearOptions:
    """What a baseline counts."""

    analyzer: Literal["char", "char_wb", "word"] = "char"
    ngrams: tuple[int, int] = (1, 5)
    bits: int = 19
    """The features are hashed into two to the power of it columns."""
    characters: int = 512
    """Of a text, from its start."""
    alpha: float = 1e-6
    """Strength of the L2 penalty."""
    epochs: int = 4


class Linear:
    """A fitted baseline."""

    def __init__(self, extractors: Sequence[tuple[Any, int]], model: Any) -> None:
        """Take vectorizers, each with the number of characters it reads, and a classifier."""
        self._extractors = extractors
        self._model = model

    def margins(self, texts: Sequence[str]) -> Scores:
        """Return the logit of attack for each text."""
        parts = [
            self._model.decision_function(_features(self._extractors, texts[at : at + _CHUNK]))
            for at in range(0, len(texts), _CHUNK)
        ]
        return np.concatenate([np.zeros(0), *parts]).astype(np.float64)


def fit_linear(
    texts: Sequence[str],
    is_attack: Sequence[bool],
    *,
    weights: Sequence[float] | None = None,
    seed: int = 1,
    features: Sequence[LinearOptions] = (LinearOptions(),),
) -> Linear:
    """Return a logistic regression over all ``features`` side by side; texts fold case."""
    from sklearn.feature_extraction.text import HashingVectorizer  # noqa: PLC0415
    from sklearn.linear_model import SGDClassifier  # noqa: PLC0415

    extractors = [
        (
            HashingVectorizer(
                analyzer=each.analyzer, ngram_range=each.ngrams, n_features=1 << each.bits,
                binary=True, alternate_sign=False, norm="l2", dtype=np.float32,
                # One-letter words count: the default drops them.
                token_pattern=r"\w+|[^\w\s]",  # noqa: S106
            ),
            each.characters,
        )
        for each in features
    ]  # fmt: skip
    rng = np.random.default_rng(seed)
    first = features[0]
    model = SGDClassifier(loss="log_loss", alpha=first.alpha, random_state=seed, average=True)
    labels = np.array(is_attack, dtype=np.int64)
    given = np.ones(len(labels)) if weights is None else np.array(weights)
    # Featured once a chunk and epoch-shuffled within memory: all of it at once would need 10 GB.
    order = rng.permutation(len(labels))
    chunks = [order[at : at + _CHUNK] for at in range(0, len(order), _CHUNK)]
    matrices = [_features(extractors, [texts[row] for row in chunk]) for chunk in chunks]
    for _ in range(first.epochs):
        for number in rng.permutation(len(chunks)):
            rows = chunks[number]
            model.partial_fit(matrices[number], labels[rows], (0, 1), sample_weight=given[rows])
    return Linear(extractors, model)


def _features(extractors: Sequence[tuple[Any, int]], texts: Sequence[str]) -> Any:
    from scipy.sparse import hstack  # noqa: PLC0415

    parts = [each.transform([text[:length] for text in texts]) for each, length in extractors]
    return hstack(parts, format="csr") if len(parts) > 1 else parts[0]
