"""From a value to the rules it matches, remembered for values that come again."""

from collections.abc import Sequence

import pytest

from inference.detector import Detector, Rule
from inference.matcher import Matcher, Pattern, Re2Matcher
from inference.normalizer import Variant
from inference.scanning import CACHED_VALUE_BYTES, CACHED_VALUES, CacheInfo, Hit, Scanner

DETECTORS = (
    Detector("first", (Rule("tag", "<b>"), Rule("word", "Union", is_case_sensitive=True))),
    Detector("second", (Rule("quote", "' or"),)),
)


class CountingMatcher:
    """An RE2 matcher that knows how often it was asked."""

    asked = 0

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._matcher: Matcher = Re2Matcher(patterns)

    def match(self, text: bytes) -> list[int]:
        """Match and count."""
        self.asked += 1
        return self._matcher.match(text)


def test_hits_name_variant_and_rules() -> None:
    """Each reading that matches, with the steps to it and all rules of all detectors."""
    scanner = Scanner(DETECTORS)
    assert [(d.slug, r.technique) for d, r in scanner.rules] == [
        ("first", "tag"), ("first", "word"), ("second", "quote"),
    ]  # fmt: skip
    (hit,) = scanner.scan(b"%3cb%3e' or Union").hits[-1:]
    assert hit == Hit(Variant(b"<b>' or Union", ("percent",)), (0, 1, 2))
    assert scanner.scan(b"red shoes").hits == ()


@pytest.mark.parametrize("is_cached", [True, False])
def test_cache_changes_no_answer(is_cached: bool) -> None:
    """A value gets the same hits the first time, the second time, and without a cache."""
    scanner = Scanner(DETECTORS, is_cached=is_cached)
    for value in (b"<b>", b"red", b"<b>", b"%3Cb>", b"<b>"):
        assert scanner.scan(value) == Scanner(DETECTORS, is_cached=False).scan(value)
    assert scanner.cache_info() == (CacheInfo(2, 3) if is_cached else CacheInfo(0, 0))


def test_repeated_value_is_not_matched_again() -> None:
    """User agents and cookies come with every request; long values are not kept."""
    matchers: list[CountingMatcher] = []

    def compile_with(patterns: Sequence[Pattern]) -> Matcher:
        matchers.append(CountingMatcher(patterns))
        return matchers[0]

    scanner = Scanner(DETECTORS, compile_with=compile_with)
    for size, asked in ((CACHED_VALUE_BYTES, 1), (CACHED_VALUE_BYTES + 1, 3)):
        matchers[0].asked = 0 if size == CACHED_VALUE_BYTES else 1
        for _ in range(2):
            scanner.scan(b"a." * (size // 2) + b"a" * (size % 2))
        assert matchers[0].asked == asked


def test_cache_is_bounded() -> None:
    """More values than are kept push the oldest out."""
    scanner = Scanner(DETECTORS)
    for number in range(CACHED_VALUES + 10):
        scanner.scan(b"value-%d" % number)
    scanner.scan(b"value-0")
    assert scanner.cache_info().hits == 0
    scanner.scan(b"value-%d" % (CACHED_VALUES + 9))
    assert scanner.cache_info().hits == 1


def test_refused_pattern_stops_the_start() -> None:
    """A rule that can't be compiled is an error that shows it."""
    with pytest.raises(ValueError, match=r"refuses '\(a'"):
        Scanner((Detector("broken", (Rule("x", "(a"),)),))
