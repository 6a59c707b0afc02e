"""Both matchers read a pattern alike, on every value that a detector knows, in linear time."""

import threading
from concurrent.futures import ThreadPoolExecutor

import hyperscan
import pytest

from inference.detectors import load_detectors
from inference.matcher import (
    JOINT,
    HyperscanMatcher,
    Matcher,
    Pattern,
    Re2Matcher,
    compile_matcher,
    joint_pattern,
    matching_texts,
)
from inference.normalizer import read
from inference.rule_cache import cached_matcher
from tests.detector_cases import FOLDER, load_cases
from tests.inference.linearity import assert_linear, repeated

MATCHERS = (HyperscanMatcher, Re2Matcher)
SLUGS = sorted(path.stem for path in FOLDER.glob("*.jsonl"))
PATTERNS = [
    Pattern(rule.pattern, rule.is_case_sensitive)
    for detector in load_detectors()
    for rule in detector.rules
]
BEFORE = b"It was a bright cold day in April, and the clocks were striking: "


@pytest.fixture(scope="module")
def all_rules() -> tuple[Matcher, Matcher]:
    """Return the rules of every detector in both matchers."""
    return cached_matcher(PATTERNS), Re2Matcher(PATTERNS)


@pytest.mark.parametrize("kind", MATCHERS)
@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (Pattern("union select"), b"1 UNION SELECT 2", True),
        (Pattern("Runtime", is_case_sensitive=True), b"runtime", False),
        (Pattern("Runtime", is_case_sensitive=True), b"a Runtime", True),
        (Pattern("a.b"), b"a\nb", True),
        (Pattern("a.b"), b"a\xffb", True),
        (Pattern(r"a\x00b"), b"a\0b", True),
        (Pattern("^a"), b"b\na", False),
        (Pattern("é"), "É é".encode(), True),
        (Pattern(r"\xff\xd8"), b"\xff\xd8", True),
        (Pattern(r"[^a]b"), b"\x80b", True),
        (Pattern(r"a\z"), b"a\n", False),
        (Pattern(r"\bor\b"), b"or", True),
        (Pattern(r"\w{3}"), b"\xe9\xe9\xe9", False),
        (Pattern("a"), b"", False),
        (Pattern("a$"), b"ba\n", True),
        (Pattern("a$"), b"a\n\n", False),
        (Pattern("a$|b"), b"a", True),
        (Pattern(r"a\$"), b"a$b", True),
        (Pattern("a[$]b"), b"a$b", True),
        (Pattern("a[]$]b"), b"a$b", True),
        (Pattern("a[^]$]b"), b"a$b", False),
        (Pattern("a[[:alpha:]$]b"), b"a$b", True),
        (Pattern("a[[]$"), b"a[\n", True),
        (Pattern(r"a\sb"), b"a\x0bb", True),
        (Pattern(r"a[\s,]b"), b"a\x0bb", True),
        (Pattern(r"a[^\s]b"), b"a\x0bb", False),
        (Pattern(r"a\Sb"), b"a\x0bb", False),
    ],
)
def test_patterns_mean_bytes(
    kind: type[Matcher], pattern: Pattern, text: bytes, expected: bool
) -> None:
    """Case is ignored unless told, "." is any byte, "$" the end or before its newline."""
    assert kind([pattern]).match(text) == ([0] if expected else [])  # type: ignore[call-arg]


@pytest.mark.parametrize("kind", MATCHERS)
def test_indices_come_once_in_order(kind: type[Matcher]) -> None:
    """Every pattern that occurs, however often, by its place in the list."""
    patterns = [Pattern("c"), Pattern("B", is_case_sensitive=True), Pattern("a+"), Pattern("z")]
    assert kind(patterns).match(b"aaa B c a C a") == [0, 1, 2]  # type: ignore[call-arg]


@pytest.mark.parametrize("kind", MATCHERS)
@pytest.mark.parametrize("expression", ["(a", "(?<=a)b", r"(a)\1"])
def test_refused_pattern_is_named(kind: type[Matcher], expression: str) -> None:
    """Neither engine backtracks: what would need that is refused by name."""
    with pytest.raises(ValueError, match="refuses") as raised:
        kind([Pattern("fine"), Pattern(expression)])  # type: ignore[call-arg]
    assert repr(expression) in str(raised.value)


