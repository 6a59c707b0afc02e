"""A value becomes every reading an application could give it, within bounds."""

import base64
import html
import json
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.normalizer import MAX_VARIANTS, Variant, read
from tests.inference.linearity import assert_linear, repeated

ATTACK = "<script>alert('x')</script> union select"


def variants(value: bytes) -> tuple[Variant, ...]:
    return read(value).variants


def full_width(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


def percent(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def overlong(text: str) -> bytes:
    """Spell every character in two bytes, as a broken decoder accepts."""
    return b"".join(bytes((0xC0 | byte >> 6, 0x80 | byte & 0x3F)) for byte in text.encode())


def base64_of(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def entities(text: str) -> str:
    return "".join(f"&#{ord(char)};" for char in text)


def escaped(text: str) -> str:
    return "".join(f"\\u{ord(char):04x}" for char in text)


SPELLINGS: dict[str, str | bytes] = {
    "percent": percent(ATTACK),
    "double percent": percent(percent(ATTACK)),
    "triple percent": quote(quote(percent(ATTACK))),
    "percent u": "".join(f"%u{ord(char):04x}" for char in ATTACK),
    "percent u full width": "".join(f"%u{ord(char):04X}" for char in full_width(ATTACK)),
    "html names": html.escape(ATTACK),
    "html decimal": entities(ATTACK),
    "html hex without semicolons": "".join(f"&#x{ord(char):05x};" for char in ATTACK),
    "html in percent": percent(html.escape(ATTACK)),
    "percent in html": entities(percent(ATTACK)),
    "percent in html in percent": quote(entities(percent(ATTACK))),
    "unicode escapes": escaped(ATTACK),
    "hex escapes": "".join(f"\\x{ord(char):02x}" for char in ATTACK),
    "octal escapes": "".join(f"\\{ord(char):03o}" for char in ATTACK),
    "braced escapes": "".join(f"\\u{{{ord(char):x}}}" for char in ATTACK),
    "escaped escapes": escaped(ATTACK).replace("\\", "\\\\"),
    "full width": full_width(ATTACK),
    "full width in percent": quote(full_width(ATTACK)),
    "full width in escapes": escaped(full_width(ATTACK)),
    "invisible": "\u200b".join(ATTACK),
    "overlong": overlong(ATTACK),
    "overlong in percent": "".join(f"%{byte:02x}" for byte in overlong(ATTACK)),
    "utf-16 with NUL": ATTACK.encode("utf-16-le"),
    "NUL": "\0".join(ATTACK),
    "percent NUL": "%00".join(ATTACK),
    "base64": base64_of(ATTACK),
    "base64 twice": base64_of(base64_of(ATTACK)),
    "base64 in percent": percent(base64_of(ATTACK)),
    "base64 in percent in JSON": json.dumps({"a": percent(base64_of(ATTACK))}),
    "percent in base64": base64_of(percent(ATTACK)),
    "html in base64 in percent": percent(base64_of(entities(ATTACK))),
    "UTF-16 in base64": base64_of(ATTACK.encode("utf-16-le")),
    "base64 in lines": base64.encodebytes((ATTACK * 3).encode()),
    "JSON in JSON": json.dumps(json.dumps({"a": ATTACK})),
    "sql comments": ATTACK.replace(" ", "/**/"),
    "versioned sql comments": ATTACK.replace("union", "/*!50000union*/"),
    "white space": ATTACK.replace(" ", "\t\r\n \x0b"),
    "percent white space": ATTACK.replace(" ", "%0d%0a%09"),
    "latin-1 white space": ATTACK.encode().replace(b" ", b"%a0"),
    "carets": ATTACK.replace("script", "scr^ipt").replace("union", "un''ion"),
}


def squeezed(text: bytes) -> bytes:
    """Drop what a rule allows to differ: blanks and quotes."""
    return text.translate(None, b" \t\r\n'\"\\")


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_read(spelling: str) -> None:
    """One of the variants holds the attack in clear."""
    sent = SPELLINGS[spelling]
    value = sent if isinstance(sent, bytes) else sent.encode()
    found = [
        variant
        for variant in variants(value)
        if squeezed(ATTACK.encode()) in squeezed(variant.text)
    ]
    assert found
    assert found[0].steps or squeezed(ATTACK.encode()) in squeezed(value)
    assert all(len(variant.text) <= len(value) for variant in found)


@pytest.mark.parametrize(
    ("value", "steps"),
    [
        ("a", ()),
        ("%3Cb%3E", ("percent",)),
        ("%253Cb%253E", ("percent", "percent")),
        ("&lt;%3cb", ("percent", "html")),
        ("%26lt;b", ("percent", "html")),
        (base64_of("' or 1=1 -- xx"), ("base64",)),
        (percent(base64_of("' or 1=1 -- xx")), ("percent", "base64")),
        ("＜b\0", ("unicode", "null")),
        ("\\u003cb", ("escape",)),
    ],
)
def test_steps_are_told_in_order(value: str, steps: tuple[str, ...]) -> None:
    """The steps that led to the clear text are named, in the order they were taken."""
    assert steps in [variant.steps for variant in variants(value.encode())]


@pytest.mark.parametrize(
    "value",
    [
        f"{base64_of('admin:password')} {percent(percent(ATTACK))}",
        f"{base64_of('admin:password')} {base64_of(base64_of(percent(ATTACK)))}",
        " ".join([base64_of("admin:password")] * 40 + [base64_of(ATTACK)]),
    ],
    ids=["percent beside it", "base64 beside it", "many before it"],
)
def test_base64_hides_nothing(value: str) -> None:
    """What stands beside a base64 text is decoded as if it stood alone."""
    assert any(ATTACK in variant.text.decode() for variant in variants(value.encode()))


@pytest.mark.parametrize(("rounds", "is_whole"), [(0, True), (1, True), (4, True), (6, False)])
def test_unread_rounds_are_told(rounds: int, is_whole: bool) -> None:
    """A value that decodes deeper than is read says so."""
    value = "'%s" % ("%" + "25" * (rounds - 1) + "27" if rounds else "")
    assert read(value.encode()).is_whole is is_whole


def test_work_is_bounded_in_bytes() -> None:
    """Of a long value the first round is read, and little more than the bytes allowed."""
    value = b"'&lt;%2527/**/ a''b  " * 1000
    short = read(value, 1)
    assert not short.is_whole
    assert len(short.variants) <= 6
    assert any(b"'<%27" in text for text, _ in short.variants)
    assert read(value).is_whole


def test_as_sent_comes_first() -> None:
    """The first variant is the value itself, without a step."""
    for sent in SPELLINGS.values():
        value = sent if isinstance(sent, bytes) else sent.encode()
        assert variants(value)[0] == (value, ())


@pytest.mark.parametrize(
    "value",
    [
        b"", b"red shoes", b"alice@example.org", b"a=b&c", b"-1.5e3", b"#fff", b"/a/b.html", b"(a)",
        b"https://shop.example/account/orders?page=2", b"{}", b"<b>", b"1/*",
    ],
)  # fmt: skip
def test_ordinary_value_has_one_reading(value: bytes) -> None:
    """Most values cost one scan."""
    assert len([v for v in variants(value) if v.steps]) == 0


def test_lossy_readings_are_no_base() -> None:
    """A rewriting that loses something is a reading of its own, on which no decoding builds."""
    readings = [variant.text for variant in variants(b"a''b/*%27*/c")]
    assert b"a''b/*'*/c" in readings
    assert b"a''b c" in readings
    assert b"ab/**/c" in readings


@settings(max_examples=1000, deadline=None, database=None)
@given(
    st.binary(max_size=120)
    | st.lists(
        st.sampled_from(
            [b"%25", b"%", b"41", b"&lt;", b"&amp;", b"&#60;", b"\\u0041", b"\\", b"\xc0\xaf", b"'",
             b"/*", b"*/", b"$IFS", b" ", b"\0", "Ａ".encode(), b"YScgb3IgMT0xIC0t", b"a", b"="]
        ),
        max_size=30,
    ).map(b"".join),
)  # fmt: skip
def test_variants_are_bounded(value: bytes) -> None:
    """Any bytes have at most so many readings, all different, none much longer than the value."""
    found = variants(value)
    assert 1 <= len(found) <= MAX_VARIANTS
    assert len({variant.text for variant in found}) == len(found)
    assert max(len(variant.text) for variant in found) <= 2 * len(value) + 4
    assert variants(value) == found


@pytest.mark.parametrize(
    "unit",
    [
        b"%25", b"%2525", b"&amp;", b"&amp;lt;", b"\\\\", b"\\u005c", b"\xc0\xaf", b"'", b"/*",
        b"/**/", b"  ", b"\0", b"$IFS", b"QUFB", b"VVZGQ1VWRkM=.", b"&%\\", "Ａ".encode(), b"=",
    ],
)  # fmt: skip
def test_variants_take_linear_time(unit: bytes) -> None:
    """However hostile the value, and however deep its decoding."""
    assert_linear(variants, lambda size: repeated(unit, size))


def test_nesting_is_bounded() -> None:
    """A megabyte of percent signs in percent signs is read a few levels deep, not a million."""
    assert_linear(variants, lambda size: b"%" + b"25" * (size // 2) + b"41")
