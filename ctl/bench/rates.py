"""The statistics of detection: Wilson intervals, balanced accuracy, the area under a curve."""

from collections.abc import Sequence
from math import sqrt

_Z = 1.959963984540054
"""Standard deviations of a 95 % interval."""


def wilson(hits: float, count: int) -> tuple[float, float]:
    """Return the 95 % confidence interval of a share (Wilson 1927); (0, 1) of nothing."""
    if not count:
        return 0.0, 1.0
    share = hits / count
    scale = 1 + _Z * _Z / count
    centre = share + _Z * _Z / (2 * count)
    spread = _Z * sqrt(share * (1 - share) / count + _Z * _Z / (4 * count * count))
    low = (centre - spread) / scale if hits else 0.0  # 1e-17 as floats have it
    high = (centre + spread) / scale if hits < count else 1.0
    return max(0.0, low), min(1.0, high)


def balanced_accuracy(
    caught: tuple[float, int], disturbed: tuple[float, int]
) -> tuple[float, tuple[float, float]]:
    """Return the mean of the shares of attacks caught and benign let through, and its interval.

    The two shares are independent: their distances to the ends of Wilson's intervals join as
    squares (Newcombe 1998, method 10).
    """
    tpr, tnr = caught[0] / caught[1], 1 - disturbed[0] / disturbed[1]
    low, high = wilson(*caught)
    worst, best = (1 - end for end in reversed(wilson(*disturbed)))
    middle = (tpr + tnr) / 2
    down = sqrt((tpr - low) ** 2 + (tnr - worst) ** 2) / 2
    up = sqrt((high - tpr) ** 2 + (best - tnr) ** 2) / 2
    return middle, (middle - down, middle + up)


def auc(attacks: Sequence[float], benign: Sequence[float]) -> float | None:
    """Return the chance that an attack outscores a benign one, ties half; None without both."""
    if not attacks or not benign:
        return None
    merged = sorted([(score, True) for score in attacks] + [(score, False) for score in benign])
    wins, below, position = 0.0, 0, 0
    while position < len(merged):
        end = position
        while end < len(merged) and merged[end][0] == merged[position][0]:
            end += 1
        hits = sum(is_attack for _, is_attack in merged[position:end])
        ties = end - position - hits
        wins += hits * (below + ties / 2)
        below += ties
        position = end
    return wins / (len(attacks) * len(benign))
