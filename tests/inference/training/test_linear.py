"""The baseline learns what n-grams tell, and repeats itself."""

import numpy as np
import pytest

from inference.training.evaluate import auc
from inference.training.linear import LinearOptions, fit_linear
from tests.needs import library

library("sklearn", "train")

ATTACKS = [f"{n}' or {n}={n}" for n in range(60)]
BENIGN = [f"order {n} is late" for n in range(60)]
LABELS = [True] * 60 + [False] * 60
SMALL = (
    LinearOptions(bits=12, alpha=1e-4),
    LinearOptions(analyzer="word", ngrams=(1, 2), bits=12),
)


@pytest.mark.parametrize("features", [SMALL[:1], SMALL])
def test_baseline_separates(features: tuple[LinearOptions, ...]) -> None:
    """Characters alone, or with words, rank unseen texts rightly."""
    model = fit_linear([*ATTACKS, *BENIGN], LABELS, features=features)
    found = model.margins(["77' OR 1=1", "order 77 was late", ""])
    assert found[0] > 0 > found[1]
    margins = model.margins([*ATTACKS, *BENIGN])
    assert auc(margins[:60], margins[60:]) == 1.0
    assert len(model.margins([])) == 0


def test_weight_of_nothing_is_not_learned() -> None:
    """Rows without a weight leave the others' model as it was."""
    texts = [*ATTACKS, *BENIGN, *["order 1 is late"] * 40]
    labels = [*LABELS, *[True] * 40]
    model = fit_linear(texts, labels, weights=[1.0] * 120 + [0.0] * 40, features=SMALL[:1])
    assert model.margins(["order 1 is late"])[0] < 0


def test_same_seed_fits_the_same() -> None:
    """A run can be repeated."""
    first, second = (
        fit_linear([*ATTACKS, *BENIGN], LABELS, seed=3, features=SMALL[:1]).margins(ATTACKS)
        for _ in range(2)
    )
    assert np.array_equal(first, second)
