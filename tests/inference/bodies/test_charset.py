"""Any character set that spells ASCII differently is decoded; an unknown one is told."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.bodies.charset import decode_charset
from kysira.types import Uninspected

TEXT = '{"q": "\' or 1=1 -- é"}'
JSON = b"application/json; charset="


def decoded(body: bytes, content_type: bytes = b"") -> tuple[bytes, set[Uninspected]]:
    problems: set[Uninspected] = set()
    return decode_charset(body, content_type, problems), problems


@pytest.mark.parametrize(
    ("charset", "codec"),
    [
        ("utf-16", "utf-16-le"), ("utf-16", "utf-16-be"), ("utf-16le", "utf-16-le"),
        ("utf-16be", "utf-16-be"), ("utf_16_le", "utf-16-le"), ("u16", "utf-16-le"),
        ("utf-32le", "utf-32-le"), ("utf-32be", "utf-32-be"), ("utf-7", "utf-7"),
        ("unicode-1-1-utf-7", "utf-7"), ("ibm037", "cp037"), ("cp037", "cp037"),
        ("ebcdic-cp-us", "cp037"), ("ibm500", "cp500"), ("ibm1140", "cp1140"), ("cp273", "cp273"),
        ("unicode", "utf-16-le"), ("unicodefffe", "utf-16-be"), ("ucs-2", "utf-16-be"),
    ],
)  # fmt: skip
def test_declared_charset_is_decoded(charset: str, codec: str) -> None:
    """By any of its names, in quotes or not."""
    body = TEXT.encode(codec)
    for declared in (charset, f'"{charset}"', f" {charset}; x=y"):
        assert decoded(body, JSON + declared.encode()) == (TEXT.encode(), set())


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_mark_and_look_are_enough(codec: str) -> None:
    """A byte order mark, or NULs where a JSON parser looks for them, say what it is."""
    assert decoded(("\ufeff" + TEXT).encode(codec)) == (TEXT.encode(), set())
    assert decoded(TEXT.encode(codec)) == (TEXT.encode(), set())
    assert decoded('["Ā"]'.encode(codec)) == ('["Ā"]'.encode(), set())


def test_any_ascii_looks_like_utf_16() -> None:
    """Text in UTF-16 without a mark is seen even when it begins like no JSON."""
    assert decoded("q=' or 1=1".encode("utf-16-le"))[0] == b"q=' or 1=1"
    assert decoded("q=' or 1=1".encode("utf-16-be"))[0] == b"q=' or 1=1"


def test_escapes_of_stateful_charsets_go() -> None:
    """Switching characters inside a word can't hide it."""
    assert decoded(b"un\x1b(Bion", b"text/plain; charset=iso-2022-jp")[0] == b"union"
    assert decoded(b"un~\nion", b"text/plain; charset=hz-gb-2312")[0] == b"union"


@pytest.mark.parametrize(
    "charset",
    ["utf-8", "UTF8".lower(), "us-ascii", "iso-8859-1", "latin1", "windows-1252", "cp1251", "gbk",
     "shift_jis", "euc-kr", "koi8-r", "big5", "utf-8-sig"],
)  # fmt: skip
def test_ascii_based_charset_is_left_alone(charset: str) -> None:
    """Where ASCII is itself there is nothing to do: the very same bytes come back."""
    body = b"caf\xe9 ' or 1=1"
    text, problems = decoded(body, JSON + charset.encode())
    assert text is body
    assert not problems


@pytest.mark.parametrize(
    "declared",
    [
        b"x-user-defined",
        b"zlib",
        b"base64",
        b"rot13",
        b"none",
        b"cp1047",
        b"utf-9",
        b"unicode_escape",
    ],
)
def test_unknown_charset_is_told(declared: bytes) -> None:
    """A charset that can't be decoded is told, and the body read as it is."""
    body = b"a=b"
    assert decoded(body, b"text/plain; charset=" + declared) == (body, {Uninspected.ENCODING})


def test_two_charsets_are_told() -> None:
    """Which of two an application takes is anyone's guess."""
    text, problems = decoded(TEXT.encode("cp037"), b"a/b; charset=utf-8; charset=ibm037")
    assert problems == {Uninspected.ENCODING}
    assert text == TEXT.encode()


@pytest.mark.parametrize("codec", ["utf-7", "UTF-7"])
def test_prolog_is_obeyed(codec: str) -> None:
    """An XML document may switch to another charset after its first line."""
    head = f"<?xml version='1.0' encoding=\"{codec}\"?>"
    body = head.encode() + "<a>' or 1=1</a>".encode(codec)
    assert b"<a>' or 1=1</a>" in decoded(body)[0]


@pytest.mark.parametrize("body", [b"", b"a", b"\0", b"\0a", b"ab\0", b"\xff\xfe", b"\xfe\xff\0"])
def test_short_body_is_fine(body: bytes) -> None:
    """A few bytes are decoded or left alone, never an error."""
    for declared in (b"", JSON + b"utf-16", JSON + b"utf-32le", JSON + b"utf-7", JSON + b"hz"):
        assert isinstance(decoded(body, declared)[0], bytes)


@settings(max_examples=500, deadline=None, database=None)
@given(
    st.binary(max_size=40),
    st.binary(max_size=20)
    | st.sampled_from(
        ["utf-7", "hz", "iso-2022-jp", "iso-2022-kr", "cp424", "cp875", "utf-16", "utf-32", "ucs-4"]
    ).map(str.encode),
)
def test_any_body_is_decoded(body: bytes, charset: bytes) -> None:
    """No bytes under any charset raise, and what comes out is UTF-8 when anything was done."""
    text, _ = decoded(body, b"text/plain; charset=" + charset)
    if text is not body:
        text.decode()
