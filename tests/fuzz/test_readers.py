"""The readers of containers, on any bytes and on what the grammars write: all of it, once."""

import json
from typing import Any
from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st

from inference.bodies.forms import multipart_fields
from inference.bodies.graphql import graphql_fields
from inference.bodies.structured import json_fields, json_strings, xml_fields
from inference.fields import Field, head_fields, is_plain, pair_fields
from kysira.types import Place, Request, Uninspected
from tests.fuzz.choices import Choices, built
from tests.fuzz.containers import (
    PLAIN,
    graphql_body,
    json_body,
    multipart_body,
    pairs,
    xml_body,
)
from tests.fuzz.examples import examples
from tests.fuzz.hostile import changed, soup
from tests.fuzz.hostile import value as any_value
from tests.fuzz.spellings import text_of

TYPES = (
    b"multipart/form-data; boundary=XyZ", b"multipart/form-data", b"a/b; boundary=",
    b"a; boundary=x; boundary=XyZ", b'boundary="-"',
)  # fmt: skip
LOCATION_BYTES = 1 << 10
"""More than any name of a field that a path is cut to: 256 characters of at most four bytes."""


def size(fields: list[Field]) -> int:
    return sum(len(field.value) for field in fields)


def some_pairs(choices: Choices) -> bytes:
    """Return a query or a form, perhaps damaged."""
    return changed(choices, pairs(choices, any_value(choices)))


