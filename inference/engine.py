"""The engine: a request in, a verdict out. Pure: no I/O, no clock, no environment."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, groupby, islice
from types import MappingProxyType

from inference.bodies import body_fields
from inference.detector import Detector
from inference.fields import CHAT_PLACES, Field, head_fields
from inference.harmless_headers import REMEMBERED, HarmlessHeaders, Headers
from inference.model_stage import Candidates, ModelStage
from inference.model_types import Classifier
from inference.scanning import HARMLESS, CacheInfo, Scanner, Scans
from inference.scoring import (
    decides,
    field_findings,
    suspicion_of,
    verdict,
)
from kysira.exclusions import ExclusionIndex
from kysira.paths import readings
from kysira.types import Exclusion, Finding, Place, Request, ScoreOptions, Uninspected, Verdict

MAX_FIELDS = 10_000
"""Values read one by one per request; the others are read as one, and ``uninspected{budget}``."""
_BATCH_FIELDS = 100
_BATCH_BYTES = 4096
"""This many values, or values this long, are scanned together before the budget is looked at."""
MAX_SCANNED_BYTES = 1 << 20
"""Cost of scans after which values are only read as sent; after twice as much, as one."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the rules said, and which values the models still have to see."""

    options: ScoreOptions
    findings: tuple[Finding, ...]
    problems: frozenset[Uninspected]
    candidates: Sequence[Candidates]
    """Values for the models; none when the rules have decided already."""
    excluded: tuple[str, ...] = ()
    """Names of the exclusions that counted."""

    @property
    def needs_models(self) -> bool:
        """Return True when a model has to be asked, which takes milliseconds."""
        return any(not each.are_known for each in self.candidates)


