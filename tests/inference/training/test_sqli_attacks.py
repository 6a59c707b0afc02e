"""The grammar makes injections of every kind."""

import random
import re

from inference.training.sqli_attacks import HOLE, attack
from inference.training.sqli_regex import Rules
from inference.training.sqli_rows import signs

WORDS = ("alpha", "city", "widget")


def test_no_hole_is_left() -> None:
    """Every name in braces is filled in, to any depth."""
    rng = random.Random(1)
    for _ in range(3000):
        text = attack(rng, WORDS)
        assert text
        for hole in HOLE.findall(text):
            assert hole in WORDS, text  # a JSON path may be {alpha}


def test_kinds_are_many() -> None:
    """Unions, conditions, delays, errors, stacked statements, JSON operators: none is missing."""
    rng = random.Random(2)
    found = [attack(rng, WORDS) for _ in range(4000)]
    for sign in (
        r"union.+select", r"\bor\b", r"sleep", r"extractvalue", r";\s*drop", r"jsonb",
        r"order.{1,9}by", r"xp_cmdshell", r"case.+when", r"/\*\*/", r"'\s*--", r"into.{1,9}outfile",
    ):  # fmt: skip
        assert any(re.search(sign, text, re.DOTALL) for text in found), sign


def test_most_are_found_by_the_rules() -> None:
    """They are injections by another judge's word, and not all: a model has something to add."""
    rng, rules = random.Random(3), Rules()
    found = [rules.is_sql(attack(rng, WORDS)) for _ in range(300)]
    assert 0.5 < sum(found) / len(found) < 0.98


def test_same_seed_makes_the_same() -> None:
    """A run can be repeated."""
    first, second = ([attack(random.Random(7), WORDS) for _ in range(3)] for _ in range(2))
    assert first == second
    assert signs(first[0]) > 0
