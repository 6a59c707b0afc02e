"""What detectors are made of: how scores join, and how a large pattern is confirmed."""

import pytest

from inference.detector import Detector, Rule, confirmed_by, noisy_or
from inference.fields import Field
from kysira.types import Place

FIELD = Field(Place.QUERY, "q", b"")


@pytest.mark.parametrize(
    ("scores", "joined"),
    [
        ([], 0.0), ([0.0], 0.0), ([0.5], 0.5), ([0.5, 0.5], 0.75), ([0.6, 0.7], 0.88),
        ([0.97, 0.97], 0.9991), ([1.0], 0.9999), ([0.99] * 9, 0.9999),
    ],
)  # fmt: skip
def test_independent_signs_add_up(scores: list[float], joined: float) -> None:
    """The probability that one of them is right, and never certainty."""
    assert noisy_or(scores) == pytest.approx(joined)
    assert noisy_or(reversed(scores)) == pytest.approx(joined)


@pytest.mark.parametrize(
    ("pattern", "text", "is_found"),
    [
        ("union select", b"1 UNION SELECT 2", True), ("a.b", b"a\nb", True),
        (r"a\z", b"a\n", False), ("a$", b"a\n", True), (r"a\sb", b"a\x0bb", True),
        ("é", "é".encode(), True), (r"\xff", b"\xff", True), ("(?-i:A)", b"a", False),
        ("a", b"", False), ("", b"", True), ("^b", b"a\nb", False),
    ],
)  # fmt: skip
def test_pattern_is_confirmed(pattern: str, text: bytes, is_found: bool) -> None:
    """It is read as the rules' patterns are."""
    assert confirmed_by(pattern)(FIELD, text) is is_found


def test_other_check_is_asked_first() -> None:
    """The cheaper one decides whether the pattern is searched at all, and both must agree."""
    asked: list[bytes] = []

    def is_long(field: Field, text: bytes) -> bool:
        assert field is FIELD
        asked.append(text)
        return len(text) > 3

    check = confirmed_by("a", after=is_long)
    assert [check(FIELD, text) for text in (b"a", b"aaaa", b"bbbb")] == [False, True, False]
    assert asked == [b"a", b"aaaa", b"bbbb"]


def test_rule_says_why() -> None:
    """A reason of its own, or slug and technique."""
    plain, told = Rule("union", "union select"), Rule("union", "x", reason="Detected a union")
    detector = Detector("sqli", (plain, told))
    assert [detector.reason(rule) for rule in detector.rules] == ["sqli:union", "Detected a union"]
    assert detector.combine([0.5, 0.5]) == 0.75