class _Scope:
    """What a policy lets count for one request."""

    __slots__ = ("_exclusions", "_index", "_left_out", "_target", "hits")

    def __init__(
        self, left_out: frozenset[str], exclusions: tuple[Exclusion, ...], target: bytes
    ) -> None:
        self.hits: dict[str, None] = {}
        """Names of the exclusions that have dropped or withheld something, in order."""
        self._left_out = left_out
        self._exclusions = exclusions
        self._target = target
        self._index: ExclusionIndex | None = None

    def holds(self, detector: str, location: str) -> bool:
        if detector in self._left_out:
            return False
        if not self._exclusions:
            return True
        if self._index is None:  # most requests have nothing that one could hold for
            self._index = ExclusionIndex(self._exclusions, readings(self._target))
        exclusion = self._index.of(detector, location)
        if exclusion is not None:
            self.hits[exclusion.name] = None
        return exclusion is None


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
        self._headers = HarmlessHeaders(REMEMBERED if self._scanner.is_cached else 0)
        self._harmless = lru_cache(16)(self._nothing_found)
        self._models = ModelStage(self._detectors, classifiers) if classifiers else None

    @property
    def backings(self) -> dict[str, str]:
        """Map every enabled detector's slug to ``model`` or ``regex``, whichever backs it."""
        modelled = self._models.slugs if self._models else frozenset()
        return {d.slug: "model" if d.slug in modelled else "regex" for d in self._detectors}

    def cache_info(self) -> CacheInfo:
        """Return how often a value, or a header, had been seen before since the start."""
        hits, misses = self._scanner.cache_info()
        return CacheInfo(hits + self._headers.hits, misses)

    def score(self, request: Request, options: ScoreOptions) -> Verdict:
        """Return the verdict on any request at all; never raises on what a client sent."""
        return self.conclude(self.inspect(request, options))

    def inspect(self, request: Request, options: ScoreOptions) -> Inspection:
        """Run the rules: fast, and enough for most requests."""
        problems: set[Uninspected] = set()
        if request.body_truncated:
            problems.add(Uninspected.OVERSIZE)
        scope = _Scope(options.disabled | self._disabled, options.exclusions, request.target)
        findings: list[Finding] = []
        chat: list[Field] = []
        read: list[Field] = []
        # Of a free text no header is looked at: none of its headers may become known.
        headers = () if request.free_text else self._headers.unseen(request)
        for fields, scans in self._scans(_fields(request, headers, problems, chat), problems):
            read += fields
            if scans.notable:
                findings += self._notable(fields, scans, scope, problems)
        candidates: Sequence[Candidates] = ()
        if self._models and not decides(findings, options):
            candidates, is_whole = self._models.candidates([*read, *chat], scope.holds)
            if not is_whole:
                problems.add(Uninspected.BUDGET)
        if not (findings or problems or candidates or options.disabled or options.exclusions):
            self._headers.add(headers)
        hits = tuple(scope.hits)
        return Inspection(options, tuple(findings), frozenset(problems), candidates, hits)

    def _scans(
        self, fields: Iterator[Field], problems: set[Uninspected]
    ) -> Iterator[tuple[Sequence[Field], Scans]]:
        """Yield fields with what is found in them, until the budget is spent and then the rest."""
        scanner, left, unread = self._scanner, MAX_SCANNED_BYTES, MAX_FIELDS
        while batch := list(islice(fields, min(unread, _BATCH_FIELDS))):
            unread -= len(batch)
            for part, values in _parts(batch):
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

    def _notable(
        self,
        fields: Sequence[Field],
        scans: Scans,
        scope: _Scope,
        problems: set[Uninspected],
    ) -> Iterator[Finding]:
        for field in fields:
            scan = scans.of(field.value)
            if scan is HARMLESS:
                continue
            if not scan.is_whole:
                problems.add(Uninspected.BUDGET)
            for finding in field_findings(field, scan.hits, self._scanner.rules):
                if scope.holds(finding.detector, finding.location):
                    yield finding

    def conclude(self, inspection: Inspection) -> Verdict:
        """Ask the models what is left to ask, and join everything into a verdict."""
        findings, problems = inspection.findings, inspection.problems
        if self._models and inspection.candidates:
            suspicion = suspicion_of(findings)
            more, is_whole = self._models.judge(
                inspection.candidates, suspicion, inspection.options.threshold_of
            )
            findings = (*findings, *more)
            problems |= frozenset() if is_whole else {Uninspected.BUDGET}
        return self._verdict(inspection, findings, problems)

    def conclude_without_models(self, inspection: Inspection, problem: Uninspected) -> Verdict:
        """Return what the rules alone say, and why the models said nothing."""
        problems = inspection.problems | {problem}
        return self._verdict(inspection, inspection.findings, problems)

    def _verdict(
        self, inspection: Inspection, findings: Sequence[Finding], problems: Set[Uninspected]
    ) -> Verdict:
        harmless = self._harmless(inspection.options.disabled)
        excluded = inspection.excluded
        if not findings and not problems and not excluded:
            return harmless
        return verdict(findings, harmless.breakdown, problems, excluded)

    def _nothing_found(self, disabled: frozenset[str]) -> Verdict:
        run = [d.slug for d in self._detectors if d.slug not in disabled]
        return Verdict(breakdown=MappingProxyType(dict.fromkeys(run, 0.0)))


def _parts(batch: list[Field]) -> Iterator[tuple[list[Field], list[bytes]]]:
    """Yield the batch and its values, a long one in parts: the budget is looked at in between."""
    values = [field.value for field in batch]
    if sum(map(len, values)) <= _BATCH_BYTES:
        yield batch, values
        return
    start = size = 0
    for number, value in enumerate(values, 1):
        size += len(value)
        if size > _BATCH_BYTES:
            yield batch[start:number], values[start:number]
            start, size = number, 0
    if start < len(batch):
        yield batch[start:], values[start:]


def _rest(fields: Iterator[Field], problems: set[Uninspected]) -> Iterator[Field]:
    """Yield the fields that are left as one of each place: padding must not hide an attack."""
    for place, group in groupby(fields, key=lambda field: field.place):
        problems.add(Uninspected.BUDGET)
        yield Field(place, "", b"\n".join([field.value for field in group]))


def _fields(
    request: Request, headers: Headers, problems: set[Uninspected], chat: list[Field]
) -> Iterator[Field]:
    """Return the values that the rules are run over: of its headers only these.

    Those of a chat that hold no more than its values once more go to ``chat``, for the models.
    """
    if request.free_text:
        return iter((Field(Place.BODY, "", request.body),))
    if not request.body:
        return head_fields(request, headers)
    return chain(head_fields(request, headers), _without_chat(body_fields(request, problems), chat))


def _without_chat(fields: Iterator[Field], chat: list[Field]) -> Iterator[Field]:
    for field in fields:
        if field.place in CHAT_PLACES:
            chat.append(field)
        else:
            yield field
