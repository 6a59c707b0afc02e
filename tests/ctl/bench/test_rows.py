"""A line becomes a row and a row becomes requests; a line that can't be is told in its words."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from ctl.bench.rows import Row, row_of
from kysira.types import Request
from tests.ctl.bench.made_rows import BENIGN, whole


def test_bare_payload_makes_three_requests() -> None:
    """In a query, a form and JSON, each encoded as its place asks for."""
    query, form, text = Row("s", True, "", "a&b' \u00e9").requests
    assert query.target == b"/search?q=a%26b%27%20%C3%A9"
    assert form.body == b"q=a%26b%27%20%C3%A9"
    assert form.header("content-type") == b"application/x-www-form-urlencoded"
    assert json.loads(text.body) == {"q": "a&b' \u00e9"}


def test_payload_that_is_a_query_is_placed_as_one() -> None:
    """Its pairs are the request's own."""
    found = row_of({"label": "attack", "payload": "a=1&b=2 3#", "shape": "query"}, "s")
    assert [request.target for request in found.requests] == [b"/search?a=1&b=2%203%23", b"/search"]
    assert found.requests[1].body == b"a=1&b=2%203%23"


def test_whole_request_is_kept() -> None:
    """One request, as it was sent; header names in lower case."""
    data = whole("/a/../b?c=%zz", method="POST", headers={"Accept": "*/*"}, body="\u00e9")
    found = row_of(data, "s")
    sent = Request("POST", b"/a/../b?c=%zz", (("accept", b"*/*"),), "\u00e9".encode())
    assert found.requests == (sent,)
    assert "POST /a/../b?c=%zz\naccept: */*\n\u00e9" in found.text


@pytest.mark.parametrize(
    "headers",
    [
        {"A": ["1", "2"], "B": "3"},
        [["A", "1"], ["a", "2"], ["B", "3"]],
    ],
)
def test_headers_may_come_twice(headers: Any) -> None:
    """A list of values, or pairs."""
    found = row_of(whole(headers=headers), "s").requests[0].headers
    assert found == (("a", b"1"), ("a", b"2"), ("b", b"3"))


def test_body_may_be_bytes() -> None:
    """Base64 carries what text can't."""
    data = whole(body_base64=base64.b64encode(b"\x1f\x8b\xff").decode())
    assert row_of(data, "s").requests[0].body == b"\x1f\x8b\xff"


def test_documented_lines_are_rows() -> None:
    """What docs/detection.md shows can be copied."""
    text = (Path(__file__).parents[3] / "docs" / "detection.md").read_text()
    (block,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    rows = [row_of(json.loads(line), "s") for line in block.splitlines()]
    assert [(found.is_attack, len(found.requests)) for found in rows] == [(True, 3), (False, 1)]


def test_optional_parts_have_defaults() -> None:
    """The file's name is the source, GET the method, and there need be no header."""
    found = row_of(whole("/a"), "file")
    assert (found.source, found.category, found.is_attack) == ("file", "", False)
    assert found.requests == (Request("GET", b"/a"),)
    assert row_of({**BENIGN, "source": "own"}, "file").source == "own"


@pytest.mark.parametrize(
    ("label", "is_attack"),
    [("attack", True), (1, True), (True, True), ("benign", False), (0, False)],
)
def test_label_has_several_spellings(label: Any, is_attack: bool) -> None:
    """Words, numbers and truth values."""
    assert row_of({**BENIGN, "label": label}, "s").is_attack is is_attack


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([1], "is no JSON object"),
        ({"payload": "x"}, 'label is missing: write "attack" or "benign"'),
        ({**BENIGN, "label": "odd"}, 'label is "odd"'),
        ({**BENIGN, "label": None}, "label is missing"),
        ({"label": 0}, "neither a payload nor a target"),
        ({**BENIGN, "payload": 7}, "payload is no text but 7"),
        ({**BENIGN, "payload": None}, "payload is no text but null"),
        ({**BENIGN, "shape": "path"}, 'shape is "path": the only one is "query"'),
        (whole(None), "target is no text but null"),
        (whole(headers=[1]), "headers is neither"),
        (whole(headers={"a": 1}), "headers is neither"),
        (whole(headers="a: b"), "headers is neither"),
        (whole(headers=3), "headers is neither"),
        (whole(body={"a": 1}), 'body is no text but {"a": 1}'),
        (whole(body_base64="*"), "body_base64 can't be decoded"),
    ],
)
def test_broken_line_is_told(data: Any, words: str) -> None:
    """What is wrong, and what would be right."""
    with pytest.raises(ValueError, match=re.escape(words)):
        row_of(data, "s")