@pytest.mark.parametrize("kind", MATCHERS)
def test_threads_share_a_matcher(kind: type[Matcher]) -> None:
    """Many threads at once get the answers that one would."""
    matcher = kind([Pattern("a+b"), Pattern("c")])  # type: ignore[call-arg]
    texts = [b"a" * number + b"b" * (number % 2) + b"c" * (number % 3) for number in range(200)]
    alone = [matcher.match(text) for text in texts]
    barrier = threading.Barrier(4)

    def run() -> list[list[int]]:
        barrier.wait(10)
        return [matcher.match(text) for text in texts]

    with ThreadPoolExecutor(4) as threads:
        futures = [threads.submit(run) for _ in range(4)]
        assert all(future.result() == alone for future in futures)


@pytest.mark.parametrize("expression", [r"a\Z", r"\Ga", "(?m)^a", "(?i:a)(?x) b"])
def test_ends_that_joints_can_not_have_are_refused(expression: str) -> None:
    """Rather a start that fails than an attack that is missed among other values."""
    with pytest.raises(ValueError, match="write"):
        joint_pattern(Pattern(expression))


def test_texts_of_a_pattern_are_found() -> None:
    """Those that match, however they do; a pattern that costs too much finds them all."""
    joined = JOINT.join([b"one", b"two", b"", b"one more", b"end"])
    assert set(matching_texts(joint_pattern(Pattern("^one")), joined)) >= {b"one", b"one more"}
    assert b"two" not in set(matching_texts(joint_pattern(Pattern("more")), joined))
    assert set(matching_texts(Pattern("x*"), joined)) == set(joined.split(JOINT))
    many = JOINT.join([b"a%d" % number for number in range(200)])
    assert set(matching_texts(joint_pattern(Pattern(r"^a\d")), many)) == set(many.split(JOINT))


def test_fastest_matcher_is_taken() -> None:
    """Where hyperscan has a wheel it is what runs."""
    assert isinstance(compile_matcher([Pattern("a")]), HyperscanMatcher)


def test_compiled_database_is_reused() -> None:
    """A database that was stored matches like the one that was compiled."""
    patterns = [Pattern("a"), Pattern("b")]
    data = hyperscan.dumpb(HyperscanMatcher(patterns).database)
    loaded = HyperscanMatcher(patterns, database=hyperscan.loadb(data, hyperscan.HS_MODE_BLOCK))
    assert loaded.match(b"xb") == [1]


@pytest.mark.parametrize("slug", SLUGS)
def test_matchers_agree_on_every_case(all_rules: tuple[Matcher, Matcher], slug: str) -> None:
    """All rules find the same in every reading of every attack and near miss of a detector."""
    fast, portable = all_rules
    for case in load_cases(slug):
        for variant in read(case.input.encode("utf-8", "surrogateescape")).variants:
            sent = variant.text
            spaced = sent.replace(b" ", b"\x0b")
            # hyperscan has lost a pattern's match behind other text.
            for text in (sent, sent + b"\n", spaced, b"\xa0" + sent + b"\0", BEFORE + sent):
                found, expected = fast.match(text), portable.match(text)
                differing = [PATTERNS[i].expression for i in {*found} ^ {*expected}]
                assert found == expected, f"{case} {text!r}: {differing}"


def test_tables_are_there() -> None:
    """The agreement was proved on the cases of every detector."""
    assert {detector.slug for detector in load_detectors()} == set(SLUGS)


@pytest.mark.parametrize(
    "unit", [b"'", b"<", b"a ", b"select ", b"../", b"((", b"{{", b"${", b"\0", b"a@", b"=", b"/*"]
)
def test_rules_take_linear_time(all_rules: tuple[Matcher, Matcher], unit: bytes) -> None:
    """All rules together, on a megabyte of what they look for."""
    for matcher in all_rules:
        assert_linear(matcher.match, lambda size: repeated(unit, size))
