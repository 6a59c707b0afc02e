"""An exclusion holds for a finding exactly where the engine says so."""

import itertools

import pytest

from inference import scoring
from kysira.exclusions import covers, excluded_by
from kysira.paths import readings
from kysira.types import Exclusion

PATTERNS = ("*", "query:*", "query:q", "json:*", "json:messages", "json:messages.content", "tool:*")
LOCATIONS = ("query:q", "query:qq", "json:messages", "chat:messages", "tool:messages", "path")


@pytest.mark.parametrize(
    ("pattern", "location", "is_covered"),
    [
        ("query:q", "query:q", True),
        ("query:q", "query:Q", False),
        ("form:a[[]0]", "form:a[0]", True),
        ("form:a[0]", "form:a[0]", False),
        ("json:messages", "chat:messages", True),
        ("json:messages.0.content", "tool:messages", True),
        ("json:other", "chat:messages", False),
        ("form:*", "chat:messages", False),
    ],
)
def test_pattern_covers(pattern: str, location: str, is_covered: bool) -> None:
    """A pattern is a shell's; a message is left out where its parts are."""
    assert covers(pattern, location) is is_covered


def test_first_exclusion_counts() -> None:
    """Of several the first is named: its hits are counted."""
    both = (Exclusion("/a", "query:*", "xss", "first"), Exclusion("/", "query:q", "*", "second"))
    found = excluded_by("xss", "query:q", readings(b"/a/b?q=1"), both)
    assert found is both[0]
    found = excluded_by("sqli", "query:q", readings(b"/a/b?q=1"), both)
    assert found is both[1]
    assert excluded_by("sqli", "query:r", readings(b"/a"), both) is None


def test_climbing_path_has_no_exclusion() -> None:
    """What may lead anywhere is under no prefix."""
    one = (Exclusion("/a", "*", "*", "one"),)
    assert excluded_by("xss", "query:q", readings(b"/a/../b?q=1"), one) is None


def test_engine_agrees() -> None:
    """The engine drops the same findings."""
    paths = [readings(target) for target in (b"/a/b", b"/ab", b"/%61", b"/a/..;/b", b"/")]
    rules = [
        Exclusion(prefix, pattern, detector, f"{prefix}{pattern}")
        for prefix, pattern, detector in itertools.product(("/", "/a"), PATTERNS, ("*", "xss"))
    ]
    cases = itertools.product(("xss", "sqli"), LOCATIONS, paths, rules)
    for detector, location, path, rule in cases:
        ours = excluded_by(detector, location, path, [rule])
        assert ours is scoring.excluded_by(detector, location, path, [rule])
