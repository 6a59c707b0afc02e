"""Findings from hits, a verdict from findings, and what a policy leaves out."""

from dataclasses import replace

import pytest

from inference.detector import Detector, Rule
from inference.detectors import load_detectors
from inference.fields import Field
from inference.normalizer import Variant
from inference.scanning import Hit, Scanner
from inference.scoring import (
    decides,
    field_findings,
    verdict,
)
from kysira.exclusions import excluded_by
from kysira.paths import readings
from kysira.types import Exclusion, Finding, Place, ScoreOptions, Uninspected
from tests.inference.linearity import repeated

QUERY = Field(Place.QUERY, "q", b"")


def findings(field: Field, *detectors: Detector) -> list[Finding]:
    """Return what the detectors find in the field."""
    scanner = Scanner(detectors, is_cached=False)
    return field_findings(field, scanner.scan((field.value,)).of(field.value).hits, scanner.rules)


def of(value: bytes, *rules: Rule, place: Place = Place.QUERY) -> Finding | None:
    """Return what these rules find in the value."""
    found = findings(Field(place, "q", value), Detector("test", rules))
    return found[0] if found else None


def test_techniques_join_by_noisy_or() -> None:
    """Different weak signs make a stronger one; the same sign twice does not."""
    rules = (Rule("a", "aa", 0.5), Rule("b", "bb", 0.6), Rule("b", "b", 0.3))
    both, one = of(b"aa bb", *rules), of(b"b-", *rules)
    assert both
    assert one
    assert both.score == pytest.approx(0.8)
    assert both.reason == "test:b"
    assert one.score == pytest.approx(0.3)


def test_score_has_four_digits() -> None:
    """What a header shows is the value that was compared, and it stays below 1."""
    rules = [Rule(str(number), "x", 1 / 3) for number in range(3)]
    third = of(b"x-", *rules)
    assert third
    assert third.score == 0.7037
    sure = of(b"x-", *(Rule(str(number), "x", 0.99) for number in range(9)))
    assert sure
    assert sure.score == 0.9999
    assert float(f"{third.score:.4f}") == third.score


def test_detectors_own_combination_holds() -> None:
    """A detector may join its scores otherwise."""
    flat = Detector("flat", (Rule("a", "aa"), Rule("b", "bb")), combine=lambda scores: 0.95)
    assert [finding.score for finding in findings(QUERY._replace(value=b"aa bb"), flat)] == [0.95]


def test_rule_holds_in_its_places() -> None:
    """A rule for some places finds nothing elsewhere."""
    rule = Rule("a", "x-y", places=frozenset({Place.COOKIE}))
    assert of(b"x-y", rule) is None
    assert of(b"x-y", rule, place=Place.COOKIE)


def test_check_confirms() -> None:
    """A check sees the field and the variant that matched, and decides."""
    seen: list[tuple[str, bytes]] = []

    def check(field: Field, text: bytes) -> bool:
        seen.append((field.name, text))
        return text.endswith(b"!")

    assert of(b"%61-", Rule("a", "^a", check=check)) is None
    assert of(b"%61!", Rule("a", "^a", check=check))
    assert seen == [("q", b"a-"), ("q", b"a!")]


def test_rejected_rule_leaves_others() -> None:
    """A technique's weaker rule counts when the check of the stronger one says no."""
    strong = Rule("a", "x", 0.99, check=lambda field, text: False)
    found = of(b"x-", strong, Rule("a", "x", 0.4))
    assert found
    assert found.score == pytest.approx(0.4)


def test_finding_tells_where_and_how() -> None:
    """Reason, place, the steps to the reading that matched, and where in it."""
    rule = Rule("a", "<b>", reason="Detected a tag")
    found = of(b"1 %253cb%253e", rule)
    assert found == Finding(
        "test", 0.99, "Detected a tag (decoded)", "query:q", ("percent", "percent"), (2, 5), "<b>"
    )
    plain = of(b"1 <b>", rule)
    assert plain
    assert (plain.reason, plain.steps, plain.span) == ("Detected a tag", (), (2, 5))


def test_each_detector_has_its_finding() -> None:
    """One value can be a finding of several detectors."""
    found = findings(
        QUERY._replace(value=b"a-b"), Detector("one", (Rule("a", "a"),)),
        Detector("two", (Rule("b", "b"),)), Detector("three", (Rule("c", "c"),)),
    )  # fmt: skip
    assert [finding.detector for finding in found] == ["one", "two"]


@pytest.mark.parametrize("detector", load_detectors(), ids=lambda detector: detector.slug)
def test_every_pattern_has_a_span(detector: Detector) -> None:
    """Every rule's pattern is fit for the search of its span, which comes with the first match."""
    for rule in detector.rules:
        rules = ((detector, replace(rule, check=None, places=None)),)
        (found,) = field_findings(QUERY, [Hit(Variant(b"a b", ()), (0,))], rules)
        assert found.span == (0, 0)


def test_span_of_long_value_is_quick() -> None:
    """A span is found without captures, in time that is linear in the value."""
    value = repeated(b"ab ", 500_000) + b"<x>"
    found = of(value, Rule("a", r"(<(x)>)"))
    assert found
    assert found.span == (len(value) - 3, len(value))


