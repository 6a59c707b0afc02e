"""Each decoding step, on any bytes: bounded, the inverse of what clients write, and at rest."""

import base64
import html
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from inference import transformations as t
from tests.fuzz.choices import built
from tests.fuzz.examples import examples
from tests.fuzz.hostile import value as any_value
from tests.fuzz.spellings import every_byte, every_character, overlong, text_of

STEPS = st.sampled_from(
    [
        t.percent, t.overlong_utf8, t.html_entities, t.escapes, t.fold_unicode, t.null_bytes,
        t.whitespace, t.sql_comments, t.shell_quotes, t.base64_text,
    ]
)  # fmt: skip


@examples(8000)
@given(STEPS, built(any_value))
def test_step_is_bounded(step: t.Transformation, value: bytes) -> None:
    """Any bytes become bytes, the same each time, at most a fifth more of them (``&nGt;``)."""
    decoded = step(value)
    assert isinstance(decoded, bytes)
    assert len(decoded) * 5 <= len(value) * 6
    assert step(value) == decoded
    assert step(bytes(bytearray(value))) == decoded


@examples(5000)
@given(STEPS, built(any_value))
def test_step_comes_to_rest(step: t.Transformation, value: bytes) -> None:
    """Done over and over it ends, within as many rounds as there are bytes, and stays there."""
    seen = value
    for _ in range(len(value) + 2):
        decoded = step(seen)
        if decoded == seen:
            break
        seen = decoded
    assert step(seen) == seen
    assert step(step(seen)) == seen


@examples(3000)
@given(st.binary(max_size=60))
def test_percent_is_undone(value: bytes) -> None:
    """Whatever is percent-encoded, in part or byte by byte, comes back."""
    assert t.percent(quote(value, safe="").encode()) == value
    assert t.percent(every_byte("%{:02X}")(value)) == value


@examples(3000)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40))
def test_text_escapes_are_undone(text: str) -> None:
    """Entities and escapes stand for the characters that HTML and ECMAScript say."""
    value = text.encode()
    assert t.html_entities(html.escape(text).encode()) == html.unescape(html.escape(text)).encode()
    assert t.escapes(every_character("\\u{{{:x}}}")(value)) == value
    if all(char < "\ud800" or "\ue000" <= char < "\ufdd0" for char in text):  # HTML drops others
        assert t.html_entities(every_character("&#{};")(value)) == value
        assert t.html_entities(every_character("&#X{:x};")(value)) == value


@examples(3000)
@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=12, max_size=60))
def test_ascii_spellings_are_undone(text: str) -> None:
    """Overlong forms and both alphabets of base64, with and without padding."""
    value = text.encode()
    assert t.overlong_utf8(overlong(value)) == value
    for encoded in (base64.b64encode(value), base64.urlsafe_b64encode(value)):
        assert t.base64_text(encoded) in (value, encoded)
        assert t.base64_text(encoded.rstrip(b"=")) in (value, encoded.rstrip(b"="))
        if not encoded.islower():
            assert t.base64_text(encoded) == value


@examples(2000)
@given(built(any_value))
def test_texts_stay_what_they_were(value: bytes) -> None:
    """Bytes that stand for nothing else are left alone, whatever they are next to."""
    left = bytes(set(value) - set(b"%&\\\0"))
    assert t.percent(left) is left
    assert t.html_entities(left) is left
    assert t.escapes(left) is left
    assert t.null_bytes(left) == left
    assert text_of(left).encode("utf-8", "surrogateescape") == left
