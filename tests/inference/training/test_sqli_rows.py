"""Rows lose what tells their source, and become the values that the engine would show."""

import pytest

from inference.fields import Field
from inference.training.data import Row
from inference.training.sqli_rows import (
    MAX_TEXTS,
    is_asked,
    is_injection,
    placements,
    request_fields,
    signs,
    texts,
    values,
)
from kysira.types import Place, Request


def row(text: str, *, source: str = "list", is_attack: bool = False) -> Row:
    return Row(source, "MIT", is_attack, "sqli" if is_attack else "", text=text)


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ("benign_tldr_markdown", "cp {{path/to/file}} x", b"cp path/to/file x"),
        ("benign_praw", "a <TEST_SUBREDDIT> b", b"a value b"),
        ("kaggle_modified_sql", "1'  or  (  1  =  1  )", b"1' or (1 = 1)"),
        ("benign_urls_ada", "a=1 &amp; b", b"a=1 & b"),
        ("list", "a {{7*7}} b", b"a {{7*7}} b"),
    ],
)
def test_artefact_of_a_source_is_masked(source: str, text: str, expected: bytes) -> None:
    """What only one source writes says nothing of attacks; others keep theirs."""
    assert values(row(text, source=source)) == [Field(Place.QUERY, "q", expected)]


def test_target_is_read_as_a_request() -> None:
    """The values of a URL are learned, not the URL's shape."""
    fields = values(row("/shop?name=it's+late&page=2"))
    assert Field(Place.QUERY, "name", b"it's late") in fields


def test_attack_is_in_one_field() -> None:
    """The other fields of an attack's URL are no attacks."""
    attack = row("/shop?name=flower+pot+small&id=1'+or+'1'='1", is_attack=True)
    assert values(attack) == [Field(Place.QUERY, "id", b"1' or '1'='1")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1' or '1'='1", True),
        ("' union select 1", True),
        ("update", False),
        ("'test", False),
        ("'='", False),
        ("", False),
    ],
)
def test_fragment_is_no_injection(text: str, expected: bool) -> None:
    """Lists of payloads hold words that say nothing alone."""
    assert is_injection(text) is expected


def test_signs_are_counted() -> None:
    """Quotes, comments, operators and words of SQL count, letters within words don't."""
    assert signs("' or 1=1--") == 4
    assert signs("for a border") == 0


def test_only_what_the_engine_asks_about_is_shown() -> None:
    """Plain words reach no model; a word of SQL beside a quote does; an encoded one too."""
    assert not is_asked(Field(Place.QUERY, "q", b"flower pot"))
    assert is_asked(Field(Place.QUERY, "q", b"it or 's"))
    assert is_asked(Field(Place.QUERY, "q", b"it or %2527s"))
    shown = texts([Field(Place.QUERY, "q", b"flower pot"), Field(Place.QUERY, "r", b"a or %27b")])
    assert shown == ["a or 'b"]


def test_long_request_is_shown_from_both_ends() -> None:
    """No more texts than the engine shows, the first and the last among them."""
    fields = [Field(Place.QUERY, "q", f"it or '{number}".encode()) for number in range(50)]
    shown = texts(fields)
    assert len(shown) == MAX_TEXTS
    assert (shown[0], shown[-1]) == ("it or '0", "it or '49")


def test_payload_stands_in_three_places() -> None:
    """Query, form and JSON hold the same value."""
    payload = '1\' or "1"=1 & é;%27'
    found = [
        [field.value.decode() for field in request_fields(request) if field.name in ("q", "")]
        for request in placements(row(payload))
    ]
    assert len(found) == 3
    assert all(payload in each for each in found)


def test_request_stands_as_it_is() -> None:
    """A row that is a request is judged as that request."""
    request = Request("GET", b"/a?b=c")
    assert list(placements(Row("s", "MIT", False, "", request=request))) == [request]
