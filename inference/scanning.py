"""From values to the rules they match: normalise, match every variant, remember values."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from inference.detector import Detector, Rule
from inference.matcher import (
    JOINT,
    Matcher,
    Pattern,
    compile_matcher,
    joint_pattern,
    matching_texts,
)
from inference.memory import Memory
from inference.normalizer import MAX_BYTES, Reading, Variant, read, to_decode

CACHED_VALUE_BYTES = 1024
"""Longer values are not remembered, so that the cache holds about 4 MB at most of ordinary values.

One in which rules match is kept with those of its readings: 25 MB if all were attacks.
"""
CACHED_VALUES = 2048
"""More would push out of the processor's own cache what every request needs."""
VARIANT_COST = 128
"""Bytes whose scan takes as long as making a variant and starting to scan it."""


class CacheInfo(NamedTuple):
    """How often a value had been seen before."""

    hits: int
    misses: int


class Hit(NamedTuple):
    """One variant of a value and the indices of the rules that match it."""

    variant: Variant
    rules: tuple[int, ...]


class Scan(NamedTuple):
    """What the rules found in a value."""

    hits: tuple[Hit, ...]
    is_whole: bool
    """Whether every reading of the value was scanned."""
    extra_cost: int
    """Bytes scanned beside the value, and ``VARIANT_COST`` for each other variant and each rule."""


HARMLESS = Scan((), True, 0)
"""Nothing matches in the only reading of the value, as in most."""


class Scans(NamedTuple):
    """What the rules found in several values."""

    notable: Mapping[bytes, Scan]
    """The values with hits, or that were not read whole."""
    cost: int
    """Bytes scanned, and ``VARIANT_COST`` for each variant and each rule to confirm."""

    def of(self, value: bytes) -> Scan:
        """Return what was found in one of the values, leaving out what it cost."""
        return self.notable.get(value, HARMLESS)


_LOCATED_PATTERNS = 4
"""Of more patterns it takes longer to find the texts they match than to match every text."""


