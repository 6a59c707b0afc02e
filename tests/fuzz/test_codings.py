"""Content codings and charsets: undone where they are what they say, told where they are not."""

import zlib

import brotli
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from inference.bodies.charset import decode_charset
from inference.bodies.compression import MAX_CODINGS, MAX_INFLATED_BYTES, inflate
from kysira.types import Uninspected
from tests.bypass_cases import PACKERS
from tests.fuzz.choices import Choices, built
from tests.fuzz.examples import examples
from tests.fuzz.hostile import CODINGS as DECLARED
from tests.fuzz.hostile import TYPES, changed
from tests.fuzz.hostile import value as any_value
from tests.fuzz.messages import CODINGS, NAMES
from tests.fuzz.promises import LONGER

LIBRARIES = (zlib.error, brotli.error, zstandard.ZstdError)
WRITTEN = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "utf-7", "utf-16", "utf-8")
"""Charsets that hold every character."""


def packed(choices: Choices) -> tuple[bytes, bytes, bytes]:
    """Return a body, its codings as a header lists them, and the body in them."""
    plain = data = any_value(choices) * choices.pick([1, 1, 20])
    names = choices.picks(CODINGS[1:], MAX_CODINGS)
    for name in names:
        data = PACKERS[name](data)
    return plain, b", ".join(NAMES.get(name, name.encode()) for name in names), data


@examples(2500)
@given(built(packed))
def test_codings_are_undone(told: tuple[bytes, bytes, bytes]) -> None:
    """Up to three of them, in any order, and no problem is told."""
    plain, names, data = told
    problems: set[Uninspected] = set()
    assert inflate(data, names, problems) == plain or not plain
    assert not problems


@examples(3000)
@given(built(lambda choices: (packed(choices), choices.pick(DECLARED))), st.data())
def test_wrong_codings_are_told(
    told: tuple[tuple[bytes, bytes, bytes], bytes], data: st.DataObject
) -> None:
    """Whatever is declared of whatever bytes, the result is bounded; an unknown coding is told."""
    (_, _, body), names = told
    body = changed(Choices(data.draw(st.binary(min_size=16, max_size=16))), body)
    problems: set[Uninspected] = set()
    found = inflate(body, names, problems)
    assert len(found) <= max(len(body), MAX_INFLATED_BYTES)
    assert problems <= {Uninspected.ENCODING, Uninspected.BUDGET}
    if not body:
        assert not problems
    elif names in (b"a,b,c,d", b"\xff"):
        assert Uninspected.ENCODING in problems
    elif names == b"identity":
        assert (found, problems) == (body, set())


@examples(500)
@given(st.sampled_from(CODINGS[1:]), st.integers(0, 3), st.binary(min_size=1, max_size=8))
def test_bombs_are_told(coding: str, over: int, unit: bytes) -> None:
    """A body that grows over the bound is read as far as that, and not a byte further."""
    plain = (unit * (MAX_INFLATED_BYTES // len(unit) + 1))[:MAX_INFLATED_BYTES] + b"x" * over
    problems: set[Uninspected] = set()
    found = inflate(PACKERS[coding](plain), NAMES.get(coding, coding.encode()), problems)
    assert found == plain[:MAX_INFLATED_BYTES]
    assert problems == ({Uninspected.BUDGET} if over else set())


@examples(2500)
@given(st.sampled_from(WRITTEN), st.text(min_size=4, max_size=40))
def test_charsets_are_undone(charset: str, text: str) -> None:
    """Any text in a charset that is declared comes back, and no problem is told."""
    text = "a" + text.encode("utf-8", "ignore").decode()  # a byte order mark would be dropped
    problems: set[Uninspected] = set()
    kind = f"text/plain; charset={charset}".encode()
    assert decode_charset(text.encode(charset), kind, problems) == text.encode()
    assert not problems


@examples(3000)
@given(built(any_value), st.sampled_from(TYPES), st.sampled_from(WRITTEN))
def test_any_charset_is_bounded(value: bytes, kind: bytes, charset: str) -> None:
    """Whatever is declared of whatever bytes; more than one charset, or an unknown one, is told."""
    body = value.decode("latin-1").encode(charset) if len(value) % 2 else value
    problems: set[Uninspected] = set()
    found = decode_charset(body, kind, problems)
    assert len(found) <= LONGER * len(body) + 4
    if found is not body:
        found.decode("utf-8")
    is_unclear = b"x-none" in kind or kind.count(b"charset") > 1
    assert problems == ({Uninspected.ENCODING} if is_unclear else set())
