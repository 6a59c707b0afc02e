"""Changes keep the class, and both classes get the same envelopes."""

import random
import re

import pytest

from inference.training.sqli_augment import enclosed, renamed, respaced, template_of

WORDS = ("alpha", "city", "widget")
SCANNED = (
    "1') as pzoo where 8036=8036 or 6793=concat(0x7171706a71,'ezco',char(113),char(98))-- aeIX"
)


@pytest.mark.parametrize("seed", range(20))
def test_marks_of_a_scanner_vanish(seed: int) -> None:
    """Its numbers, names and hexadecimal marks are others, equal ones still equal."""
    text = renamed(random.Random(seed), SCANNED, WORDS)
    assert not re.search(r"pzoo|8036|6793|7171706a71|ezco|aeIX", text)
    equal = re.search(r"where (\d+)=(\d+) or", text)
    assert equal
    assert equal[1] == equal[2]
    assert text.startswith("1') as ")


def test_long_union_is_shortened() -> None:
    """The number of columns is the scanner's, not the attack's."""
    found = {
        renamed(random.Random(n), "1 union select " + "null," * 30 + "null", ()) for n in range(9)
    }
    assert len(found) > 1
    assert all(text.count("null") < 15 for text in found)


def test_blanks_are_changed_alone() -> None:
    """Without its blanks the text is the same."""
    for seed in range(20):
        text = respaced(random.Random(seed), "1 or 2", ("x",))
        assert re.fullmatch(r"1.+or.+2", text, re.DOTALL)


def test_envelopes_are_blind_to_the_class() -> None:
    """The same dice wrap any text in the same way, and leave the text whole."""
    for seed in range(300):
        attack = enclosed(random.Random(seed), "ATTACK", WORDS)
        benign = enclosed(random.Random(seed), "BENIGN", WORDS)
        assert attack.replace("ATTACK", "BENIGN") == benign
        assert "ATTACK" in attack


def test_most_texts_stand_alone() -> None:
    """Fields come without their container; some are paths, JSON or come after words."""
    rng = random.Random(1)
    found = [enclosed(rng, "TEXT", WORDS) for _ in range(2000)]
    assert 0.5 < found.count("TEXT") / len(found) < 0.75
    for shape in (r"/\w+/TEXT", r"\{.*\"TEXT\"\}", r"\w+ TEXT", r"\w+=TEXT&.*"):
        assert any(re.fullmatch(shape, text) for text in found), shape


def test_near_copies_have_one_template() -> None:
    """Other numbers, names, marks, blanks and case make no other template."""
    other = SCANNED.replace("8036", "12").replace("ezco", "abcd").replace(" ", "  ").upper()
    assert template_of(other.replace("0X7171706A71", "0xabcdef01")) == template_of(SCANNED)
    assert template_of("1' or 1=1") != template_of("1' and 1=1")
