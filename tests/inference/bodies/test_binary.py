"""Bodies that are no text: the head and the printable runs are read."""

import pytest

from inference.bodies.binary import binary_fields, is_binary, printable
from kysira.types import Place
from tests.inference.linearity import assert_linear, repeated

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0\0\0\x01\0\x08\x06\0\0\0"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", False),
        (b"plain\ttext\r\n", False),
        ("naïve café".encode(), False),
        (b"\xff\xfe\xfd", False),
        (b"page\x0cbreak\x0b", False),
        (PNG, True),
        (b"\0\0\0\x02ab", True),
        (b"a" * 640 + b"\x01" * 10, False),
        (b"a" * 640 + b"\x01" * 12, True),
    ],
)
def test_control_characters_make_binary(data: bytes, expected: bool) -> None:
    """More than one control character in 64 bytes is no text."""
    assert is_binary(data) is expected


def test_head_and_strings_are_fields() -> None:
    """The first bytes as they are, for magic numbers, and every longer printable run."""
    data = PNG + b"\0" * 300 + b"<script>alert(1)</script>\x01short\x02' or 1=1 --"
    fields = list(binary_fields(Place.MULTIPART, "file", data))
    assert [(f.location, f.value) for f in fields] == [
        ("multipart:file[head]", data[:256]),
        ("multipart:file[strings]", b"<script>alert(1)</script>\n' or 1=1 --"),
    ]


def test_no_strings_is_no_field() -> None:
    """Random bytes have a head alone: they match short patterns by chance."""
    assert len(list(binary_fields(Place.BODY, "", bytes(range(128, 256))))) == 1


def test_odd_blanks_do_not_split() -> None:
    """What MySQL takes for white space can't cut a run into pieces too short to be read."""
    assert printable(b"\x01union\x0bselect\x0ca\xa0from\x02") == b"union\x0bselect\x0ca\xa0from"


@pytest.mark.parametrize("unit", [b"\x01", b"a", b"aaaaaaa\x01", b"aaaaaaaa\x01", b"\xa0"])
def test_strings_take_linear_time(unit: bytes) -> None:
    """Whatever the data."""
    assert_linear(
        lambda data: list(binary_fields(Place.BODY, "", data)), lambda size: repeated(unit, size)
    )
