"""What the engine catches and whom it disturbs: labelled corpora, scored in this process."""

import argparse
import dataclasses
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.corpora import CorpusError, Row, Selection, read_rows
from benchmarks.detection_report import as_data, as_text
from benchmarks.machine import header
from benchmarks.replay import Outcome, Watcher, replay
from inference.detector import Detector
from inference.detectors import load_detectors
from inference.engine import Engine
from inference.matcher import Matcher, Pattern
from inference.model import Classifier, load_classifiers
from inference.rule_cache import cached_matcher
from inference.scanning import Scanner
from kysira.errors import KysiraError
from kysira.settings import EngineSettings
from kysira.types import DEFAULT_THRESHOLD, ScoreOptions

_SHOWN_CHARACTERS = 1000


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return 0, 1 for what can't be read, 2 for wrong options."""
    options = _parser().parse_args(arguments)
    selection = Selection(options.split, tuple(options.source or "*"), options.sample, options.seed)
    try:
        engines = _engines(load_classifiers(_settings(options)))
        rows = read_rows(options.data, selection)
        asked = ScoreOptions(threshold=options.threshold)
        watch = _watcher(list(engines)[-1], options.show_missed, options.show_flagged)
        results = replay(rows, engines, asked, watch)
    except (CorpusError, KysiraError) as error:
        print(error, file=sys.stderr)
        return 1
    if options.output == "json":
        print(json.dumps(as_data(results, list(engines)), indent=1))
    else:
        print(f"{header()} | {options.split}, threshold {options.threshold:g}\n")
        print(as_text(results, list(engines)))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="benchmarks.detection",
        description=__doc__,
        epilog="False positives count per request: a bare payload makes three (query, form, JSON), "
        "and its row counts as their mean. Intervals are Wilson's, at 95 %, over rows.",
    )
    add = parser.add_argument
    add(
        "--data",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder with web/dev/*.jsonl.gz and prompt/dev.jsonl.gz (rows: label, and payload, "
        "text or a request)",
    )
    add("--split", choices=("dev", "train"), default="dev")
    add(
        "--source",
        action="append",
        metavar="NAME",
        help="a corpus, or a shell pattern; repeat for more; prompt is the prompt file",
    )
    add("--sample", type=int, default=0, metavar="N", help="rows of each source and label (all)")
    add("--seed", type=int, default=0, help="of the sample (%(default)s)")
    add("--threshold", type=float, default=DEFAULT_THRESHOLD, help="(%(default)s)")
    add("--sqli-model", type=Path, metavar="DIR", help="folder of the sqli model")
    add("--pi-model", type=Path, metavar="DIR", help="folder of the prompt-injection model")
    add("--no-models", action="store_true", help="rules alone, also where models are installed")
    add("--show-missed", type=int, default=0, metavar="N", help="attacks of each source to print")
    add("--show-flagged", type=int, default=0, metavar="N", help="benign rows of each to print")
    add("-o", "--output", choices=("table", "json"), default="table")
    return parser  # fmt: skip


def _settings(options: argparse.Namespace) -> EngineSettings:
    if options.no_models:
        return EngineSettings(sqli_model=None, pi_model=None)
    named = {"sqli_model": options.sqli_model, "pi_model": options.pi_model}
    return EngineSettings(**{key: path for key, path in named.items() if path is not None})


def _engines(classifiers: dict[str, Classifier]) -> dict[str, Engine]:
    """Return the columns: rules alone and, with models, these alone and both together."""
    detectors = load_detectors()
    scanner = Scanner(detectors, compile_with=cached_matcher)
    columns = {"rules": Engine(detectors, scanner=scanner)}
    if classifiers:
        columns["model"] = _without_rules(detectors, classifiers)
        columns["combined"] = Engine(detectors, scanner=scanner, classifiers=classifiers)
    return columns


class _NoMatcher:
    """Finds nothing, so that the models are asked about everything that their gates let through."""

    def match(self, text: bytes) -> list[int]:
        return []


def _no_matcher(_: Sequence[Pattern]) -> Matcher:
    return _NoMatcher()


def _without_rules(detectors: Sequence[Detector], classifiers: dict[str, Classifier]) -> Engine:
    bare = [dataclasses.replace(d, rules=()) for d in detectors if d.slug in classifiers]
    return Engine(bare, classifiers=classifiers, scanner=Scanner(bare, compile_with=_no_matcher))


def _watcher(column: str, missed: int, flagged: int) -> Watcher:
    """Return what prints examples of one column on stderr as they come; nothing keeps them."""
    left: dict[bool, int] = {True: missed, False: flagged}
    shown: Counter[tuple[str, bool]] = Counter()

    def watch(of: str, outcome: Outcome) -> None:
        row = outcome.row
        is_right = outcome.share == 1 if row.is_attack else outcome.share == 0
        key = (row.source, row.is_attack)
        if of != column or is_right or shown[key] >= left[row.is_attack]:
            return
        shown[key] += 1
        print(_example(row, outcome), file=sys.stderr)

    return watch


def _example(row: Row, outcome: Outcome) -> str:
    kind = "missed" if row.is_attack else "flagged"
    best = max(outcome.verdicts, key=lambda verdict: verdict.score)
    found = ", ".join(
        f"{finding.reason} {finding.score:g} at {finding.location}" for finding in best.findings
    )
    head = f"--- {row.source} {kind} {outcome.share:.2g} [{row.category}] {found or 'nothing'}"
    return f"{head}\n{row.text[:_SHOWN_CHARACTERS]}"


if __name__ == "__main__":
    sys.exit(main())
