"""What a request costs by each way in: nginx alone, kysira-proxy, and nginx with the adapter.

Beside them stands an ordinary proxy written with aiohttp, which does nothing but forward.

All run at once, in front of the same app, and are loaded in turn, in the other order every second
round: a slow spell of the machine hits them all, and ratios within a round hold where absolute
numbers do not.
"""

import sys
from collections.abc import Sequence

from benchmarks.comparison import Comparison, compare
from benchmarks.load import Run
from benchmarks.machine import header
from benchmarks.nginx import version
from benchmarks.report import Compared, State, comparisons, goal, total_us
from benchmarks.ways_stack import running

MAX_RATIO = 1.5
"""Python CPU of scoring over that of the same proxy that does not look."""
_WHOLE = "CPU"
_WITHOUT_EVENTS = ("nginx", "aiohttp")
_COMPARED = (
    Compared("rules", "unscored", MAX_RATIO, is_added=True),
    Compared("rules", "unscored"),
    Compared("models", "unscored"),
    Compared("rules", "aiohttp"),
    Compared("models", "aiohttp"),
    Compared("unscored", "nginx", what=_WHOLE, cost=total_us),
    Compared("rules", "nginx", what=_WHOLE, cost=total_us),
    Compared("njs", "nginx", what=_WHOLE, cost=total_us),
    Compared("njs", "rules", what=_WHOLE, cost=total_us),
)


def main() -> int:
    """Measure, print a table and return 1 when the numbers can't be trusted."""
    return compare(
        Comparison(
            "benchmarks.ways",
            __doc__,
            "nginx",
            lambda: f"{header()}, nginx {version()}",
            running,
            goals,
            hidden=("cache_hits",),
        )
    )


def goals(runs: Sequence[Run], states: Sequence[State]) -> str:
    """Return what the numbers should be, and what they are."""
    lost = [
        f"events lost, {state.target}: {state.lost}" + goal(state.lost, 0)
        for state in states
        if state.target not in _WITHOUT_EVENTS
    ]
    return "\n".join([*comparisons(runs, _COMPARED), *lost])


if __name__ == "__main__":
    sys.exit(main())
