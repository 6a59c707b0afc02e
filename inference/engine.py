"""The engine: a request in, a verdict out. Pure: no I/O, no clock, no environment."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, groupby, islice, zip_longest
from types import MappingProxyType
from typing import NamedTuple

from inference.bodies import body_fields
from inference.detector import Detector
from inference.fields import Field, head_fields
from inference.model import Classifier
from inference.scanning import CacheInfo, Scan, Scanner, Scans
from inference.scoring import (
    SCORE_DIGITS,
    decides,
    exclusion_paths,
    field_findings,
    is_excluded,
    verdict,
)
from kysira.types import Exclusion, Finding, Place, Request, ScoreOptions, Uninspected, Verdict

MAX_FIELDS = 10_000
"""Values read one by one per request; the others are read as one, and ``uninspected{budget}``."""
_BATCH_FIELDS = 100
_BATCH_BYTES = 4096
"""This many values, or values this long, are scanned together before the budget is looked at."""
MAX_SCANNED_BYTES = 1 << 20
"""Cost of scans after which values are only read as sent; after twice as much, as one."""
MAX_MODEL_TEXTS = 8
"""Texts that each model is asked about per request."""
MAX_MODEL_CHARACTERS = 2048
"""Characters of a text; a longer value is shown in two, its head and its tail."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the rules said, and which values the models still have to see."""

    options: ScoreOptions
    findings: tuple[Finding, ...]
    problems: frozenset[Uninspected]
    questions: Mapping[str, Sequence[Field]]
    """Detector slug → values for its model; empty when the rules have decided already."""


class _Scope(NamedTuple):
    """What a policy lets count for one request."""

    left_out: frozenset[str]
    paths: tuple[str, ...]
    exclusions: tuple[Exclusion, ...]

    def holds(self, detector: str, location: str) -> bool:
        return detector not in self.left_out and not is_excluded(
            detector, location, self.paths, self.exclusions
        )


class _Reading(NamedTuple):
    """A value and what the rules found in it."""

    field: Field
    findings: Sequence[Finding]

    def score(self, detector: str) -> float:
        return max((f.score for f in self.findings if f.detector == detector), default=0.0)


