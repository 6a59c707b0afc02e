"""An exclusion holds for a finding where path, location and detector all fit."""

import itertools

import pytest

from kysira.exclusions import ExclusionIndex, covers, excluded_by
from kysira.paths import readings
from kysira.types import Exclusion

PATTERNS = (
    "*", "query:*", "query:q", "query:q?", "qu*", "[q]uery:q", "*q", "", "json:*", "json:messages",
    "json:messages.content", "tool:*",
)  # fmt: skip
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


RULES = [
    Exclusion(prefix, pattern, detector, f"{prefix}{pattern}{detector}")
    for prefix, pattern, detector in itertools.product(("/", "/a"), PATTERNS, ("*", "xss"))
]


@pytest.mark.parametrize("order", [1, -1])
def test_index_finds_the_first_that_holds(order: int) -> None:
    """Looked up or compared, it is the one that stands first and holds in all three."""
    paths = [readings(target) for target in (b"/a/b", b"/ab", b"/%61", b"/a/..;/b", b"/")]
    rules = RULES[::order]
    for detector, location, path in itertools.product(("xss", "sqli"), LOCATIONS, paths):
        held = [
            rule for rule in rules
            if rule.detector in ("*", detector)
            and path.are_under(rule.path_prefix)
            and covers(rule.location, location)
        ]  # fmt: skip
        found = ExclusionIndex(rules, path).of(detector, location)
        assert found is (held[0] if held else None)


@pytest.mark.parametrize("pattern", ["form:f{}", "form:f{}[[]*"])
def test_many_values_ask_few_exclusions(pattern: str) -> None:
    """Of a thousand that begin otherwise, or are for another path, none is compared."""
    compared = 0

    class Word(str):
        """Counts how often it is compared."""

        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    rules = [Exclusion("/a", pattern.format(n), Word("xss")) for n in range(1000, 2000)]
    rules += [Exclusion("/b", "*", Word("xss"))] * 1000
    index = ExclusionIndex(rules, readings(b"/a"))
    suffix = "[0]" if "*" in pattern else ""
    found = [index.of("xss", f"form:f{n}{suffix}") for n in range(1000, 2000)]
    assert found == rules[:1000]
    assert index.of("xss", "form:other") is None
    assert compared < 20_000
