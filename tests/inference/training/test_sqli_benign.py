"""The near misses look like SQL and are none."""

import random

from inference.training.sqli_benign import filled, near_miss, statement
from inference.training.sqli_regex import Rules
from inference.training.sqli_rows import signs
from kysira.types import Request

WORDS = ("alpha", "city", "widget", "paint", "lamp", "garden", "travel", "music", "late", "red")


def test_near_misses_have_signs() -> None:
    """Most have a quote, a comment, an operator or a word of SQL: easy ones teach little."""
    rng = random.Random(1)
    found = [near_miss(rng, WORDS) for _ in range(2000)]
    assert all(found)
    assert sum(signs(text) > 0 for text in found) > 1000


def _decide(rules: Rules, text: str) -> bool:
    return rules.decides(Request("POST", b"/", body=text.encode(), free_text=True))


def test_rules_agree_that_they_are_benign() -> None:
    """The rules, which know nothing of the grammar, flag at most one in twenty."""
    rng, rules = random.Random(2), Rules()
    flagged = [_decide(rules, near_miss(rng, WORDS)) for _ in range(1000)]
    assert sum(flagged) <= 50


def test_statement_breaks_out_of_nothing() -> None:
    """A whole statement has as many quotes as it needs."""
    rng = random.Random(3)
    for _ in range(200):
        assert statement(rng, WORDS).count("'") % 2 == 0


def test_parts_are_filled_in() -> None:
    """Braces that are the text's own stay."""
    text = filled(random.Random(4), '{"{w}": [{d}]} {O} {W} {n} {h} {p} {e}', WORDS)
    assert text.startswith('{"')
    assert not {"{w}", "{d}", "{O}", "{W}", "{n}", "{h}", "{p}", "{e}"} & set(text.split())
