"""The statistics: known intervals, and an area that counts pairs."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctl.bench.rates import auc, balanced_accuracy, wilson


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [(0, 100, 0.0, 0.0370), (100, 100, 0.9630, 1.0), (81, 263, 0.2553, 0.3662), (0, 0, 0, 1)],
)
def test_wilson_gives_published_intervals(hits: int, count: int, low: float, high: float) -> None:
    """Newcombe's example of 1998, and the ends."""
    assert wilson(hits, count) == pytest.approx((low, high), abs=1e-4)


@given(count=st.integers(1, 10_000))
def test_wilson_ends_are_whole(count: int) -> None:
    """Nothing and all are the ends themselves, not 1e-17: a limit of 0 is held."""
    assert wilson(0, count)[0] == 0
    assert wilson(count, count)[1] == 1


def test_balanced_accuracy_is_the_mean() -> None:
    """Of attacks caught and benign let through, inside of its interval."""
    middle, (low, high) = balanced_accuracy((90, 100), (10, 200))
    assert middle == pytest.approx((0.9 + 0.95) / 2)
    assert 0.88 < low < middle < high < 0.96


@given(st.lists(st.integers(0, 4), max_size=8), st.lists(st.integers(0, 4), max_size=8))
def test_auc_counts_pairs(attacks: list[int], benign: list[int]) -> None:
    """As often as an attack outscores a benign one, ties half; None where there is no pair."""
    pairs = list(product(attacks, benign))
    expected = sum((a > b) + (a == b) / 2 for a, b in pairs) / len(pairs) if pairs else None
    found = auc([float(a) for a in attacks], [float(b) for b in benign])
    assert found == (None if expected is None else pytest.approx(expected))
