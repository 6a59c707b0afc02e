"""Events as kysiractl reads them: what is one, and what its fields hold."""

import json

import pytest

from ctl.events.record import number, record, record_of_line
from tests.ctl.events.made import EVENT, made, row


def test_record_knows_its_time() -> None:
    """RFC 3339 to Unix seconds; a time without a zone is UTC."""
    assert made().at == 1795654800.0
    assert made(timestamp="2026-11-26T01:00:00").at == 1795654800.0


def test_record_of_nine_fields() -> None:
    """The API reference's event, without id and findings, is one too."""
    nine = dict(list(EVENT.items())[:9])
    found = record(nine, "proxy")
    assert found
    assert (found.id, found.findings, found.texts("uninspected")) == ("", [], [])
    assert found.source == "proxy"


@pytest.mark.parametrize(
    "line",
    [
        b"", b"null", b"[]", b'"text"', b"{", b'{"a": 1}', b"\xff\xfe{}", b"{" * 100_000,
        json.dumps(row(timestamp="yesterday")).encode(), json.dumps(row(timestamp=1)).encode(),
        json.dumps(row(action=None)).encode(), json.dumps(row(id=7)).encode(),
    ],
)  # fmt: skip
def test_record_of_foreign_line_is_none(line: bytes) -> None:
    """Whatever else a file holds is no event, and no error."""
    assert record_of_line(line) is None


def test_record_fields_of_other_kinds() -> None:
    """A field of another type than expected is read for what it can be."""
    found = made(score="high", host=None, route=7, uninspected="timeout", findings=[1, {"a": 1}])
    assert found.number("score") == 0
    assert (found.text("host"), found.text("route"), found.text("none")) == ("", "7", "")
    assert found.texts("uninspected") == []
    assert found.findings == [{"a": 1}]


def test_record_winner_is_first() -> None:
    """Of what was found the one that decided comes first."""
    assert [found["detector"] for found in made().findings] == ["sqli", "xss"]


@pytest.mark.parametrize(
    ("value", "found"),
    [(1, 1.0), (0.5, 0.5), (True, None), ("1", None), (None, None), (float("nan"), None),
     (float("-inf"), None), (10**400, None)],
)  # fmt: skip
def test_number_is_finite(value: object, found: float | None) -> None:
    """What JSON may hold and no score can be is none, and no crash."""
    assert number(value) == found


def test_line_that_is_nearly_json_can_be_written_again() -> None:
    """NaN, which is no JSON, and halves of characters, which are no UTF-8."""
    text = json.dumps(row(path="/a\ud800b", host="\udfffé😀", score=float("nan")))
    found = record_of_line(text.encode())
    assert found
    assert found.text("path") == "/a\ufffdb"
    assert found.text("host") == "\ufffdé😀"
    assert found.row["score"] is None
    json.dumps(found.row, ensure_ascii=False, allow_nan=False).encode()
