"""What the gates lose: attacks that would be found if the models saw every value."""

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.corpora import read_rows
from benchmarks.machine import header
from ctl.bench.columns import Outcome, scored
from ctl.bench.corpora import Selection
from ctl.bench.rates import wilson
from ctl.bench.rows import Row
from inference.detector import Detector
from inference.detectors import load_detectors
from inference.engine import Engine
from inference.fields import Field
from inference.model import load_classifiers, model_folders
from inference.rule_cache import cached_matcher
from inference.scanning import Scanner
from kysira.errors import KysiraError
from kysira.settings import EngineSettings
from kysira.types import Place, ScoreOptions


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return 0, or 1 for data that can't be read."""
    parser = argparse.ArgumentParser(prog="benchmarks.gates", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="as of benchmarks.detection")
    parser.add_argument("--sample", type=int, default=300, help="attacks a source (%(default)s)")
    options = parser.parse_args(arguments)
    try:
        rows = read_rows(options.data, "dev", Selection(("*",), options.sample, 0))
        attacks = [row for row in rows if row.is_attack]
    except KysiraError as error:
        print(f"benchmarks.gates: {error}", file=sys.stderr)
        return 1
    print(header())
    detectors = load_detectors()
    open_to_all = [dataclasses.replace(detector, model_gate=_is_sent) for detector in detectors]
    gated, ungated = _flagged(detectors, attacks), _flagged(open_to_all, attacks)
    for category in ("sqli", "prompt-injection"):
        of = [n for n, row in enumerate(attacks) if row.category == category]
        lost = sum(ungated[n] and not gated[n] for n in of)
        low, high = wilson(lost, len(of))
        print(
            f"{category}: {len(of)} attacks, flagged {sum(gated[n] for n in of)}, with the gates "
            f"open {sum(ungated[n] for n in of)}; lost to the gates {lost / max(1, len(of)):.2%} "
            f"[{low:.2%}, {high:.2%}]"
        )
    return 0


def _is_sent(field: Field, _: bytes) -> bool:
    """Let every value of a query or body through: what a browser adds is no payload."""
    return field.place not in (Place.HEADER, Place.COOKIE, Place.PATH)


def _flagged(detectors: Sequence[Detector], rows: Sequence[Row]) -> list[bool]:
    settings = EngineSettings()
    engine = Engine(
        detectors,
        classifiers=load_classifiers(model_folders(settings), settings.device),
        scanner=Scanner(detectors, compile_with=cached_matcher),
    )
    column = scored("engine", engine.score, ScoreOptions())
    return [
        any(column.ask(request).outcome is Outcome.BLOCKED for request in row.requests)
        for row in rows
    ]


if __name__ == "__main__":
    sys.exit(main())
