"""Each decoding step: what it decodes, what it leaves alone, and that it takes linear time."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference import transformations as t
from inference.transformations import Transformation
from tests.inference.linearity import assert_linear, repeated

STEPS = (
    t.percent, t.overlong_utf8, t.html_entities, t.escapes, t.fold_unicode, t.null_bytes,
    t.whitespace, t.sql_comments, t.shell_quotes, t.base64_text,
)  # fmt: skip


def encoded(text: bytes | str) -> bytes:
    return base64.b64encode(text.encode() if isinstance(text, str) else text)


@pytest.mark.parametrize(
    ("step", "sent", "read"),
    [
        (t.percent, b"%27%2f%2F", b"'//"),
        (t.percent, b"%2527", b"%27"),
        (t.percent, b"%u0027%uFF1C", "'＜".encode()),
        (t.percent, b"%%41", b"%A"),
        (t.percent, b"%c0%af", b"\xc0\xaf"),
        (t.percent, b"%uD83D", b"?"),
        (t.overlong_utf8, b"..\xc0\xafetc", b"../etc"),
        (t.overlong_utf8, b"\xc1\x81", b"A"),
        (t.overlong_utf8, b"\xe0\x80\xaf", b"/"),
        (t.overlong_utf8, b"\xf0\x80\x80\xbc", b"<"),
        (t.overlong_utf8, b"\xe0\x9f\xbf", b"\xe0\x9f\xbf"),
        (t.html_entities, b"&lt;script&gt;", b"<script>"),
        (t.html_entities, b"&#60;&#x3C;&#X3c", b"<<<"),
        (t.html_entities, b"&ltimg&quot&apos;", b"<img\"'"),
        (t.html_entities, b"&colon;&Tab;&NewLine;&lpar;", b":\t\n("),
        (t.html_entities, b"&#0000000000000000060;&#x0000000000003c;", b"<<"),
        (t.html_entities, b"&#" + b"0" * 5000 + b"60;", b"<"),
        (t.html_entities, b"&#" + b"9" * 5000 + b";&lt;", "\ufffd<".encode()),
        (t.html_entities, b"&#x" + b"f" * 5000 + b";&lt;", "\ufffd<".encode()),
        (t.html_entities, b"\xff&lt;\xa0", b"\xff<\xa0"),
        (t.escapes, rb"\u0027\U", rb"'\U"),
        (t.escapes, rb"\x3cscript\x3e", b"<script>"),
        (t.escapes, rb"\u{3c}\u{00003c}", b"<<"),
        (t.escapes, rb"\74\074", rb"\74<"),
        (t.escapes, rb"\"\'\/\\\n\r\t\b\f", b"\"'/\\\n\r\t\b\f"),
        (t.escapes, rb"\ud83d\u{110000}\u{ffffff}", b"???"),
        (t.fold_unicode, "＜ｓｃｒｉｐｔ＞".encode(), b"<script>"),
        (t.fold_unicode, "‘ or “1”＝＇1".encode(), b"' or \"1\"='1"),
        (t.fold_unicode, "se\u200blect\u00ad\ufeff".encode(), b"select"),
        (t.fold_unicode, "ſelect ſcript \u212a \u0131d".encode(), b"select script K id"),
        (t.fold_unicode, "𝐬𝒆𝕝ⓔｃ𝚝".encode(), b"select"),
        (t.fold_unicode, b"union\xa0select", b"union select"),
        (t.fold_unicode, "union\u00a0select\u3000x".encode(), b"union select x"),
        (t.fold_unicode, b"caf\xc3\xa9 \xff", b"caf\xc3\xa9 \xff"),
        (t.null_bytes, b"sel\0ect", b"select"),
        (t.whitespace, b"a\t\r\n\x0b\x0c\x00 b", b"a b"),
        (t.whitespace, b"a  b\x7f", b"a b "),
        (t.sql_comments, b"union/**/select/*x*/1", b"union select 1"),
        (t.sql_comments, b"/*!50000union*/ /*!select*/", b" union   select "),
        (t.sql_comments, b"/*M!100100 union*/", b"  union "),
        (t.sql_comments, b"a/***/b/**x**/c", b"a b c"),
        (t.sql_comments, b"a/*b/*c*/d", b"a d"),
        (t.sql_comments, b"1 /* never closed", b"1 /* never closed"),
        (t.sql_comments, b"/*!union/**/select*/", b" union select "),
        (t.shell_quotes, b"c''at /e\"\"tc/pa\\sswd", b"cat /etc/passwd"),
        (t.shell_quotes, b"cat$IFS/etc", b"cat /etc"),
        (t.shell_quotes, b"cat${IFS}$9/etc", b"cat $9/etc"),
        (t.shell_quotes, b"wh$@oami", b"whoami"),
        (t.base64_text, encoded("<script>alert(1)</script>"), b"<script>alert(1)</script>"),
        (t.base64_text, encoded("' or 1=1 -- x").rstrip(b"="), b"' or 1=1 -- x"),
        (t.base64_text, base64.urlsafe_b64encode(b"' or '?>>~~'='? -- "), b"' or '?>>~~'='? -- "),
        (t.base64_text, b"Basic " + encoded("admin:' or '1'='1"), b"admin:' or '1'='1"),
        (t.base64_text, encoded("cat /etc/passwd".encode("utf-16-le")), b"cat /etc/passwd"),
        (t.base64_text, encoded("注意：' or 1=1 -- 谢谢"), "注意：' or 1=1 -- 谢谢".encode()),
        (t.base64_text, encoded(b"' union select password from users\xff"),
         b"' union select password from users\xff"),
        (t.base64_text, base64.encodebytes(b"' union select password from users -- " * 4),
         b"' union select password from users -- " * 4),
        (t.base64_text, encoded("' union select password ~~ >>> ~").replace(b"+", b" "),
         b"' union select password ~~ >>> ~"),
        (t.base64_text, b"x=" + encoded("cat /etc/passwd") + b"&y=" + encoded("cat /etc/shadow"),
         b"cat /etc/passwd\ncat /etc/shadow"),
    ],
)  # fmt: skip
def test_step_decodes(step: Transformation, sent: bytes, read: bytes) -> None:
    """Each spelling is read as the application would read it."""
    assert step(sent) == read


ORDINARY = (
    b"", b"red shoes", b"AT&T", b"Tom & Jerry", b"100% wool", b"50%", b"a=b&c=d", b"C:\\Users",
    b"'quoted'", b'say "hi"', b"$5", b"a/b/c", b"2024-06-30", b"caf\xc3\xa9", b"a * b", b"*/",
    b"6ba7b810-9dad-11d1-80b4-00c04fd430c8", b"0123456789abcdef0123456789abcdef",
    b"Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
)  # fmt: skip


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_left_alone(step: Transformation, text: bytes) -> None:
    """Ordinary values are no encoding of anything."""
    assert step(text) == text


@pytest.mark.parametrize(
    "token",
    [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0\xff\xd8", bytes(range(128, 168)), b"\0" * 30],
)
def test_base64_of_no_text_is_left_alone(token: bytes) -> None:
    """An image in base64 is not read as text."""
    sent = encoded(token)
    assert t.base64_text(sent) is sent


def test_every_base64_token_is_tried() -> None:
    """Tokens in front of one do not hide it."""
    sent = b".".join([b"A" * 16] * 1000 + [encoded("' or 1=1 -- xyz")])
    assert t.base64_text(sent) == b"' or 1=1 -- xyz"


@settings(max_examples=1000, deadline=None, database=None)
@given(
    st.sampled_from(STEPS),
    st.binary(max_size=60)
    | st.lists(
        st.sampled_from(
            [b"%", b"41", b"%u", b"&#", b"&#x", b"0", b"9" * 12, b";", b"&lt", b"\\u", b"{", b"}",
             b"\\x", b"\\", b"\xc0", b"\xe0\x80", b"\xf0\x80", b"\xaf", b"/*", b"*/", b"!", b"'",
             b"$IFS", b"QUFB", b"=", b" ", b"\0", b"d800", b"\xed\xa0\x80"]
        ),
        max_size=12,
    ).map(b"".join),
)  # fmt: skip
def test_any_bytes_are_decoded(step: Transformation, text: bytes) -> None:
    """No bytes at all raise, and what comes out is hardly longer than what went in."""
    decoded = step(text)
    assert isinstance(decoded, bytes)
    assert len(decoded) <= 2 * len(text) + 4


HOSTILE = {
    t.percent: (b"%41", b"%", b"%%", b"%u0041", b"%u", b"%4"),
    t.overlong_utf8: (b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xf0", b"\xe0\x80"),
    t.html_entities: (b"&lt;", b"&a", b"&", b"&#", b"&#6", b"&#x6", b"&" + b"a" * 32, b"&#0"),
    t.escapes: (b"\\", rb"\u0041", rb"\u", rb"\u{", rb"\u{41}", rb"\x4", rb"\101"),
    t.fold_unicode: ("Ａ".encode(), "é".encode(), b"\xff", "e\u0301\u0316".encode(), b"\xe2\x80"),
    t.null_bytes: (b"\0", b"\0a"),
    t.whitespace: (b" ", b"\t ", b" a", b"\0", b"  a"),
    t.sql_comments: (b"/*", b"/**/", b"*/", b"/*!", b"/*!1", b"*", b"/", b"/*a*", b"/***/"),
    t.shell_quotes: (b"'", b"a'b", b"$", b"$IFS", b"{IFS", b"${IFS}", b"\\", b"$@", b"a''"),
    t.base64_text: (b"QUFB", b"QUFBQUFBQUFBQUFB.", b"A" * 15 + b".", b"=", b"A=", b"A ", b" ", b"-",
                    b"\x80\x80"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("step", "unit"),
    [(step, unit) for step, units in HOSTILE.items() for unit in units],
    ids=lambda value: value if isinstance(value, bytes) else value.__name__,
)
def test_step_takes_linear_time(step: Transformation, unit: bytes) -> None:
    """A megabyte of what a step looks for takes about four times as long as a quarter of it."""
    assert_linear(step, lambda size: repeated(unit, size))


@pytest.mark.parametrize(
    ("step", "make"),
    [
        (t.html_entities, lambda n: b"&#" + b"1" * n),
        (t.html_entities, lambda n: b"&#x" + b"1" * n),
        (t.html_entities, lambda n: b"&#" + b"0" * n),
        (t.base64_text, lambda n: b"A" * 20 + b" " * n + b"!"),
        (t.base64_text, lambda n: b"A" * 20 + b"=" * n),
        (t.base64_text, lambda n: encoded(b"\x01\x80" * (n // 2))),
        (t.sql_comments, lambda n: b"/*" * (n // 4) + b"*/" * (n // 4)),
        (t.whitespace, lambda n: b"  a" + b" " * n),
        (t.escapes, lambda n: rb"\u{" + b"1" * n),
        (t.shell_quotes, lambda n: b"a'b{IFS" + b"a" * n),
    ],
)
def test_long_run_takes_linear_time(step: Transformation, make) -> None:  # type: ignore[no-untyped-def]
    """One long run of anything neither raises nor takes quadratic time."""
    assert_linear(step, make)
