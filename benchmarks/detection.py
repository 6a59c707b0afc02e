"""What is caught of our development data and who is disturbed, beside what must be reached."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.corpora import read_rows
from benchmarks.detection_report import as_text, with_goals
from benchmarks.machine import header
from ctl.bench.client import Judgement
from ctl.bench.columns import Column, scored
from ctl.bench.corpora import Selection
from ctl.bench.detection import NOTE, remote_columns
from ctl.bench.endpoint import Endpoint, read_endpoint
from ctl.bench.examples import Examples, told
from ctl.bench.progress import Progress
from ctl.bench.replay import replay
from inference.detector import Detector
from inference.detectors import load_detectors
from inference.engine import Engine
from inference.matcher import Matcher, Pattern
from inference.model import load_classifiers, model_folders
from inference.model_types import Classifier
from inference.rule_cache import cached_matcher
from inference.scanning import Scanner
from kysira.errors import KysiraError, SettingsError
from kysira.settings import NO_MODEL, PACKAGED_MODEL, EngineSettings
from kysira.types import DEFAULT_THRESHOLD, ScoreOptions

COLUMNS = ("rules", "model", "combined")
PEER_NOTE = (
    "Of a URL, blocked is a status 403 or a connection reset. A rule set also answers so to methods"
    " and content types\nthat it does not allow (CRS at paranoia 1: PUT, PATCH, DELETE, text/plain)"
    ": to the caller that is no different.\nCSIC's Accept-Charset, which no browser sends, is left"
    " out for all: CRS blocks each request that has it."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return 0, 1 for what can't be read, 2 for wrong options."""
    options = _parser().parse_args(arguments)
    selection = Selection(tuple(options.source or "*"), options.sample, options.seed)
    try:
        rows = read_rows(options.data, options.split, selection)
        columns = _columns(options)
        ours = [column.name for column in columns if not column.is_remote]
        examples = Examples(
            (ours or [columns[0].name])[-1],
            missed=options.show_missed, flagged=options.show_flagged,
        )  # fmt: skip
        progress = Progress(sys.stderr, len(columns), rows.count)
        watchers = (progress.watch, examples.watch)
        try:
            results = replay(rows, columns, *watchers, threads=options.concurrency)
        finally:
            progress.close()
    except KysiraError as error:
        print(error, file=sys.stderr)
        return 1
    names = [column.name for column in columns]
    if examples.kept:
        print(told(examples.kept), file=sys.stderr)
    if options.output == "json":
        print(json.dumps(with_goals(results, names), indent=1))
    else:
        print(f"{header()} | {options.split}, threshold {options.threshold:g}\n")
        notes = (NOTE, PEER_NOTE) if options.url else (NOTE,)
        print(as_text(results, names), *notes, sep="\n\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.detection", description=__doc__)
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
    add(
        "--column",
        action="append",
        choices=COLUMNS,
        help="repeat for more (all): rules alone, models alone where their gates let a value "
        "through, and both",
    )
    add("--sqli-model", default=PACKAGED_MODEL, metavar="DIR", help="the sqli model (%(default)s)")
    add("--pi-model", default=PACKAGED_MODEL, metavar="DIR", help="likewise (%(default)s)")
    add("--no-models", action="store_true", help="rules alone")
    add(
        "--url",
        action="append",
        default=[],
        type=_endpoint,
        metavar="[NAME=]URL",
        help="another column: replay over HTTP to this machine; repeat for more",
    )
    add("--timeout", type=float, default=30.0, metavar="S", help="of a URL (%(default)s)")
    add("--concurrency", type=int, default=4, metavar="N", help="requests to URLs (%(default)s)")
    add("--show-missed", type=int, default=0, metavar="N", help="attacks of each source to print")
    add("--show-flagged", type=int, default=0, metavar="N", help="benign rows of each to print")
    add("-o", "--output", choices=("table", "json"), default="table")
    return parser  # fmt: skip


def _endpoint(text: str) -> Endpoint:
    try:
        return read_endpoint(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _columns(options: argparse.Namespace) -> list[Column]:
    """Return rules alone and, with models, these alone and both together; then the URLs."""
    settings = EngineSettings(sqli_model=options.sqli_model, pi_model=options.pi_model)
    if options.no_models:
        settings = dataclasses.replace(settings, sqli_model=NO_MODEL, pi_model=NO_MODEL)
    judgement = Judgement(options.timeout)
    remote = remote_columns(options.url, judgement, allow_remote=False)
    asked = ScoreOptions(threshold=options.threshold)
    engines = _engines(load_classifiers(model_folders(settings), settings.device))
    wanted = options.column or COLUMNS
    own = [scored(n, engine.score, asked) for n, engine in engines.items() if n in wanted]
    if not (own or remote):
        raise SettingsError(f"--column {', '.join(wanted)} needs models: leave out --no-models")
    return own + remote


def _engines(classifiers: Mapping[str, Classifier]) -> dict[str, Engine]:
    detectors = load_detectors()
    scanner = Scanner(detectors, compile_with=cached_matcher)
    engines = {"rules": Engine(detectors, scanner=scanner)}
    if classifiers:
        engines["model"] = _without_rules(detectors, classifiers)
        engines["combined"] = Engine(detectors, scanner=scanner, classifiers=classifiers)
    return engines


class _NoMatcher:
    """Finds nothing, so that the models are asked about everything that their gates let through."""

    def match(self, text: bytes) -> list[int]:
        return []


def _no_matcher(_: Sequence[Pattern]) -> Matcher:
    return _NoMatcher()


def _without_rules(detectors: Sequence[Detector], classifiers: Mapping[str, Classifier]) -> Engine:
    bare = [dataclasses.replace(d, rules=()) for d in detectors if d.slug in classifiers]
    return Engine(bare, classifiers=classifiers, scanner=Scanner(bare, compile_with=_no_matcher))


if __name__ == "__main__":
    sys.exit(main())
