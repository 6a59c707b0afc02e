"""The readings of any value: few, small, closed under decoding, and told when they are not all."""

from hypothesis import given
from hypothesis import strategies as st

from inference.normalizer import Reading, read, to_decode
from tests.fuzz.choices import Choices, built
from tests.fuzz.examples import examples
from tests.fuzz.hostile import value as any_value
from tests.fuzz.promises import assert_reading
from tests.fuzz.spellings import SPELLINGS, attacks, spelled

LOSSY = {"whitespace", "sql-comment", "shell-quote"}
"""Steps on which no decoding builds."""


def several(choices: Choices) -> list[bytes]:
    """Return up to six values."""
    return [any_value(choices) for _ in range(choices.number(6))]


def spelling(choices: Choices) -> tuple[bytes, list[str]]:
    """Return an attack and the spellings that it is to be written in."""
    return choices.pick(attacks())[0], choices.picks(sorted(SPELLINGS), 2)


def decoded(reading: Reading) -> set[bytes]:
    """Return the readings that have lost nothing."""
    return {text for text, steps in reading.variants if not LOSSY.intersection(steps)}


@examples(5000)
@given(built(any_value))
def test_readings_are_bounded(value: bytes) -> None:
    """Few, all different, the value first, and the same each time."""
    reading = read(value)
    assert_reading(value, reading)
    assert read(bytes(bytearray(value))) == reading
    if not to_decode((value,)):
        assert reading == Reading(reading.variants[:1], True)


@examples(3000)
@given(built(any_value))
def test_readings_are_closed(value: bytes) -> None:
    """Decoding a reading gives nothing new: the fixed point is among them, or it is told."""
    reading = read(value)
    if reading.is_whole:
        for text in decoded(reading):
            assert decoded(read(text)) <= {*reading.texts}


@examples(3000)
@given(built(any_value), st.integers(0, 4096))
def test_few_bytes_are_read_first(value: bytes, max_bytes: int) -> None:
    """Less room means fewer readings of the same, and that is told."""
    whole, part = read(value), read(value, max_bytes)
    assert {*part.texts} <= {*whole.texts}
    assert part.is_whole <= whole.is_whole
    assert part.is_whole <= ({*part.texts} == {*whole.texts})


@examples(3000)
@given(built(several))
def test_company_changes_no_reading(many: list[bytes]) -> None:
    """Whether a value has other readings does not depend on what it is looked at with."""
    assert {*to_decode(many)} == {value for value in many if to_decode((value,))}


@examples(3000)
@given(built(spelling))
def test_spelled_attack_is_read(told: tuple[bytes, list[str]]) -> None:
    """In any spelling of a spelling, one of the readings is the attack in clear."""
    value, chain = told
    reading = read(spelled(value, chain))
    assert value in reading.texts or decoded(read(value)) & {*reading.texts} or not reading.is_whole
