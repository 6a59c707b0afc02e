"""What a request through Envoy costs, alone, with a no-op ext_proc and with Kysira.

All variants run at once and are loaded in turn, in the other order every second round: a slow spell
of the machine hits them all, and ratios within a round hold where absolute numbers do not.
"""

import argparse
import dataclasses
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.load import Run, find_wrk, measure
from benchmarks.machine import header, rss_mb
from benchmarks.report import State, goals, line, summary, table
from benchmarks.stack import Target, running
from kysira.errors import KysiraError

CONNECTIONS = (32, 1)
WARM_UP_S = 2
MAX_ROUNDS = 100


def main() -> int:
    """Measure, print a table and return 1 when the numbers can't be trusted."""
    options = _parser().parse_args()
    try:
        find_wrk()
        about = header()
        print(about, flush=True)
        with running() as targets:
            runs = list(_rounds(targets, options.rounds, options.seconds))
            states = [_state(target) for target in targets]
    except KysiraError as error:
        print(f"benchmarks.envoy: {error}", file=sys.stderr)
        return 1
    rows = summary(runs, states)
    print("\n" + table(rows) + "\n\n" + goals(runs, states))
    if options.output:
        result = {
            "about": about,
            "summary": rows,
            "runs": [dataclasses.asdict(run) for run in runs],
        }
        options.output.write_text(json.dumps(result, indent=1) + "\n")
    return 1 if _is_void(runs, states) else 0


def _is_void(runs: Sequence[Run], states: Sequence[State]) -> bool:
    """Return True when requests failed, or were not read though nobody broke them off."""
    # wrk drops its connections at the end of a run, each perhaps in the middle of a request.
    dropped = sum(run.connections for run in runs) / len(states) + CONNECTIONS[0]
    return any(run.failed for run in runs) or any(state.unread > dropped for state in states)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.envoy", description=__doc__)
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


def _rounds(targets: Sequence[Target], rounds: int, seconds: int) -> Iterator[Run]:
    number = 0
    for target in targets:
        measure(target, number, round_=-1, connections=CONNECTIONS[0], seconds=WARM_UP_S)
    for round_ in range(rounds):
        for connections in CONNECTIONS:
            number += 1
            for target in targets[:: -1 if round_ % 2 else 1]:
                run = measure(
                    target, number, round_=round_, connections=connections, seconds=seconds
                )
                print(f"round {round_ + 1} of {rounds}: {line(run)}", flush=True)
                yield run


def _state(target: Target) -> State:
    unread = target.unread()
    memory = rss_mb(target.server.pid) if target.server else 0.0
    return State(target.name, memory, target.cache_hits(), unread)


if __name__ == "__main__":
    sys.exit(main())
