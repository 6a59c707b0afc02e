"""Texts that are remembered are the ones that would be written, bounded, and hide nothing."""

import json
from collections.abc import Mapping
from types import MappingProxyType

import pytest

from kysira.events.json_text import Mappings, ShownTexts, encode, quoted
from kysira.events.redaction import MASK, Shown, shown_query

SCORES = {"sqli": 0.0, "xss": 0.25}


@pytest.mark.parametrize("text", ["", "a/b", '"\\', "\x00\n\x7f", "é\u2028😀", "\ud800"])
def test_quoted_text_is_the_encoders(text: str) -> None:
    """It is written in the same way, whatever is in it."""
    assert quoted(text) == encode(text)
    assert json.loads(quoted(text)) == text


@pytest.mark.parametrize("text", ["", "/a/b", '/a"b"', "/a\\b", '\\"', "/é"])
def test_shown_text_is_escaped_where_it_must_be(text: str) -> None:
    """What is shown is written as the encoder would write it."""
    texts = ShownTexts(lambda shown: Shown(shown.decode(), is_whole=True))
    assert texts.json(text.encode()) == encode(text)


def test_text_is_shown_once_for_all() -> None:
    """What comes again and is shown as it is is not looked at again."""
    asked: list[bytes] = []

    def show(text: bytes) -> Shown:
        asked.append(text)
        return Shown(text.decode(), is_whole=True)

    texts = ShownTexts(show)
    assert [texts.json(b'/a"') for _ in range(3)] == ['"/a\\""'] * 3
    assert asked == [b'/a"']


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        (b"token=hunter2", f"token={MASK}"),
        (b"a=1&next=%2Fcb%3Fcode%3D123", f"a=1&next={MASK}"),
        (b"a=\x00", "a=?"),
        (b"a=\xff", "a=\ufffd"),
        (b"a=" + b"b " * 2000, None),
        (b"a=" + b"b " * 200, "a=" + "b " * 200),
    ],
)
def test_hidden_and_long_texts_are_not_remembered(query: bytes, shown: str | None) -> None:
    """A secret is forgotten with its event; and so is what takes much memory."""
    texts = ShownTexts(shown_query)
    for _ in range(2):
        written = json.loads(texts.json(query))
        assert shown is None or written == shown
    assert len(texts) == 0


def test_remembered_texts_are_bounded() -> None:
    """However many different ones come, and each is written as it is."""
    texts = ShownTexts(shown_query, most=10)
    for n in range(25):
        assert texts.json(b"a=%d" % n) == f'"a={n}"'
        assert len(texts) <= 10


def test_read_only_mapping_is_written_once() -> None:
    """The very same object is known again; an equal one is another."""
    mappings = Mappings()
    same = MappingProxyType(SCORES)
    assert mappings.json(same) is mappings.json(same)
    assert mappings.json(same) == mappings.json(MappingProxyType({**SCORES})) == encode(SCORES)
    assert len(mappings) == 2


def test_changing_mapping_is_written_anew() -> None:
    """One that may change is not remembered."""
    mappings, scores = Mappings(), dict(SCORES)
    assert mappings.json(scores) == '{"sqli":0.0,"xss":0.25}'
    scores["xss"] = 1.0
    assert mappings.json(scores) == '{"sqli":0.0,"xss":1.0}'
    assert len(mappings) == 0


def test_remembered_mappings_are_bounded_and_never_mixed_up() -> None:
    """Objects that are gone leave their ids to others: what is remembered is never another's."""
    mappings = Mappings(most=8)
    for n in range(200):
        made: Mapping[str, float] = MappingProxyType({"sqli": float(n)})
        assert mappings.json(made) == f'{{"sqli":{n}.0}}'
        assert len(mappings) <= 8