@examples(4000)
@given(built(some_pairs))
def test_pairs_are_all_read(text: bytes) -> None:
    """Each value and name that could matter, decoded once, and little beside them."""
    found = [*pair_fields(Place.QUERY, text)]
    values = {field.value for field in found}
    decoded = parse_qsl(text.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
    for pair in decoded:
        name, value = (each.encode("latin-1") for each in pair)
        assert is_plain(value) or value in values
        assert name.replace(b"_", b"").isalnum() or is_plain(name) or name in values
    assert size(found) <= 3 * len(text) + 3
    assert len(found) <= 3 * (text.count(b"&") + 1)


@examples(2000)
@given(built(any_value), built(any_value))
def test_head_is_all_read(target: bytes, cookie: bytes) -> None:
    """Path and cookies are split without loss, whatever is in them."""
    path = target.partition(b"?")[0]
    request = Request("GET", target, (("cookie", cookie), ("x-a", cookie)))
    found = [*head_fields(request)]
    of = {place: [f.value for f in found if f.place is place] for place in Place}
    assert of[Place.PATH][:1] == ([path] if len(path) > 1 else [])
    assert is_plain(cookie) or of[Place.HEADER] == [cookie]
    for pair in cookie.split(b";"):
        value = pair.strip().partition(b"=")[2]
        assert is_plain(value) or value in of[Place.COOKIE]
    assert size(found) <= 4 * (len(target) + 2 * len(cookie)) + 8


def some_json(choices: Choices) -> bytes:
    """Return documents, perhaps damaged."""
    return changed(choices, json_body(choices, any_value(choices)).data)


def strings(document: Any) -> set[str]:
    """Return every string of a document that is no key."""
    found, left = set(), [document]
    while left:
        node = left.pop()
        if isinstance(node, str):
            found.add(node)
        elif isinstance(node, dict | list):
            left += node.values() if isinstance(node, dict) else node
    return found


@examples(4000)
@given(built(some_json))
def test_json_is_all_read(text: bytes) -> None:
    """Every string of what Python takes for JSON is a field; what it takes for none is told."""
    found = json_fields(text)
    try:
        document = json.loads(text.decode("utf-8", "surrogateescape"), strict=False)
    except (ValueError, RecursionError):
        document = None
    else:
        assert found is not None
    values = {field.value for field in found or ()}
    for string in strings(document):
        value = string.encode("utf-8", "surrogatepass" if has_halves(string) else "surrogateescape")
        assert is_plain(value) or value in values
    assert size(found or []) <= 2 * len(text) + 3
    assert all(len(field.name) <= 256 for field in found or ())


def has_halves(string: str) -> bool:
    """Return True for a string that an escape has given half a character."""
    return any("\ud800" <= char <= "\udfff" and not "\udc80" <= char <= "\udcff" for char in string)


@examples(2000)
@given(built(some_json))
def test_almost_json_is_all_read(text: bytes) -> None:
    """The text itself, and no more than once again its strings."""
    found = [*json_strings(text)]
    assert found[-1] == Field(Place.BODY, "", text)
    assert size(found) <= 2 * len(text)


@examples(1000)
@given(built(lambda choices: json_body(choices, choices.pick(PLAIN).encode()).data), st.data())
def test_cut_json_is_none(text: bytes, data: st.DataObject) -> None:
    """An object or a list that ends too early is no JSON, so that it is told."""
    end = data.draw(st.integers(1, len(text) - 1))
    begun = text[:end].rstrip()
    if begun.count(b"\n") == text.count(b"\n") and not begun.endswith((b"}", b"]")):
        assert json_fields(begun) is None


def some_xml(choices: Choices) -> bytes:
    """Return a document, perhaps damaged."""
    return changed(choices, xml_body(choices, any_value(choices)).data)


@examples(3000)
@given(built(some_xml), st.booleans())
def test_xml_is_all_read(text: bytes, is_cut: bool) -> None:
    """The document, then what is in it, once; what is not well-formed is told if it came whole."""
    problems: set[Uninspected] = set()
    found = [*xml_fields(text, is_cut, problems)]
    assert found[0] == Field(Place.XML, "", text)
    assert size(found) <= 3 * len(text)
    assert problems <= ({Uninspected.PARSE} if not is_cut else set())
    assert all(len(field.name) <= LOCATION_BYTES for field in found)


@examples(1500)
@given(built(lambda choices: (value := choices.pick(PLAIN), xml_body(choices, value.encode()))))
def test_xml_holds_its_values(told: tuple[str, Any]) -> None:
    """A well-formed document has the value that was written into it, and raises no problem."""
    value, body = told
    problems: set[Uninspected] = set()
    values = {field.value for field in xml_fields(body.data, False, problems)}
    assert not problems
    assert is_plain(value.encode()) or value.encode() in values


def some_graphql(choices: Choices) -> tuple[bytes, bytes]:
    """Return a value and a document that holds it, perhaps damaged."""
    value = any_value(choices)
    return value, graphql_body(choices, value).data


@examples(3000)
@given(built(some_graphql), built(lambda choices: changed(choices, some_graphql(choices)[1])))
def test_graphql_is_all_read(whole: tuple[bytes, bytes], damaged: bytes) -> None:
    """A literal is a field as it was before it was escaped; any bytes have only their own."""
    value, document = whole
    if document.startswith(b"query"):
        clear = text_of(value).encode("utf-8", "surrogateescape")
        found = [field.value for field in graphql_fields(Place.JSON, "", document)]
        assert is_plain(clear) or clear in found
    fields = [*graphql_fields(Place.JSON, "a", damaged)]
    assert size(fields) <= len(damaged)
    assert all(len(field.name) <= 256 for field in fields)


def some_multipart(choices: Choices) -> tuple[bytes, bytes]:
    """Return a type and a body, perhaps damaged."""
    body = multipart_body(choices, any_value(choices))
    kind = choices.pick(TYPES) if choices.happens(3) else body.content_type
    return kind, changed(choices, body.data) if choices.happens() else soup(choices)


@examples(3000)
@given(built(some_multipart))
def test_multipart_is_bounded(told: tuple[bytes, bytes]) -> None:
    """Any parts have fields, a few copies of them at most; a boundary that is not there is told."""
    kind, body = told
    problems: set[Uninspected] = set()
    found = [*multipart_fields(body, kind, problems)]
    assert size(found) <= 8 * len(body) + 64
    # More parts than are read are told as the budget.
    assert problems <= {Uninspected.PARSE, Uninspected.ENCODING, Uninspected.BUDGET}
    if kind in TYPES[1:4] or (b"--XyZ" not in body and b"XyZ" in kind):
        assert Uninspected.PARSE in problems
        assert found[0] == Field(Place.BODY, "", body)


@examples(1500)
@given(built(lambda choices: (value := any_value(choices), multipart_body(choices, value))))
def test_multipart_holds_its_values(told: tuple[bytes, Any]) -> None:
    """Each part's content is a field as it was, and no problem is told of what clients write."""
    value, body = told
    problems: set[Uninspected] = set()
    values = {field.value for field in multipart_fields(body.data, body.content_type, problems)}
    assert is_plain(value) or value in values or value[:256] in values
    assert not problems
