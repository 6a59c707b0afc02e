"""GraphQL documents: the values written into one are fields of their own."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.bodies.graphql import graphql_fields, is_graphql
from inference.bodies.structured import json_fields
from kysira.types import Place
from tests.inference.linearity import assert_linear, repeated

ATTACK = "' or 1=1 -- x"


def literals(document: str) -> list[tuple[str, str]]:
    found = graphql_fields(Place.JSON, "query", document.encode())
    return [(field.location, field.value.decode()) for field in found]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (f'{{ user(id: "{ATTACK}") {{ id }} }}', [("json:query.id", ATTACK)]),
        (f'mutation {{ post(in: {{ tags: ["a b", "{ATTACK}"] }}) }}',
         [("json:query.tags", "a b"), ("json:query.tags", ATTACK)]),
        (f'query Q($a: String = "{ATTACK}") {{ a(b: $a) }}', [("json:query.a", ATTACK)]),
        (f'{{ a(b: """\n  {ATTACK} \\""" "\n""") }}',
         [("json:query.b", f'\n  {ATTACK} """ "\n')]),
        (r'{ a(b: "x\" \u0027 or\n\u{31}=1 \/") }', [("json:query.b", "x\" ' or\n1=1 /")]),
        ('{ a # no "value b c" here\n (b: "d e") }', [("json:query.b", "d e")]),
        ('{ a(b: "plain", c: 7, d: RED) }', []),
        ('{ a(b: "one two" c: "three four") }',
         [("json:query.b", "one two"), ("json:query.c", "three four")]),
        ('{ a @include(if: "x y") }', [("json:query.if", "x y")]),
    ],
)  # fmt: skip
def test_literals_are_fields(document: str, expected: list[tuple[str, str]]) -> None:
    """Each by the argument it stands for, with its escapes undone; comments are none."""
    assert literals(document) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"{ a }", True), (b"  # note\n query { a }", True), (b"mutation M($a: B) { c }", True),
        (b"subscription{a}", True), (b"fragment F on T { a }", True),
        (b"query optimisation for beginners", False), (b"select 1", False), (b"", False),
        (b"queryable { a }", False),
    ],
)  # fmt: skip
def test_document_is_told_from_other_queries(text: bytes, expected: bool) -> None:
    """A search for words is no document."""
    assert is_graphql(text) is expected


def test_query_member_is_read() -> None:
    """Of JSON, the member that holds a document gives its literals, others do not."""
    document = f'{{ user(name: "{ATTACK}") {{ id }} }}'
    for key, expected in (("query", True), ("text", False)):
        found = json_fields(json.dumps([{key: document, "variables": {"a": "b c"}}]).encode())
        assert found is not None
        assert (("name" in {f.name.rpartition(".")[2] for f in found}) is expected) is True
        assert document.encode() in [field.value for field in found]


@settings(max_examples=400, deadline=None, database=None)
@given(
    st.binary(max_size=60)
    | st.lists(
        st.sampled_from(
            [b"{", b"a(", b"b:", b'"', b'"""', b"\\", b"#", b"\n", b"\\u00", b"\xff",
             b"\\u{110000}", b"query", b"x y", b"\\ud800", b"}"]
        ),
        max_size=30,
    ).map(b"".join)
)  # fmt: skip
def test_any_document_has_fields(document: bytes) -> None:
    """No bytes raise."""
    is_graphql(document)
    assert all(field.name.startswith("q.") for field in graphql_fields(Place.JSON, "q", document))


@pytest.mark.parametrize(
    "unit",
    [
        b'"',
        b'"""',
        b'\\"""',
        b'"\\',
        b"#",
        b"a",
        b"a ",
        b"a:",
        b'"""\\"""',
        b'""',
        b" ",
        b"#\n",
        b'"a" "',
    ],
)
@pytest.mark.parametrize("lead", [b"", b'"""', b"query "])
def test_document_takes_linear_time(unit: bytes, lead: bytes) -> None:
    """Whatever it is made of."""

    def read(document: bytes) -> None:
        is_graphql(document)
        list(graphql_fields(Place.JSON, "", document))

    assert_linear(read, lambda size: lead + repeated(unit, size))
