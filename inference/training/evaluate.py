"""Figures: rates with confidence intervals, operating points, AUC, tables. Pure numpy."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]
_Z = 1.959964  # of a 95 % interval


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its 95 % Wilson interval (Wilson 1927)."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        """Return the share; 0 of nothing is 0."""
        return self.hits / self.total if self.total else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Return the interval; of nothing it is everything."""
        if not self.total:
            return 0.0, 1.0
        n, p = self.total, self.value
        middle, spread = p + _Z**2 / (2 * n), _Z * sqrt(p * (1 - p) / n + _Z**2 / (4 * n * n))
        scale = 1 + _Z**2 / n
        return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)

    def __str__(self) -> str:
        """Return percent with the interval: ``97.6 % [97.3, 97.8]``."""
        low, high = self.interval
        digits = 3 if self.value < 0.01 else 1
        return f"{self.value:.{digits}%} [{low * 100:.{digits}f}, {high * 100:.{digits}f}]".replace(
            "%", " %"
        )


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What a threshold gives: a text is flagged when its score is at least the threshold."""

    threshold: float
    recall: Rate
    false_alarms: Rate


def rate_at(scores: Scores, threshold: float) -> Rate:
    """Return the share of scores that reach the threshold."""
    return Rate(int((scores >= threshold).sum()), len(scores))


def recall_at_fpr(attacks: Scores, benign: Scores, fpr: float) -> OperatingPoint:
    """Return the lowest threshold at which at most ``fpr`` of the benign scores are flagged."""
    threshold = threshold_for(benign, fpr)
    return OperatingPoint(threshold, rate_at(attacks, threshold), rate_at(benign, threshold))


def threshold_for(benign: Scores, fpr: float) -> float:
    """Return the lowest threshold that at most a share ``fpr`` of the scores reaches.

    It stands just above a score that occurs, so that equal scores fall on the same side.
    """
    if not len(benign):
        return 0.0
    ordered = np.sort(benign)[::-1]
    allowed = int(fpr * len(ordered))
    if allowed >= len(ordered):
        return float(ordered[-1])
    return float(np.nextafter(ordered[allowed], np.inf))


def auc(attacks: Scores, benign: Scores) -> float:
    """Return the probability that an attack scores above a benign text, ties counting half."""
    if not len(attacks) or not len(benign):
        return 0.5
    both = np.concatenate([attacks, benign])
    _, inverse, counts = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    above = ranks[: len(attacks)].sum() - len(attacks) * (len(attacks) + 1) / 2
    return float(above / (len(attacks) * len(benign)))


def by_request(scores: Scores, requests: Sequence[Hashable]) -> Scores:
    """Return one score a request, the highest of its fields, in order of first appearance."""
    best: dict[Hashable, float] = {}
    for score, request in zip(scores.tolist(), requests, strict=True):
        best[request] = max(score, best.get(request, score))
    return np.array(list(best.values()), dtype=np.float64)


def gain(base: npt.NDArray[np.bool_], added: npt.NDArray[np.bool_]) -> Rate:
    """Return the share of rows that only the second catches: what it adds to the first."""
    return Rate(int((added & ~base).sum()), len(base))


def by_source(
    flagged: npt.NDArray[np.bool_], sources: Sequence[str], wanted: npt.NDArray[np.bool_]
) -> dict[str, Rate]:
    """Return the share flagged of the wanted rows, by source, sources in order of the alphabet."""
    names = np.array(sources)
    return {
        str(name): Rate(int(flagged[rows].sum()), int(rows.sum()))
        for name in np.unique(names[wanted])
        if (rows := wanted & (names == name)).any()
    }


def table(columns: Sequence[str], rows: Mapping[str, Sequence[object]]) -> str:
    """Return a Markdown table; a row's name is its first cell, the first column its heading."""
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join([name, *map(str, cells)])} |" for name, cells in rows.items()]
    return "\n".join(lines)
