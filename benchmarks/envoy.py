"""What a request through Envoy costs, alone, with a no-op ext_proc and with Kysira.

All variants run at once and are loaded in turn, in the other order every second round: a slow spell
of the machine hits them all, and ratios within a round hold where absolute numbers do not.
"""

import sys
from collections.abc import Sequence

from benchmarks.comparison import Comparison, compare
from benchmarks.load import Run
from benchmarks.machine import header
from benchmarks.report import Compared, State, comparisons, goal
from benchmarks.stack import running

MAX_RATIO = 2.0
"""Python CPU of full scoring over that of a server that does not look."""
MAX_RSS_MB = 150
_COMPARED = (
    Compared("shadow", "no-op", MAX_RATIO),
    # What scoring adds to the very same server; no goal, as a slower server would meet any.
    Compared("shadow", "tuned"),
    Compared("active", "no-op"),
    Compared("no-cache", "no-op"),
)


def main() -> int:
    """Measure, print a table and return 1 when the numbers can't be trusted."""
    return compare(
        Comparison("benchmarks.envoy", __doc__, "Envoy", header, running, goals, hidden=("lost",))
    )


def goals(runs: Sequence[Run], states: Sequence[State]) -> str:
    """Return what the numbers should be, and what they are."""
    memory = [
        f"memory, {state.target}: {state.rss_mb:.0f} MB" + goal(state.rss_mb, MAX_RSS_MB, " MB")
        for state in states
        if state.target == "shadow"
    ]
    return "\n".join([*comparisons(runs, _COMPARED), *memory])


if __name__ == "__main__":
    sys.exit(main())
