"""The default threshold means the same false alarms, by request, for every model."""

import numpy as np
import pytest

from inference.training.calibration import calibrate
from kysira.types import DEFAULT_THRESHOLD


@pytest.mark.parametrize("scale", [0.3, 1.0, 7.0])
def test_threshold_flags_at_most_the_rate(scale: float) -> None:
    """Whatever the scale of the logits, one benign request in a hundred is flagged."""
    rng = np.random.default_rng(1)
    margins = np.concatenate([rng.normal(-4, 2, 4000), rng.normal(4, 2, 1000)]) * scale
    is_attack = [False] * 4000 + [True] * 1000
    found = calibrate(margins, is_attack, range(5000), fpr=0.01)
    flagged = found.probabilities(margins) >= DEFAULT_THRESHOLD
    assert 0.005 <= flagged[:4000].mean() <= 0.01
    assert flagged[4000:].mean() > 0.9


def test_rate_is_of_requests_not_fields() -> None:
    """Ten fields a request make ten times as many chances to be flagged."""
    rng = np.random.default_rng(2)
    benign, attacks = rng.normal(-4, 2, 10_000), rng.normal(6, 1, 200)
    margins = np.concatenate([benign, attacks])
    requests = [*[n // 10 for n in range(10_000)], *range(20_000, 20_200)]
    is_attack = [False] * 10_000 + [True] * 200
    found = calibrate(margins, is_attack, requests, fpr=0.01)
    highest = benign.reshape(1000, 10).max(axis=1)
    assert (found.probabilities(highest) >= DEFAULT_THRESHOLD).sum() <= 10
    alone = calibrate(margins, is_attack, range(10_200), fpr=0.01)
    assert (alone.probabilities(highest) >= DEFAULT_THRESHOLD).sum() > 30


def test_order_is_kept() -> None:
    """Calibration moves scores, it never swaps two."""
    margins = np.linspace(-8, 8, 100)
    found = calibrate(margins, [n > 40 or n % 9 == 0 for n in range(100)], range(100), fpr=0.05)
    assert (np.diff(found.probabilities(margins)) > 0).all()
    assert found.temperature > 0


def test_extreme_logits_stay_probabilities() -> None:
    """No overflow, no NaN."""
    found = calibrate(np.array([-1e6, 1e6]), [False, True], [0, 1], fpr=0.0)
    assert np.isfinite(found.probabilities(np.array([-1e9, 1e9]))).all()