@pytest.mark.parametrize(
    ("exclusion", "expected"),
    [
        (Exclusion(), True),
        (Exclusion("/api"), True),
        (Exclusion("/api/"), True),
        (Exclusion("/other"), False),
        (Exclusion("/ap"), False),
        (Exclusion("/api/v1/x"), False),
        (Exclusion(location="query:q"), True),
        (Exclusion(location="query:*"), True),
        (Exclusion(location="QUERY:q"), False),
        (Exclusion(location="form:q"), False),
        (Exclusion(detector="xss"), True),
        (Exclusion(detector="sqli"), False),
        (Exclusion("/api", "query:*", "sqli"), False),
    ],
)
def test_exclusion_needs_all_three(exclusion: Exclusion, expected: bool) -> None:
    """Path prefix, location and detector must all fit."""
    paths = readings(b"/api/v1?q=1")
    found = excluded_by("xss", "query:q", paths, [Exclusion("/none"), exclusion, Exclusion()])
    assert (found is exclusion) is expected
    assert excluded_by("xss", "query:q", paths, []) is None


@pytest.mark.parametrize(
    "target",
    [
        b"/static/../admin", b"/static/%2e%2e/admin", b"/static/..%2fadmin", b"/static/..;/admin",
        b"/static/..;a=b/admin", b"/static/..\\admin", b"/static/..%5cadmin", b"/static//../../x",
        b"/static/%252e%252e/admin", b"/static/..%c0%afadmin", b"/static/x/..",
    ],
)  # fmt: skip
def test_climbing_path_profits_from_nothing(target: bytes) -> None:
    """What is excluded under a folder can't be used from elsewhere through that folder."""
    paths = readings(target)
    assert excluded_by("xss", "query:q", paths, [Exclusion("/static")]) is None
    assert excluded_by("xss", "query:q", paths, [Exclusion("/")])


@pytest.mark.parametrize(
    "target",
    [b"/%73tatic/x", b"//static/x", b"/static%2fx", b"/static;a/x", b"/static\\x", b"/statics/x"],
)
def test_path_that_some_app_reads_otherwise_profits_from_nothing(target: bytes) -> None:
    """An exclusion holds where no app can take the path for another."""
    assert excluded_by("xss", "query:q", readings(target), [Exclusion("/static")]) is None


@pytest.mark.parametrize("target", [b"/static/a..b?c=/../", b"/static/...", b"/static/a%20b"])
def test_ordinary_path_is_under_its_folder(target: bytes) -> None:
    """Dots in a name climb nowhere."""
    assert excluded_by("xss", "query:q", readings(target), [Exclusion("/static")])


def finding(detector: str, score: float, reason: str = "why") -> Finding:
    return Finding(detector, score, reason, "query:q")


def test_verdict_keeps_the_best_of_each() -> None:
    """The best finding of each detector, highest first; the first of equals stays."""
    found = [
        finding("xss", 0.5), finding("sqli", 0.9, "a"), finding("sqli", 0.9, "b"),
        finding("xss", 0.7), finding("xss", 0.6),
    ]  # fmt: skip
    result = verdict(found, {"sqli": 0.0, "xss": 0.0, "crlf": 0.0}, [])
    assert result.findings == (finding("sqli", 0.9, "a"), finding("xss", 0.7))
    assert (result.score, result.reason, result.detector) == (0.9, "a", "sqli")
    assert result.breakdown == {"sqli": 0.9, "xss": 0.7, "crlf": 0.0}


def test_verdict_tells_exclusions() -> None:
    """Those that counted are told with findings and without."""
    assert verdict([], {}, [], ("cms",)).excluded == ("cms",)
    assert verdict([finding("xss", 0.5)], {}, [], ("cms",)).excluded == ("cms",)


def test_verdict_of_nothing_is_zero() -> None:
    """Detectors that found nothing are in the breakdown; problems come in a fixed order."""
    result = verdict([], {"sqli": 0.0}, {Uninspected.PARSE, Uninspected.BUDGET})
    assert (result.score, result.reason, result.detector) == (0.0, "", "")
    assert result.breakdown == {"sqli": 0.0}
    assert result.uninspected == (Uninspected.BUDGET, Uninspected.PARSE)


def test_decided_by_own_threshold() -> None:
    """A finding decides when it reaches its own detector's threshold."""
    options = ScoreOptions(threshold=0.9, thresholds={"xss": 0.5, "sqli": 0.99})
    assert decides([finding("sqli", 0.95), finding("xss", 0.5)], options)
    assert decides([finding("crlf", 0.9)], options)
    assert not decides([finding("sqli", 0.95), finding("xss", 0.49)], options)
    assert not decides([], options)


def test_faint_finding_is_a_score_and_no_more() -> None:
    """What has no reason counts in the breakdown and the score, and nobody is told."""
    found = [finding("sqli", 0.3, ""), finding("xss", 0.2)]
    result = verdict(found, {"sqli": 0.0, "xss": 0.0}, [])
    assert (result.score, result.reason, result.detector) == (0.3, "", "")
    assert result.breakdown == {"sqli": 0.3, "xss": 0.2}
    assert result.findings == (finding("xss", 0.2),)


@pytest.mark.parametrize(
    ("location", "pattern", "expected"),
    [
        ("tool:messages", "tool:*", True),
        ("tool:messages", "json:*", True),
        ("chat:messages", "json:messages.content.text", True),
        ("chat:messages", "json:messages", True),
        ("chat:messages", "json:messages_old.text", False),
        ("json:messages", "tool:*", False),
        ("json:messages", "json:messages.content", False),
    ],
)
def test_exclusion_of_a_document_covers_its_messages(
    location: str, pattern: str, expected: bool
) -> None:
    """Values that are made of others are left out with any of them."""
    exclusions = (Exclusion(location=pattern),)
    assert bool(excluded_by("xss", location, readings(b"/"), exclusions)) == expected
