"""SQL operators that follow a quote, and quotes that people write."""

import pytest

from inference.sql_breakouts import RULES
from kysira.types import Place
from tests.inference.linearity import assert_linear, repeated
from tests.inference.rules_alone import flags


@pytest.mark.parametrize(
    ("technique", "text"),
    [
        ("quote_comment", "a' or b notnull--"),
        ("quote_comment", "a'<b--"),
        ("quote_comment", "1='1' or-- -"),
        ("quote_boolean", "a' or b like c escape 'd'"),
        ("quote_boolean", "' or true;"),
        ("quote_boolean", "1' and f(a) and 'b"),
        ("quote_end", "a@b.example';--"),
        ("quote_end", "a@b.example'/**/;"),
        ("quote_end", "7');--"),
        ("tautology", "'a', '1'='1'"),
        ("tautology", "'31'='31"),
        ("number_comment", "or 1#"),
        ("statement_comment", "drop t;--"),
        ("statement_comment", "1;delete b;--"),
        ("statement_comment", "a;drop table b;--"),
        ("number_clause", "1 and select a from b where c=1"),
        ("number_clause", "1 group by 1 having 1=1"),
        ("comment_blanks", "drop/**/t"),
        ("comment_blanks", "un/**/ion"),
        ("odbc_escape", "1 or {f length(a)}"),
        ("schema", "from information_schema.tables"),
        ("dangling", '") as `a` from'),
        ("time_delay", ";sleep(5)"),
        ("time_delay", "slEEp(5)"),
        ("cast", "password::int"),
    ],
)
def test_technique_is_found(technique: str, text: str) -> None:
    """One example of each, and of what the rule has to look twice at."""
    assert technique in flags(RULES, text)


@pytest.mark.parametrize(
    "text",
    [
        "the boys' and girls' --",
        "Don't stop--",
        "'til then and after",
        "5' 10\";",
        "'a@b.example';",
        "a='1' b='2'",
        "or so",
        "drop t; -- a remark",
        "select/* a remark */ one",
        "a or {b}",
        "from information_schema import a",
        "as `a` from",
        "sleep(5) more",
        "sleep(5)",
        "`Sleep(5)`",
        "a@b.example';",
        "'a' = 'a' in b",
        "drop it;--",
        "create a; update b;--",
        "1 and select a from the b",
        "1 group by 1 having lunch",
        "std::int",
    ],
)
def test_near_miss_passes(text: str) -> None:
    """What people write who mean no harm."""
    assert not flags(RULES, text)


@pytest.mark.parametrize(
    ("text", "name", "place", "is_found"),
    [
        ("a@b.example';", "email", Place.FORM, True),
        ("a@b.example';", "comment", Place.FORM, False),
        ("sleep(5)", "user_id", Place.QUERY, True),
        ("sleep(5)", "itemId", Place.QUERY, True),
        ("sleep(5)", "paid", Place.QUERY, False),
        ("sleep(5)", "a", Place.COOKIE, True),
        ("/a/sleep(5)", "", Place.PATH, True),
    ],
)
def test_code_counts_where_nobody_writes_it(
    text: str, name: str, place: Place, is_found: bool
) -> None:
    """What may be a line of code in a comment is none where one logs in or sends a number."""
    assert bool(flags(RULES, text, place, name)) is is_found


@pytest.mark.parametrize("unit", ["' or a", "drop/*", ";--", "'1'='2'", "or {a ", "a'<"], ids=str)
def test_text_takes_linear_time(unit: str) -> None:
    """Checks too look at each byte a bounded number of times."""
    assert_linear(
        lambda text: flags(RULES, text.decode()), lambda n: repeated(unit.encode(), n // 10)
    )