class Engine:
    """Scores requests with every detector; safe to call from several threads."""

    def __init__(
        self,
        detectors: Sequence[Detector],
        *,
        classifiers: Mapping[str, Classifier] | None = None,
        disabled: frozenset[str] = frozenset(),
        scanner: Scanner | None = None,
    ) -> None:
        """Build from detectors; a classifier backs the detector whose slug is its key.

        ``scanner`` matches the rules of all of them, the disabled ones too.
        """
        self._disabled = disabled
        self._detectors = tuple(d for d in detectors if d.slug not in disabled)
        self._scanner = scanner or Scanner(detectors)
        self._harmless = lru_cache(16)(self._nothing_found)
        self._classifiers = dict(classifiers or {})
        self._gated = tuple(d for d in self._detectors if d.slug in self._classifiers)

    @property
    def backings(self) -> dict[str, str]:
        """Map every enabled detector's slug to ``model`` or ``regex``, whichever backs it."""
        return {
            d.slug: "model" if d.slug in self._classifiers else "regex" for d in self._detectors
        }

    def cache_info(self) -> CacheInfo:
        """Return hits and misses of the value cache since the start."""
        return self._scanner.cache_info()

    def score(self, request: Request, options: ScoreOptions) -> Verdict:
        """Return the verdict on any request at all; never raises on what a client sent."""
        return self.conclude(self.inspect(request, options))

    def inspect(self, request: Request, options: ScoreOptions) -> Inspection:
        """Run the rules: fast, and enough for most requests."""
        problems: set[Uninspected] = set()
        if request.body_truncated:
            problems.add(Uninspected.OVERSIZE)
        paths = exclusion_paths(request.target) if options.exclusions else ()
        scope = _Scope(options.disabled | self._disabled, paths, options.exclusions)
        findings: list[Finding] = []
        readings: list[_Reading] = []
        for fields, scans in self._scans(_fields(request, problems), problems):
            if not scans.notable and not self._gated:  # as in most requests
                continue
            for field in fields:
                scan = scans.of(field.value)
                if not scan.is_whole:
                    problems.add(Uninspected.BUDGET)
                if scan.hits or self._gated:
                    found = self._findings(field, scan, scope)
                    findings += found
                    readings.append(_Reading(field, found))
        questions = {} if decides(findings, options) else self._questions(readings, scope)
        return Inspection(options, tuple(findings), frozenset(problems), questions)

    def _scans(
        self, fields: Iterator[Field], problems: set[Uninspected]
    ) -> Iterator[tuple[Sequence[Field], Scans]]:
        """Yield fields with what is found in them, until the budget is spent and then the rest."""
        scanner, left, unread = self._scanner, MAX_SCANNED_BYTES, MAX_FIELDS
        while batch := list(islice(fields, min(unread, _BATCH_FIELDS))):
            unread -= len(batch)
            for part in _parts(batch):
                values = [field.value for field in part]
                scans = scanner.scan(values, left) if left > 0 else scanner.scan_as_sent(values)
                yield part, scans
                left -= scans.cost
            if left <= -MAX_SCANNED_BYTES:
                break
        for field in _rest(fields, problems):
            value = (field.value,)
            scans = scanner.scan(value, left) if left > 0 else scanner.scan_as_sent(value)
            yield (field,), scans
            left -= scans.cost

    def _findings(self, field: Field, scan: Scan, scope: _Scope) -> list[Finding]:
        return [
            finding
            for finding in field_findings(field, scan.hits, self._scanner.rules)
            if scope.holds(finding.detector, finding.location)
        ]

    def _questions(self, readings: Sequence[_Reading], scope: _Scope) -> dict[str, Sequence[Field]]:
        asked: dict[str, Sequence[Field]] = {}
        for detector in self._gated:
            slug, gate = detector.slug, detector.model_gate
            if slug in scope.left_out:
                continue
            gated = [
                reading
                for reading in readings
                if (gate is None or gate(reading.field, reading.field.value))
                and (not scope.exclusions or scope.holds(slug, reading.field.location))
            ]
            asked[slug] = _ranked(gated, slug)
        return {slug: fields for slug, fields in asked.items() if fields}

    def conclude(self, inspection: Inspection) -> Verdict:
        """Ask the models what is left to ask, and join everything into a verdict."""
        findings = list(inspection.findings)
        problems = set(inspection.problems)
        for slug, fields in inspection.questions.items():
            findings += self._ask(slug, fields, problems)
        harmless = self._harmless(inspection.options.disabled)
        if not findings and not problems:
            return harmless
        return verdict(findings, harmless.breakdown, problems)

    def _nothing_found(self, disabled: frozenset[str]) -> Verdict:
        run = [d.slug for d in self._detectors if d.slug not in disabled]
        return Verdict(breakdown=MappingProxyType(dict.fromkeys(run, 0.0)))

    def _ask(
        self, slug: str, fields: Sequence[Field], problems: set[Uninspected]
    ) -> Iterator[Finding]:
        texts: list[tuple[Field, str]] = []
        for field in fields:
            if len(texts) >= MAX_MODEL_TEXTS:
                problems.add(Uninspected.BUDGET)
                break
            texts += [(field, text) for text in _model_texts(field.value, problems)]
        del texts[MAX_MODEL_TEXTS:]
        scores = self._classifiers[slug].score([text for _, text in texts])
        for (field, _), score in zip(texts, scores, strict=True):
            yield Finding(slug, round(score, SCORE_DIGITS), f"{slug}:model", field.location)


def _ranked(readings: Sequence[_Reading], slug: str) -> list[Field]:
    """Return the fields, the most suspicious to the rules first, then from both ends inwards."""
    if len(readings) <= MAX_MODEL_TEXTS:
        return [reading.field for reading in readings]
    half = (len(readings) + 1) // 2
    pairs = zip_longest(readings[:half], reversed(readings[half:]))
    inwards = [reading for pair in pairs for reading in pair if reading is not None]
    return [r.field for r in sorted(inwards, key=lambda reading: -reading.score(slug))]


def _model_texts(value: bytes, problems: set[Uninspected]) -> list[str]:
    text = value.decode("utf-8", "replace")
    if len(text) <= MAX_MODEL_CHARACTERS:
        return [text]
    if len(text) > 2 * MAX_MODEL_CHARACTERS:
        problems.add(Uninspected.BUDGET)
    return [text[:MAX_MODEL_CHARACTERS], text[-MAX_MODEL_CHARACTERS:]]


def _parts(batch: list[Field]) -> Iterator[list[Field]]:
    """Yield the batch, a long one in parts, so that the budget is looked at in time."""
    if sum([len(field.value) for field in batch]) <= _BATCH_BYTES:
        yield batch
        return
    part: list[Field] = []
    size = 0
    for field in batch:
        part.append(field)
        size += len(field.value)
        if size > _BATCH_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _rest(fields: Iterator[Field], problems: set[Uninspected]) -> Iterator[Field]:
    """Yield the fields that are left as one of each place: padding must not hide an attack."""
    for place, group in groupby(fields, key=lambda field: field.place):
        problems.add(Uninspected.BUDGET)
        yield Field(place, "", b"\n".join([field.value for field in group]))


def _fields(request: Request, problems: set[Uninspected]) -> Iterator[Field]:
    if request.free_text:
        return iter((Field(Place.BODY, "", request.body),))
    if not request.body:
        return head_fields(request)
    return chain(head_fields(request), body_fields(request, problems))
