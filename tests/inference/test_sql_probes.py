"""Fragments of SQL that are a whole short value, and not the words that prose shares with them."""

import pytest

from inference.sql_probes import RULES
from tests.inference.linearity import assert_linear, repeated
from tests.inference.rules_alone import flags


@pytest.mark.parametrize(
    ("technique", "text"),
    [
        ("function_call", "json_keys(1)"),
        ("function_call", "user()"),
        ("json_operator", "'[1]'::jsonb @> '1'"),
        ("cast", "'1'::int"),
        ("schema_name", "pg_catalog.pg_class"),
        ("tautology", "7=7"),
        ("tautology", "'a' like 'a"),
        ("operator", "1 is not null"),
        ("operator", "a<=>b"),
        ("quote_operator", "a' mod 2"),
        ("quote_operator", "a '-' b"),
        ("quote_operator", "'='"),
        ("chained", "1 and x='"),
        ("chained", "or x = 'a"),
        ("variable_query", "@a:=(select 1)"),
        ("statement", "x' into outfile '/x"),
        ("statement", "1 except select 2"),
        ("case_when", "case when 1 then 2 end"),
        ("optimizer_hint", "1 /*+ a */"),
        ("scientific_notation", "1.e(2)"),
        ("overlay", "overlay(a placing b from 1)"),
        ("quote_clause", "a' having count(b)>1"),
        ("escaped_quote", "a\\' or 'b"),
        ("dangling", ") as a from b"),
        ("unfinished", "select a from b where"),
        ("unfinished", "-1 union"),
        ("number_comment", "1--"),
        ("number_comment", "1#\nunion"),
        ("parenthesis_comment", "(a or @b) --"),
        ("number_clause", "1 limit 1,2#"),
        ("number_clause", "1union select 2"),
        ("probe_hash", "select md5(123)"),
    ],
)
def test_technique_is_found(technique: str, text: str) -> None:
    """One example of each, and of what the rule has to look twice at."""
    assert technique in flags(RULES, text)


@pytest.mark.parametrize(
    "text",
    [
        "json keys (1)",
        "users()",
        "a::b",
        "7=8",
        "lang=lang",
        "a like b",
        "'city' = 'city'",
        "=COALESCE(A1,B1)",
        '=OR(A1="b",A2="c")',
        "it is not null and void",
        "a<b",
        "dogs' are not null",
        "'a'",
        "1 and 2",
        "and so = on",
        "@a = b",
        "in case of fire then run",
        "/* a */",
        "1.e4",
        "overlay (a) placing",
        "(1) - 2",
        "limit 1",
        "select a from b",
        "union",
        "12 Union",
        "5--7",
        "1 -- 2",
        "md5",
    ],
)
def test_near_miss_passes(text: str) -> None:
    """What people write who mean no harm."""
    assert not flags(RULES, text)


@pytest.mark.parametrize(
    "unit", ["case when ", "or a='", "union ", "'is not ", "(1) --", "::int"], ids=str
)
def test_text_takes_linear_time(unit: str) -> None:
    """Checks too look at each byte a bounded number of times."""
    assert_linear(
        lambda text: flags(RULES, text.decode()), lambda n: repeated(unit.encode(), n // 10)
    )
