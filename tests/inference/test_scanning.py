"""From a value to the rules it matches, remembered for values that come again."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.detector import Detector, Rule
from inference.detectors import load_detectors
from inference.matcher import Matcher, Pattern, Re2Matcher
from inference.normalizer import Variant
from inference.rule_cache import cached_matcher
from inference.scanning import (
    CACHED_VALUE_BYTES,
    CACHED_VALUES,
    HARMLESS,
    CacheInfo,
    Hit,
    Scan,
    Scanner,
)
from tests.detector_cases import load_cases

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
    value = b"%3cb%3e' or Union"
    scans = scanner.scan((value, b"red shoes"))
    (hit,) = scans.of(value).hits[-1:]
    assert hit == Hit(Variant(b"<b>' or Union", ("percent",)), (0, 1, 2))
    assert scans.of(b"red shoes") is HARMLESS
    assert [*scans.notable] == [value]


@pytest.mark.parametrize("is_cached", [True, False])
def test_cache_changes_no_answer(is_cached: bool) -> None:
    """A value gets the same hits the first time, the second time, and without a cache."""
    scanner = Scanner(DETECTORS, is_cached=is_cached)
    for value in (b"<b>", b"red", b"<b>", b"%3Cb>", b"<b>"):
        assert scanner.scan((value,)) == Scanner(DETECTORS, is_cached=False).scan((value,))
    assert scanner.cache_info() == (CacheInfo(2, 3) if is_cached else CacheInfo(0, 0))


VALUES = st.lists(
    st.binary(max_size=40)
    | st.sampled_from([b"<b>", b"%3cb%3e", b"' or", b"Union", b"x\xff<b>", b"\xff", b"a" * 2000])
    | st.text(max_size=20).map(str.encode),
    max_size=6,
)


@settings(max_examples=400, deadline=None, database=None)
@given(VALUES, st.booleans())
def test_together_is_as_alone(values: list[bytes], is_cached: bool) -> None:
    """What is found in a value does not depend on what it is scanned with."""
    alone = Scanner(DETECTORS, is_cached=False)
    together = CACHED if is_cached else alone
    scans = together.scan(values)
    for value in values:
        assert scans.of(value) == alone.scan((value,)).of(value)
    assert scans.cost == sum(alone.scan((value,)).cost for value in values)


CACHED = Scanner(DETECTORS)


def test_every_attack_is_found_in_company() -> None:
    """Between harmless values, as in a request, each value of every detector's table hits alike."""
    detectors = load_detectors()
    alone = Scanner(detectors, is_cached=False, compile_with=cached_matcher)
    company = [b"red shoes", b"/products/123-blue", b"Mozilla/5.0 (X11; Linux x86_64)", b"a%20b"]
    seen = 0
    for detector in detectors:
        for case in load_cases(detector.slug):
            value = case.input.encode("utf-8", "surrogateescape")
            together = alone.scan([*company[:2], value, *company[2:]])
            assert together.of(value) == alone.scan((value,)).of(value), case
            seen += 1
    assert seen > 1000


@pytest.mark.parametrize("end", ["^a", r"\Aa", "a$", r"a\z", r"\ba\b", "^a$"])
def test_ends_hold_among_others(end: str) -> None:
    """An anchored rule matches at the ends of its value, and nowhere else."""
    scanner = Scanner((Detector("d", (Rule("end", end),)),), is_cached=False)
    scans = scanner.scan((b"b", b"a", b"b"))
    assert [*scans.notable] == [b"a"]
    assert not scanner.scan((b"bab", b"b")).notable


def test_other_threads_see_no_wrong_scan() -> None:
    """While an attack's scan is being kept, nobody is told that it is harmless."""
    scanner = Scanner(DETECTORS)
    memory, seen = scanner._memory, []
    assert memory
    keep = memory.keep

    def keep_and_ask(scans: Mapping[bytes, Scan]) -> None:
        keep(scans)
        seen.append(scanner.scan((b"<b>",)).of(b"<b>").hits)

    memory.keep = keep_and_ask  # type: ignore[method-assign]
    assert scanner.scan((b"red", b"<b>")).of(b"<b>").hits
    assert seen
    assert all(seen)


def test_equal_values_cost_each() -> None:
    """The engine confirms each of them, so that repeating a value evades no budget."""
    scanner = Scanner(DETECTORS)
    once = scanner.scan((b"%3cb%3e' or",)).cost
    assert scanner.scan((b"%3cb%3e' or",) * 50).cost == 50 * once


def test_repeated_value_is_not_matched_again() -> None:
    """User agents and cookies come with every request; long values are not kept."""
    matchers: list[CountingMatcher] = []

    def compile_with(patterns: Sequence[Pattern]) -> Matcher:
        matchers.append(CountingMatcher(patterns))
        return matchers[-1]

    scanner = Scanner(DETECTORS, compile_with=compile_with)

    def asked() -> int:
        return sum(matcher.asked for matcher in matchers)

    for size, expected in ((CACHED_VALUE_BYTES, 0), (CACHED_VALUE_BYTES + 1, 1)):
        value = b"a." * (size // 2) + b"a" * (size % 2)
        scanner.scan((value,))
        before = asked()
        scanner.scan((value,))
        assert asked() - before == expected


def test_harmless_values_are_matched_at_once() -> None:
    """However many values a request has, one look at all of them clears it."""
    matchers: list[CountingMatcher] = []

    def compile_with(patterns: Sequence[Pattern]) -> Matcher:
        matchers.append(CountingMatcher(patterns))
        return matchers[-1]

    scanner = Scanner(DETECTORS, compile_with=compile_with)
    scanner.scan([b"value-%d%%20x" % number for number in range(50)])
    assert sum(matcher.asked for matcher in matchers) == 1


def test_cache_is_bounded() -> None:
    """More values than are kept push the oldest out."""
    scanner = Scanner(DETECTORS)
    for number in range(2 * CACHED_VALUES):
        scanner.scan((b"value-%d" % number,))
    scanner.scan((b"value-0",))
    assert scanner.cache_info().hits == 0
    scanner.scan((b"value-%d" % (2 * CACHED_VALUES - 1),))
    assert scanner.cache_info().hits == 1


def test_refused_pattern_stops_the_start() -> None:
    """A rule that can't be compiled is an error that shows it."""
    with pytest.raises(ValueError, match=r"refuses '\(a'"):
        Scanner((Detector("broken", (Rule("x", "(a"),)),))
