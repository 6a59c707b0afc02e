"""A model is shown decoded values, and of a long one both ends."""

import base64

import pytest

from inference.readings import LONGEST, ends, readings, texts


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"plain", ["plain"]),
        (b"1%2527%2520or", ["1' or"]),
        (b"1&#39;%20or", ["1' or"]),
        (b"a/**/or  b", ["a/**/or  b"]),
        ("1’ or".encode(), ["1' or"]),
        (b"\xff", ["\ufffd"]),
    ],
)
def test_value_is_decoded_and_not_rewritten(value: bytes, expected: list[str]) -> None:
    """Encodings are undone to their fixed point; comments and blanks stay."""
    assert texts(value) == expected


def test_base64_is_a_text_of_its_own() -> None:
    """What it holds is shown, and what it stands in too; the steps tell which is which."""
    inner = b"1%27 union select password from users"
    outer = base64.b64encode(inner)
    assert [text for text, _ in readings(outer)] == [
        outer, b"1' union select password from users",
    ]  # fmt: skip
    assert [steps for _, steps in readings(outer)] == [(), ("base64", "percent")]


def test_long_value_is_read_from_both_ends() -> None:
    """However long a value is, what is decoded of it for a model is bounded."""
    value = bytes(range(256)) * (LONGEST // 256)
    assert ends(value) == (value,)
    head, tail = ends(b"a" + value + b"z")
    assert head == b"a" + value[: LONGEST // 2 - 1]
    assert tail == value[1 - LONGEST // 2 :] + b"z"
