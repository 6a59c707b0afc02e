"""A JSON document of any size is read in pieces."""

import io
import json
import tracemalloc
from typing import Any

import pytest

from ctl.replay.json_pieces import BrokenJson, JsonPieces


class Slow(io.StringIO):
    """Gives a few characters at a time, whatever is asked for."""

    def read(self, size: int | None = -1) -> str:
        """Return at most three."""
        del size
        return super().read(3)


def read(text: str, key: str = "rows") -> list[Any]:
    """Return the items of the array that is a member of an object."""
    document = JsonPieces(Slow(text))
    found: list[Any] = []
    for name in document.members():
        found += list(document.items()) if name == key else [("skipped", document.value())]
    return found


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('{"rows": [1, 23, "a]b", {"rows": [4]}, null, 1.5e3]}', [1, 23, "a]b", {"rows": [4]},
                                                                None, 1500.0]),
        ("{}", []),
        ('{"rows":[]}', []),
        ('\n{ "a" : {"rows":[9]} , "rows" : [ 1 ] , "b":2 }', [
            ("skipped", {"rows": [9]}), 1, ("skipped", 2)]),
    ],
)  # fmt: skip
def test_items_are_read(text: str, rows: list[Any]) -> None:
    """Wherever the pieces end, the values are those of the document."""
    assert read(text) == rows


@pytest.mark.parametrize(
    "text", ["", "[1]", '{"rows": [1, 2', '{"rows": [1 2]}', '{"rows" [1]}', '{"rows": [}', "{1:2}",
             '{"rows": {"a": 1}}', '{"rows": ["a'],
)  # fmt: skip
def test_broken_document_says_so(text: str) -> None:
    """What is no such document ends with an error, not with fewer items."""
    with pytest.raises(BrokenJson):
        read(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [('{"rows": [1, {"a": "b', "it ends within a value"), ('{"rows": [1, {"a"', "it ends within"),
     ('{"rows": [1, x]}', "it is no JSON: expecting value")],
)  # fmt: skip
def test_broken_document_says_no_place_of_a_piece(text: str, why: str) -> None:
    """Line and column of what is held would be none of the file's."""
    with pytest.raises(BrokenJson, match=why) as caught:
        read(text)
    assert "column" not in str(caught.value)


def test_deep_nesting_is_an_error() -> None:
    """A document that nests without end is broken, and no crash."""
    with pytest.raises(BrokenJson, match="nested"):
        read('{"rows": [' + "[" * 200_000)


def test_document_is_never_held_whole() -> None:
    """A long array takes the memory of its items, not its own."""
    row = json.dumps({"text": "x" * 1000})

    class Endless(io.StringIO):
        left = 20_000

        def read(self, size: int | None = -1) -> str:
            del size
            self.left -= 50
            return (row + ",") * 50 if self.left > 0 else row + "]}" if self.left == 0 else ""

    document = JsonPieces(Endless())
    document._text = '{"rows": ['
    tracemalloc.start()
    for _ in document.members():
        count = sum(1 for _ in document.items())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 19_951
    assert peak < 2_000_000
