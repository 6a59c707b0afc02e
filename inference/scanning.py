"""From a value to the rules it matches: normalise, match every variant, remember values."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from inference.detector import Detector, Rule
from inference.matcher import Matcher, Pattern, compile_matcher
from inference.normalizer import Variant, variants

CACHED_VALUE_BYTES = 1024
"""Longer values are not remembered, so that the cache holds about 16 MB at most of ordinary values.

One in which rules match is kept with those of its readings: 100 MB if all were attacks.
"""
CACHED_VALUES = 8192


class CacheInfo(NamedTuple):
    """How often a value had been seen before."""

    hits: int
    misses: int


class Hit(NamedTuple):
    """One variant of a value and the indices of the rules that match it."""

    variant: Variant
    rules: tuple[int, ...]


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
        patterns = [Pattern(rule.pattern, rule.is_case_sensitive) for _, rule in self.rules]
        self._matcher: Matcher = compile_with(patterns)
        self._scan_cached = lru_cache(CACHED_VALUES)(self._scan) if is_cached else None

    def scan(self, value: bytes) -> tuple[Hit, ...]:
        """Return the variants of the value that match a rule; linear in ``len(value)``."""
        if self._scan_cached is None or len(value) > CACHED_VALUE_BYTES:
            return self._scan(value)
        return self._scan_cached(value)

    def _scan(self, value: bytes) -> tuple[Hit, ...]:
        found = []
        for variant in variants(value):
            rules = self._matcher.match(variant.text)
            if rules:
                found.append(Hit(variant, tuple(rules)))
        return tuple(found)

    def cache_info(self) -> CacheInfo:
        """Return hits and misses since the start."""
        if self._scan_cached is None:
            return CacheInfo(0, 0)
        info = self._scan_cached.cache_info()
        return CacheInfo(info.hits, info.misses)
