"""The engine: a request in, a verdict out. Pure: no I/O, no clock, no environment."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from inference.bodies import body_fields
from inference.detector import Detector
from inference.fields import Field, head_fields
from inference.model import Classifier
from inference.scanning import CacheInfo, Scanner
from inference.scoring import decides, field_findings, is_excluded, verdict
from kysira.types import Finding, Place, Request, ScoreOptions, Uninspected, Verdict

MAX_FIELDS = 10_000
"""Values read per request; more is ``uninspected{budget}``. A 1 MB JSON array has about as many."""
MAX_MODEL_TEXTS = 8
"""Values that each model is asked about per request."""
MAX_MODEL_CHARACTERS = 2048
"""Characters of a value that a model is shown."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the rules said, and which values the models still have to see."""

    options: ScoreOptions
    findings: tuple[Finding, ...]
    problems: frozenset[Uninspected]
    questions: Mapping[str, Sequence[Field]]
    """Detector slug → values for its model; empty when the rules have decided already."""


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
        findings: list[Finding] = []
        readable: list[Field] = []
        path = request.target.partition(b"?")[0].decode("utf-8", "replace")
        left_out = options.disabled | self._disabled
        scan, rules = self._scanner.scan, self._scanner.rules
        for number, field in enumerate(_fields(request, problems)):
            if number >= MAX_FIELDS:
                problems.add(Uninspected.BUDGET)
                break
            hits = scan(field.value)
            if hits:
                findings += [
                    finding
                    for finding in field_findings(field, hits, rules)
                    if finding.detector not in left_out
                    and not is_excluded(finding, path, options.exclusions)
                ]
            if self._gated:
                readable.append(field)
        questions = {} if decides(findings, options) else self._questions(readable, options)
        return Inspection(options, tuple(findings), frozenset(problems), questions)

    def _questions(
        self, fields: Iterable[Field], options: ScoreOptions
    ) -> dict[str, Sequence[Field]]:
        asked: dict[str, Sequence[Field]] = {}
        fields = list(fields)
        for detector in self._gated:
            if detector.slug in options.disabled:
                continue
            gate = detector.model_gate
            asked[detector.slug] = [f for f in fields if gate is None or gate(f, f.value)]
        return {slug: found for slug, found in asked.items() if found}

    def conclude(self, inspection: Inspection) -> Verdict:
        """Ask the models what is left to ask, and join everything into a verdict."""
        findings = list(inspection.findings)
        problems = set(inspection.problems)
        for slug, fields in inspection.questions.items():
            if len(fields) > MAX_MODEL_TEXTS:
                problems.add(Uninspected.BUDGET)
            findings += self._ask(slug, fields[:MAX_MODEL_TEXTS])
        options = inspection.options
        run = {d.slug: 0.0 for d in self._detectors if d.slug not in options.disabled}
        return verdict(findings, run, problems)

    def _ask(self, slug: str, fields: Sequence[Field]) -> Iterator[Finding]:
        texts = [
            field.value.decode("utf-8", "replace")[:MAX_MODEL_CHARACTERS] for field in fields
        ]
        for field, score in zip(fields, self._classifiers[slug].score(texts), strict=True):
            yield Finding(slug, score, f"{slug}:model", field.location)


def _fields(request: Request, problems: set[Uninspected]) -> Iterator[Field]:
    if request.free_text:
        return iter((Field(Place.BODY, "", request.body),))
    if not request.body:
        return head_fields(request)
    return chain(head_fields(request), body_fields(request, problems))
