"""From a value to the rules it matches: normalise, match every variant, remember values."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from inference.detector import Detector, Rule
from inference.matcher import Matcher, Pattern, compile_matcher
from inference.normalizer import MAX_BYTES, Variant, is_inert, read

CACHED_VALUE_BYTES = 1024
"""Longer values are not remembered, so that the cache holds about 16 MB at most of ordinary values.

One in which rules match is kept with those of its readings: 100 MB if all were attacks.
"""
CACHED_VALUES = 8192
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
    cost: int
    """Bytes scanned, and ``VARIANT_COST`` for each variant and each rule to confirm."""


class Scanner:
    """Matches the rules of every detector in one pass over each variant of a value."""

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
        self._matcher: Matcher = compile_with(tuple(sharing))
        self._scan_cached = lru_cache(CACHED_VALUES)(self._scan) if is_cached else None

    def scan(self, value: bytes, max_bytes: int = MAX_BYTES) -> Scan:
        """Return the variants of the value that match a rule; linear in ``len(value)``.

        Of a long value about ``max_bytes`` of variants are scanned.
        """
        if self._scan_cached is None or len(value) > CACHED_VALUE_BYTES:
            return self._scan(value, max_bytes)
        return self._scan_cached(value)

    def scan_as_sent(self, value: bytes) -> Scan:
        """Return what matches the value itself: one cheap look."""
        return self._as_sent(value, is_whole=is_inert(value))

    def _as_sent(self, value: bytes, *, is_whole: bool) -> Scan:
        hit = self._match(Variant(value, ()))
        if hit is None:
            return Scan((), is_whole, len(value) + VARIANT_COST)
        return Scan((hit,), is_whole, _cost((value,), (hit,)))

    def _scan(self, value: bytes, max_bytes: int = MAX_BYTES) -> Scan:
        if is_inert(value):  # as most are: there is nothing else to read in it
            return self._as_sent(value, is_whole=True)
        variants, is_whole = read(value, max_bytes)
        hits = tuple(hit for variant in variants if (hit := self._match(variant)))
        return Scan(hits, is_whole, _cost([text for text, _ in variants], hits))

    def _match(self, variant: Variant) -> Hit | None:
        matched = self._matcher.match(variant.text)
        if not matched:
            return None
        return Hit(variant, tuple(sorted(rule for i in matched for rule in self._rules_of[i])))

    def cache_info(self) -> CacheInfo:
        """Return hits and misses since the start."""
        if self._scan_cached is None:
            return CacheInfo(0, 0)
        info = self._scan_cached.cache_info()
        return CacheInfo(info.hits, info.misses)


def _cost(texts: Sequence[bytes], hits: Sequence[Hit]) -> int:
    confirmed = sum(len(hit.rules) for hit in hits)
    return sum(map(len, texts)) + VARIANT_COST * (len(texts) + confirmed)
