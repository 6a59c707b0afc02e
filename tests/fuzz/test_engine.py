"""The whole engine on any request: a verdict, the same each time, for work that is bounded."""

import dataclasses
from collections.abc import Sequence
from functools import cache

from hypothesis import given

from inference.bodies.compression import MAX_INFLATED_BYTES
from inference.detectors import load_detectors
from inference.engine import MAX_SCANNED_BYTES, Engine
from inference.matcher import Matcher, Pattern
from inference.normalizer import MAX_VARIANTS
from inference.rule_cache import cached_matcher
from inference.scanning import Scanner
from kysira.types import Exclusion, Request, ScoreOptions, Uninspected
from tests.fuzz.choices import built
from tests.fuzz.engines import rules_alone
from tests.fuzz.examples import examples
from tests.fuzz.hostile import request as any_request
from tests.fuzz.promises import OPTIONS, assert_fields, assert_scored, read_fields

LOOKS = 2
"""A text is matched with the others of its request, and once more alone."""


class CountingMatcher:
    """A matcher that knows how many bytes it was shown."""

    shown = 0

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._matcher: Matcher = cached_matcher(patterns)

    def match(self, text: bytes) -> list[int]:
        """Match and count."""
        CountingMatcher.shown += len(text)
        return self._matcher.match(text)


@cache
def counting_engine() -> Engine:
    """Return an engine that remembers nothing and counts what it scans."""
    detectors = load_detectors()
    scanner = Scanner(detectors, is_cached=False, compile_with=CountingMatcher)
    return Engine(detectors, scanner=scanner)


@examples(3000)
@given(built(any_request))
def test_any_request_has_a_verdict(request: Request) -> None:
    """Any bytes under any declaration: sound, the same again, and told when they came cut off."""
    verdict = assert_scored(rules_alone(), request)
    assert (Uninspected.OVERSIZE in verdict.uninspected) == request.body_truncated


@examples(1500)
@given(built(any_request))
def test_memory_changes_no_verdict(request: Request) -> None:
    """Values that were seen before, in whatever company, are judged as they were."""
    assert counting_engine().score(request, OPTIONS) == rules_alone().score(request, OPTIONS)


@examples(1500)
@given(built(any_request))
def test_headers_are_known_by_nothing_else_in_the_request(request: Request) -> None:
    """What came with them before, were it a text of its own, makes no header harmless."""
    rules_alone().score(request, OPTIONS)
    alone = Request("GET", b"/", request.headers)
    assert rules_alone().score(alone, OPTIONS) == counting_engine().score(alone, OPTIONS)


@examples(1500)
@given(built(any_request))
def test_work_is_bounded_by_input(request: Request) -> None:
    """No more bytes are scanned than the readings of the fields have, each twice at most."""
    fields, _ = read_fields(request)
    assert_fields(request, fields)
    sent = len(request.target) + len(request.body) + sum(len(v) for _, v in request.headers)
    before = CountingMatcher.shown
    counting_engine().score(request, OPTIONS)
    shown = CountingMatcher.shown - before
    values = sum(len(field.value) + 1 for field in fields) if not request.free_text else sent
    assert shown <= LOOKS * MAX_VARIANTS * (values + 1)
    assert shown <= 4 * MAX_SCANNED_BYTES + LOOKS * (sent + MAX_INFLATED_BYTES)


@examples(1500)
@given(built(any_request))
def test_options_leave_the_rest_alone(request: Request) -> None:
    """A detector that is left out, or all of whose findings are excluded, changes no other."""
    # An exclusion is for a path, and every path begins so.
    request = dataclasses.replace(request, target=b"/" + request.target)
    full = rules_alone().score(request, OPTIONS)
    for slug in {finding.detector for finding in full.findings[:2]}:
        without = rules_alone().score(request, ScoreOptions(disabled=frozenset({slug})))
        others = {name: score for name, score in full.breakdown.items() if name != slug}
        assert without.breakdown == others
        excluded = ScoreOptions(exclusions=(Exclusion(detector=slug),))
        assert rules_alone().score(request, excluded).breakdown == others | {slug: 0.0}


@examples(1000)
@given(built(any_request))
def test_more_header_hides_nothing(request: Request) -> None:
    """A header beside the others takes no finding away."""
    more = dataclasses.replace(request, headers=(*request.headers, ("x-more", b"red shoes")))
    before, after = (rules_alone().score(each, OPTIONS) for each in (request, more))
    assert after.breakdown == before.breakdown
