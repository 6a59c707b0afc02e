"""Figures are what their names say."""

import numpy as np
import pytest

from inference.training.evaluate import (
    Rate,
    auc,
    by_request,
    by_source,
    gain,
    rate_at,
    recall_at_fpr,
    table,
    threshold_for,
)


def test_interval_is_wilsons() -> None:
    """The interval of 8 of 10 is the published one; of nothing it is everything."""
    low, high = Rate(8, 10).interval
    assert low == pytest.approx(0.4902, abs=1e-4)
    assert high == pytest.approx(0.9433, abs=1e-4)
    assert Rate(0, 0).interval == (0.0, 1.0)
    assert Rate(0, 100).interval[0] == 0.0
    assert Rate(100, 100).interval[1] == 1.0


def test_rate_reads_as_percent() -> None:
    """Small rates get more digits, so that 0.03 % is not 0.0 %."""
    assert str(Rate(976, 1000)).startswith("97.6 % [")
    assert str(Rate(3, 10_000)).startswith("0.030 % [")


@pytest.mark.parametrize("fpr", [0.0, 0.01, 0.1, 0.5, 1.0])
def test_threshold_keeps_its_promise(fpr: float) -> None:
    """No more benign scores than allowed reach it, equal scores included."""
    benign = np.array([0.1] * 50 + [0.5] * 30 + [0.9] * 20)
    threshold = threshold_for(benign, fpr)
    assert (benign >= threshold).mean() <= fpr


def test_recall_is_taken_at_the_rate() -> None:
    """At 10 % false alarms the one benign outlier does not count."""
    benign = np.array([0.95, *np.linspace(0, 0.5, 9)])
    attacks = np.array([0.4, 0.6, 0.7, 0.99])
    point = recall_at_fpr(attacks, benign, 0.1)
    assert point.recall == Rate(3, 4)
    assert point.false_alarms == Rate(1, 10)
    assert rate_at(attacks, 0.6) == Rate(3, 4)


def test_auc_counts_ties_half() -> None:
    """It equals the count over all pairs."""
    rng = np.random.default_rng(1)
    attacks, benign = rng.integers(2, 9, 60) / 10, rng.integers(0, 7, 80) / 10
    pairs = attacks[:, None] - benign[None, :]
    expected = ((pairs > 0) + 0.5 * (pairs == 0)).mean()
    assert auc(attacks, benign) == pytest.approx(expected)
    assert auc(np.array([]), benign) == 0.5


def test_request_scores_as_its_worst_field() -> None:
    """One score a request, in order of first appearance."""
    found = by_request(np.array([0.1, 0.7, 0.3, -5.0]), ["b", "a", "b", "c"])
    assert found.tolist() == [0.3, 0.7, -5.0]


def test_gain_counts_only_what_is_new() -> None:
    """What both catch is no gain."""
    base, added = np.array([True, True, False, False]), np.array([True, False, True, False])
    assert gain(base, added) == Rate(1, 4)


def test_sources_are_told_apart() -> None:
    """Rows that are not wanted count nowhere."""
    flagged = np.array([True, False, True])
    wanted = np.array([True, True, False])
    assert by_source(flagged, ["b", "a", "a"], wanted) == {"a": Rate(0, 1), "b": Rate(1, 1)}


def test_table_is_markdown() -> None:
    """One line for the heads, one for the rule, one a row."""
    assert table(("a", "b"), {"x": (1,)}) == "| a | b |\n|---|---|\n| x | 1 |"
