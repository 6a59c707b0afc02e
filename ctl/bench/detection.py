"""The detection benchmark: rows in, tables out, with progress on stderr."""

import dataclasses
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from ctl.bench.bounds import Bounds
from ctl.bench.client import Judgement, remote, require_answering
from ctl.bench.columns import Column, scored
from ctl.bench.corpora import Corpora, Selection
from ctl.bench.endpoint import Endpoint, is_loopback, resolve
from ctl.bench.examples import Example, Examples, told
from ctl.bench.progress import Progress
from ctl.bench.replay import Results, replay
from ctl.bench.report import answers_text, as_data, rates_text, scores_text, unanswered
from ctl.bench.rows import row_of
from ctl.engine import load_scoring
from kysira.errors import SettingsError
from kysira.settings import NO_MODEL, EngineSettings, load
from kysira.types import ScoreOptions

NOTE = (
    "False positives count per request; a bare payload makes three, and its row counts as their "
    "mean.\nIntervals are Wilson's, at 95 %, over rows."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is measured, of whom, and how much of it is shown."""

    corpora: tuple[Path, ...]
    selection: Selection
    engine: str | None
    """The name of its column; None leaves it out."""
    has_models: bool
    threshold: float | None
    endpoints: tuple[Endpoint, ...]
    allow_remote: bool
    judgement: Judgement
    concurrency: int
    max_requests: int
    max_seconds: float
    show_missed: int
    show_flagged: int


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured."""

    results: Results
    columns: tuple[str, ...]
    examples: tuple[Example, ...]
    threshold: float
    stopped: str
    """Why it ended before the rows did; "" if it did not."""

    @property
    def is_partial(self) -> bool:
        """Return True when some requests got no answer, or were never sent for lack of time."""
        return bool(self.stopped) or unanswered(self.results) > 0

    def as_text(self) -> str:
        """Return the tables for people."""
        blocks = (
            rates_text(self.results, self.columns),
            scores_text(self.results),
            told(self.examples),
            answers_text(self.results),
            NOTE,
        )
        return "\n\n".join(block for block in blocks if block)

    def as_json(self) -> str:
        """Return the same for programs."""
        data = {
            "columns": self.columns, "threshold": self.threshold, "stopped": self.stopped,
            **as_data(self.results),
            "missed": [example.as_data for example in self.examples if example.is_attack],
            "flagged": [example.as_data for example in self.examples if not example.is_attack],
        }  # fmt: skip
        return json.dumps(data, indent=1)


def detect(plan: Plan) -> Found:
    """Measure; raises KysiraError with one clear line, before anything is sent if it can."""
    settings = load(EngineSettings, "kysiractl", argv=[])
    options = ScoreOptions(
        threshold=settings.score_threshold if plan.threshold is None else plan.threshold
    )
    rows = Corpora(plan.corpora, plan.selection, row_of)
    columns = remote_columns(plan.endpoints, plan.judgement, allow_remote=plan.allow_remote)
    if plan.engine is not None:
        columns = [_engine(plan.engine, settings, options, plan), *columns]
    examples = Examples(columns[0].name, missed=plan.show_missed, flagged=plan.show_flagged)
    bounds = Bounds(plan.max_requests, plan.max_seconds)
    progress = Progress(sys.stderr, len(columns), rows.count)
    watchers = (progress.watch, bounds.watch, examples.watch)
    try:
        results = replay(bounds.rows(rows), columns, *watchers, threads=plan.concurrency)
    finally:
        progress.close()
    if bounds.stopped:
        _hint(f"ended early: {bounds.stopped}; what was measured until then follows")
    names = tuple(column.name for column in columns)
    return Found(results, names, tuple(examples.kept), options.threshold, bounds.stopped)


def _engine(name: str, settings: EngineSettings, options: ScoreOptions, plan: Plan) -> Column:
    if not plan.has_models:
        settings = dataclasses.replace(settings, sqli_model=NO_MODEL, pi_model=NO_MODEL)
    _hint("loading the engine …")
    return scored(name, load_scoring(settings), options, settings.max_body_bytes)


def remote_columns(
    endpoints: Sequence[Endpoint], judgement: Judgement, *, allow_remote: bool
) -> list[Column]:
    """Return the columns of endpoints that answer.

    Raises StartError, or SettingsError for one on another machine that is not allowed.
    """
    columns = []
    for endpoint in endpoints:
        addresses = resolve(endpoint)
        if not allow_remote and not all(map(is_loopback, addresses)):
            raise SettingsError(
                f"--url {endpoint.url} is not this machine: attacks are sent there only with "
                "--allow-remote, when its owner agrees"
            )
        require_answering(endpoint, addresses[0], judgement.timeout_s)
        columns.append(remote(endpoint, addresses[0], judgement))
    return columns


def _hint(text: str) -> None:
    typer.echo(f"kysiractl: {text}", err=True)
