"""The parts of the SQL patterns: what they are written out to, and that signs leave nothing out."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.detector import confirmed_by
from inference.fields import Field
from inference.matcher import Pattern, Re2Matcher
from inference.sql_grammar import _PARTS, expand, sign_of
from kysira.types import Place

FIELD = Field(Place.QUERY, "id", b"")


def matches(pattern: str, text: str) -> bool:
    """Return True when the pattern, its parts written out, matches somewhere in the text."""
    return confirmed_by(expand(pattern))(FIELD, text.encode("latin-1"))


def test_expand_writes_names_and_blanks_out() -> None:
    """Braces with a name, and the blank; repeats and other braces stay."""
    assert expand(r"a\hb") == r"a[\s+\xa0]b"
    assert expand("{or}") == r"(?:x?or\b|and\b|\|\||&&)"
    assert expand("x{2}y{1,3}z{,4}") == "x{2}y{1,3}z{,4}"
    assert expand("") == ""
    assert expand(expand("{first_or}{statement}")) == expand("{first_or}{statement}")


@pytest.mark.parametrize("pattern", ["{nothing}", "{or}{ands}"])
def test_expand_refuses_unknown_names(pattern: str) -> None:
    """A misspelt part is an error when the detector is loaded, not a pattern that never matches."""
    with pytest.raises(KeyError):
        expand(pattern)


@pytest.mark.parametrize("name", _PARTS)
def test_parts_are_whole(name: str) -> None:
    """Each is written out to the end, and makes a pattern of its own."""
    part = expand(f"{{{name}}}")
    assert part == _PARTS[name]
    assert not re.search(r"\{[a-z_]+\}|\\h", part)
    Re2Matcher((Pattern(part), Pattern(sign_of(part))))


@pytest.mark.parametrize(
    ("pattern", "sign"),
    [
        ("a{1,32}", "a+"), ("a{0,8}", "a*"), ("[ab]{2,}", "[ab]+"),
        ("(?:a{1,2}b){0,3}", "(?:a+b)*"), ("a{3}", "a{3}"), ("a{1,3}?", "a+?"),
        ("a+b*c?", "a+b*c?"), ("", ""),
    ],
)  # fmt: skip
def test_sign_has_no_bounds(pattern: str, sign: str) -> None:
    """Counted repeats become unbounded, all else stays."""
    assert sign_of(pattern) == sign


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("^{statement}", "select 1,2"), ("^{statement}", "SELECT password FROM users"),
        ("^{statement}", "select(1)"), ("^{statement}", "select'a'"),
        ("^{statement}", "select*from"), ("^{statement}", "select+a.b,c"),
        ("^{statement}", "select  concat (x"), ("^{statement}", "drop table x"),
        ("^{statement}", "insert  into t values"),
        ("^{statement}", "insert+ignore+into t"), ("^{statement}", "update t set a"),
        ("^{statement}", "waitfor delay"), ("^{statement}", "exec('x')"),
        ("^{statement}", "exec xp_cmdshell"), ("^{statement}", "declare @a int"),
        ("{union}{all}select", "1 union select"), ("{union}{all}select", "1union all(select"),
        ("{union}{all}select", "union--x\nselect"), ("{union}{all}select", "union\xa0select"),
        ("{union}{all}select", "union distinct select"), ("{first_or}", "1 or "),
        ("{first_or}", "-1) and not "), ("{first_or}", "/a/1 or "), ("{first_or}", "?id=1||"),
        ("^{literal}", "0x1f"), ("^{literal}", "'it'"), ("^{literal}", "null"),
        ("^{subquery}", "(select("), ("^{subquery}", "any((select "), ("^{function}", "sleep ("),
        ("^{function}", "ascii(x"), ("^{name}", "@@version"),
        ("^{compare}", "= 1"), ("^{compare}", "like 'a'"), ("^{compare}", "is not null"),
        ("^{end}", "--"), ("^{end}", "/*"), ("^{when}", "case when "), ("^{xp}", "xp_cmdshell"),
    ],
)  # fmt: skip
def test_part_is_sql(pattern: str, text: str) -> None:
    """What each part is for."""
    assert matches(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("^{statement}", "select a plan"), ("^{statement}", "selection (1)"),
        ("^{statement}", "selected from stock"), ("^{statement}", "selected, then sorted"),
        ("^{statement}", "update your profile"), ("^{statement}", "drop it"),
        ("^{statement}", "create account"), ("^{statement}", "insert coin"),
        ("^{statement}", "delete me from the list"), ("^{statement}", "call me"),
        ("{union}{all}select", "union of selected"), ("{union}{all}select", "reunion select"),
        ("^{first_or}", "oranges, and"), ("^{function}", "user(s)"), ("^{function}", "row(s)"),
        ("^{literal}", "nullable"), ("^{kind}", "tables"), ("^{or}", "order"), ("^{or}", "android"),
    ],
)  # fmt: skip
def test_part_is_no_english(pattern: str, text: str) -> None:
    """And what it is not for."""
    assert not matches(pattern, text)


GUARDED = {
    "union": ("{union}{all}select", "{any_union}select"),
    "statement": (r";\h*{statement}", r";\h*{any_statement}"),
    "compared": ("{first_or}(?:{literal}|@@[a-z]{1,32}){rest}{compared}", "{any_compare}"),
    "condition": ("{start}{close}{condition}{literal}{rest}{compared}", "{any_compare}"),
    "call": (r"{first_or}(?:{subquery}|{function}|{when}|\(\d+,\d)", "{any_or}{any_call}"),
    "literal": ("{first_or}{literal}", "{any_or}{any_literal}"),
    **{name: (f"{{{name}}}", sign_of(expand(f"{{{name}}}"))) for name in sorted(_PARTS)},
}


@pytest.mark.parametrize("name", GUARDED)
def test_sign_lets_everything_through(name: str) -> None:
    """Whatever the exact pattern matches, the smaller one does."""
    pattern, sign = (expand(text) for text in GUARDED[name])
    exact, small = confirmed_by(pattern), confirmed_by(sign)
    as_python = re.compile(pattern.encode(), re.DOTALL)

    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=[*HealthCheck])
    @given(st.from_regex(as_python))
    def holds(text: bytes) -> None:
        if exact(FIELD, text):
            assert small(FIELD, text)

    holds()
