"""Measures several targets side by side: rounds of load, a table, and whether it can be trusted.

All targets run at once and are loaded in turn, in the other order every second round: a slow spell
of the machine hits them all, and ratios within a round hold where absolute numbers do not.
"""

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks.load import Run, find_wrk, measure
from benchmarks.machine import rss_mb
from benchmarks.report import State, columns, line, summary, table
from benchmarks.target import Target
from kysira.errors import KysiraError

CONNECTIONS = (32, 1)
WARM_UP_S = 2
MAX_ROUNDS = 100
_WARM_UP = -1
"""The number of the round that is not shown."""


@dataclasses.dataclass(frozen=True, slots=True)
class Comparison:
    """What is compared, and what is said of it."""

    prog: str
    description: str | None
    edge: str
    """What carries the traffic in front of Python, as Envoy."""
    header: Callable[[], str]
    running: Callable[[], AbstractContextManager[Sequence[Target]]]
    """Runs the targets, and ends them."""
    goals: Callable[[Sequence[Run], Sequence[State]], str]
    hidden: Collection[str] = ()
    """Columns of the table that would say nothing."""


def compare(comparison: Comparison) -> int:
    """Measure, print a table and return 1 when the numbers can't be trusted."""
    options = _parser(comparison).parse_args()
    try:
        find_wrk()
        about = comparison.header()
        print(about, flush=True)
        with comparison.running() as targets:
            runs = list(_rounds(targets, options.rounds, options.seconds, comparison.edge))
            states = [_state(target, runs) for target in targets]
    except (KysiraError, OSError) as error:
        print(f"{comparison.prog}: {error}", file=sys.stderr)
        return 1
    runs = [run for run in runs if run.round != _WARM_UP]
    rows = summary(runs, states)
    shown = columns(comparison.edge, comparison.hidden)
    print("\n" + table(rows, shown) + "\n\n" + comparison.goals(runs, states))
    if options.output:
        result = {
            "about": about,
            "summary": rows,
            "runs": [dataclasses.asdict(run) for run in runs],
        }
        options.output.write_text(json.dumps(result, indent=1) + "\n")
    faults = void(runs, states)
    for fault in faults:
        print(f"{comparison.prog}: the numbers can't be trusted: {fault}", file=sys.stderr)
    return 1 if faults else 0


def void(runs: Sequence[Run], states: Sequence[State]) -> list[str]:
    """Return why the numbers can't be trusted: requests that failed, or were not read or scored."""
    faults = [
        f"{run.target}: {run.failed} of {run.requests} requests failed"
        for run in runs
        if run.failed
    ]
    # A server that hangs fails nothing: wrk waits longer than a run takes.
    faults += [f"{run.target}: no request was answered" for run in runs if not run.requests]
    # wrk drops its connections at the end of a run, each perhaps in the middle of a request.
    dropped = sum(run.connections for run in runs) / len(states) + CONNECTIONS[0]
    for state in states:
        if state.unread > dropped:
            faults.append(f"{state.target}: {state.unread} requests were not read in full")
        if state.unscored:
            faults.append(f"{state.target}: {state.unscored} requests passed by without a score")
    return faults


def _parser(comparison: Comparison) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=comparison.prog, description=comparison.description)
    parser.add_argument(
        "--rounds", type=int, default=5, choices=range(1, MAX_ROUNDS + 1), metavar="N",
        help="times every variant is loaded (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--seconds", type=int, default=5, metavar="S", help="of each load (%(default)s)"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write every number as JSON"
    )
    return parser


def _rounds(targets: Sequence[Target], rounds: int, seconds: int, edge: str) -> Iterator[Run]:
    number = 0
    for target in targets:
        yield measure(
            target, number, round_=_WARM_UP, connections=CONNECTIONS[0], seconds=WARM_UP_S
        )
    for round_ in range(rounds):
        for connections in CONNECTIONS:
            number += 1
            for target in targets[:: -1 if round_ % 2 else 1]:
                run = measure(
                    target, number, round_=round_, connections=connections, seconds=seconds
                )
                print(f"round {round_ + 1} of {rounds}: {line(run, edge)}", flush=True)
                yield run


def _state(target: Target, runs: Sequence[Run]) -> State:
    """Return what the target's server is like now; it is not there any more afterwards."""
    counts = target.counts()
    memory = rss_mb(target.server.pid) if target.server else 0.0
    unread = sum(counts.unread.values()) if counts else 0
    answered = sum(run.requests for run in runs if run.target == target.name)
    unscored = max(0, answered - counts.scored) if counts else 0
    lost = counts.lost if counts else 0
    return State(target.name, memory, target.cache_hits(), unread, unscored, lost)
