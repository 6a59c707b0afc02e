"""The sqli model sees what could be SQL, and is spared what plainly is not."""

import pytest

from inference.fields import Field
from inference.sql_gate import may_be_sql
from kysira.types import Place


def passes(text: str, place: Place = Place.QUERY) -> bool:
    return may_be_sql(Field(place, "q", text.encode()), text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "1' or '1'='1",
        "1 or 1=1",
        "1 or 2",
        "1 union select 1,2,3 from users",
        "admin'--",
        'admin" #',
        "x'or'1'='1",
        "1;drop table users",
        "1 order by 7",
        "1 && sleep(5)",
        "-1 having 1",
        "1 limit 0,1",
        "(select(0)from(select(sleep(5)))v)",
        "'||(select 1)||'",
        "1) and (2 in (3)",
        "@@version",
        "O'Brien' or 'a",
        "1'/**/and/**/1",
    ],
)
def test_what_could_be_sql_passes(text: str) -> None:
    """A word or operator with a sign, a comment behind a quote, or what follows a number."""
    assert passes(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4f2a-99b1",
        "a/b.c:d",
        "It's Ann's, and it isn't yours or mine",
        "select",
        "please order by phone or mail and wait for the answer",
        "between ten and twelve",
        "'ann@example.com';",
        "6' 2\"",
        "$result = $callback($value);",
        'printf("a\\n");',
        "7*7=49, (6*7)=42",
        "# a heading",
        "well -- perhaps",
        "f(x)",
    ],
)
def test_what_is_plainly_no_sql_does_not(text: str) -> None:
    """Quotes, brackets, comments or words alone."""
    assert not passes(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)", False),
        ("text/html;q=0.9,*/*;q=0.8", False),
        ("Mozilla/5.0' or 1=1", True),
        ("x-- ", True),
    ],
)
def test_headers_need_more(text: str, expected: bool) -> None:
    """Every browser's headers have brackets and operators."""
    assert passes(text, Place.HEADER) == expected