class Scanner:
    """Matches the rules of every detector over each variant of the values."""

    def __init__(
        self,
        detectors: Sequence[Detector],
        *,
        is_cached: bool = True,
        compile_with: Callable[[Sequence[Pattern]], Matcher] = compile_matcher,
    ) -> None:
        """Compile the rules; raise ValueError naming the pattern that the matcher refuses."""
        self.rules: tuple[tuple[Detector, Rule], ...] = tuple(
            (detector, rule) for detector in detectors for rule in detector.rules
        )
        # Several rules may share a pattern and differ in their checks: it is compiled once.
        sharing: dict[Pattern, list[int]] = {}
        for number, (_, rule) in enumerate(self.rules):
            sharing.setdefault(Pattern(rule.pattern, rule.is_case_sensitive), []).append(number)
        self._rules_of = tuple(sharing.values())
        with ThreadPoolExecutor(1) as threads:  # hyperscan compiles without the interpreter's lock
            self._joint_patterns = tuple(map(joint_pattern, sharing))
            joint = threads.submit(compile_with, self._joint_patterns)
            self._matcher: Matcher = compile_with(tuple(sharing))
            self._joint_matcher: Matcher = joint.result()
        self._memory: Memory[bytes, Scan] | None = Memory(CACHED_VALUES) if is_cached else None
        self._hits = self._misses = 0

    def scan(self, values: Sequence[bytes], max_bytes: int = MAX_BYTES) -> Scans:
        """Return what matches in the values; linear in their length.

        Of a long value about ``max_bytes`` of variants are scanned. Known values cost next to
        nothing, and harmless ones are matched all at once: pass the values of a request together.
        """
        fresh: Sequence[bytes] = values
        found: dict[bytes, Scan] = {}
        if self._memory:
            fresh = []
            for value, scan in zip(values, self._memory.recall(values), strict=True):
                if scan is None:
                    fresh.append(value)
                elif scan is not HARMLESS:
                    found[value] = scan
        self._hits += len(values) - len(fresh)
        self._misses += len(fresh)
        if fresh:
            found.update(self._scan_fresh(fresh, max_bytes))
        return _scans(values, found)

    def scan_as_sent(self, values: Sequence[bytes]) -> Scans:
        """Return what matches the values themselves: one cheap look."""
        odd = set(to_decode(values))
        readings = {value: _as_sent(value, is_whole=value not in odd) for value in values}
        return _scans(values, {value: self._scan_reading(r) for value, r in readings.items()})

    def _scan_fresh(self, values: Sequence[bytes], max_bytes: int) -> dict[bytes, Scan]:
        """Return the scans of those that are not ``HARMLESS``, and remember them all."""
        short = [value for value in values if len(value) <= CACHED_VALUE_BYTES]
        found = self._scan_short(short) if short else {}
        if self._memory:
            # In one go: other threads must see no scan but the right one.
            known = dict.fromkeys(short, HARMLESS)
            known.update(found)
            self._memory.keep(known)
        if len(short) < len(values):
            for value in values:
                if len(value) > CACHED_VALUE_BYTES:
                    found[value] = self._scan_long(value, max_bytes)
        return found

    def _scan_short(self, values: Sequence[bytes]) -> dict[bytes, Scan]:
        readings = {value: read(value) for value in to_decode(values)}
        texts = list(values)
        for reading in readings.values():
            texts += reading.texts[1:]
        found = {v: Scan((), r.is_whole, _extra_cost(r.variants, ())) for v, r in readings.items()}
        if suspects := self._suspects(texts):
            for value in values:
                known = readings.get(value)
                if value in suspects or (known and not suspects.isdisjoint(known.texts)):
                    found[value] = self._scan_reading(known or _as_sent(value))
        return found

    def _suspects(self, texts: Sequence[bytes]) -> Set[bytes]:
        """Return the texts in which a rule may match: none, as in most requests, or few."""
        joined = JOINT.join(texts)
        patterns = self._joint_matcher.match(joined)
        if not patterns:
            return frozenset()
        if len(patterns) > _LOCATED_PATTERNS or joined.count(JOINT) >= len(texts):
            return set(texts)
        found: set[bytes] = set()
        for index in patterns:
            located = set(matching_texts(self._joint_patterns[index], joined))
            if not located:  # should the two engines ever disagree, nothing is missed
                return set(texts)
            found |= located
        return found

    def _scan_long(self, value: bytes, max_bytes: int) -> Scan:
        is_odd = to_decode((value,))
        return self._scan_reading(read(value, max_bytes) if is_odd else _as_sent(value))

    def _scan_reading(self, reading: Reading) -> Scan:
        hits = tuple(hit for variant in reading.variants if (hit := self._match(variant)))
        return Scan(hits, reading.is_whole, _extra_cost(reading.variants, hits))

    def _match(self, variant: Variant) -> Hit | None:
        matched = self._matcher.match(variant.text)
        if not matched:
            return None
        return Hit(variant, tuple(sorted(rule for i in matched for rule in self._rules_of[i])))

    @property
    def is_cached(self) -> bool:
        """Return True when values are remembered."""
        return self._memory is not None

    def cache_info(self) -> CacheInfo:
        """Return hits and misses since the start, none without a cache."""
        return CacheInfo(self._hits, self._misses) if self._memory else CacheInfo(0, 0)


def _as_sent(value: bytes, *, is_whole: bool = True) -> Reading:
    return Reading((Variant(value, ()),), is_whole)


def _scans(values: Sequence[bytes], found: Mapping[bytes, Scan]) -> Scans:
    cost = sum(map(len, values)) + VARIANT_COST * len(values)
    if not found:
        return Scans(found, cost)
    notable = {v: scan for v, scan in found.items() if scan.hits or not scan.is_whole}
    extra = sum([found[value].extra_cost for value in values if value in found])
    return Scans(notable, cost + extra)


def _extra_cost(variants: Sequence[Variant], hits: Iterable[Hit]) -> int:
    confirmed = sum(len(hit.rules) for hit in hits)
    others = variants[1:]
    return sum(len(text) for text, _ in others) + VARIANT_COST * (len(others) + confirmed)
