"""Which windows of a request's values a model is shown: all of them, or the most suspicious."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple, TypeVar

from inference.fields import Field
from inference.model_text import Window
from inference.model_types import Classifier
from inference.normalizer import Variant
from inference.readings import LONGEST, ends, readings, shown_text
from kysira.types import Place

T = TypeVar("T")
MAX_WINDOWS = 8
"""Windows of a request's values that each model is asked about."""
MAX_VALUES = 64
"""Values that are read for one model and request."""
_READ_BYTES = 1 << 17
"""Bytes of them that are decoded."""
_GUESSED = 128
"""Windows that are ranked by a guess, when there are more than a model is asked about."""

Suspicion = Callable[[Field], float]
"""What the rules of the model's detector said of a field."""
Guess = Callable[[str], float]


class Shown(NamedTuple):
    """A window of a reading of a value."""

    window: Window
    reading: Variant


class Value(NamedTuple):
    """A value, the windows of it that a model is shown, and whether they are all there are."""

    field: Field
    shown: Sequence[Shown]
    is_whole: bool
    windows: int
    """Out of which those shown were chosen."""


class Choice(NamedTuple):
    """What a model is to be asked about, in the order of the request."""

    values: Sequence[Value]
    is_whole: bool
    """Whether nothing was left out."""


def choose(
    fields: Sequence[Field], classifier: Classifier, guess: Guess, suspicion: Suspicion
) -> Choice:
    """Return the windows of the values: at most ``MAX_WINDOWS``, the most suspicious first.

    To the rules first, then to the guess; where those tell nothing apart, one of each value before
    a second one, from both ends of the request inwards, and headers last.
    """
    inwards = sorted(_from_both_ends(range(len(fields))), key=lambda n: -suspicion(fields[n]))
    read: dict[int, Value] = {}
    left = _READ_BYTES
    for n in inwards[:MAX_VALUES]:
        if left <= 0:
            break
        read[n] = _value(fields[n], classifier)
        left -= min(len(fields[n].value), LONGEST)
    is_whole = len(read) == len(fields) and all(value.is_whole for value in read.values())
    if sum(len(value.shown) for value in read.values()) <= MAX_WINDOWS:
        return Choice([read[n] for n in sorted(read)], is_whole)
    kept = _most_suspicious(read, guess, suspicion)
    return Choice([kept[n] for n in sorted(kept)], is_whole=False)


def _value(field: Field, classifier: Classifier) -> Value:
    found: list[Shown] = []
    is_whole = len(field.value) <= LONGEST
    for part in ends(field.value):
        for reading in readings(part):
            windows = classifier.windows(shown_text(reading.text))
            found += [Shown(window, reading) for window in windows.shown]
            is_whole &= windows.is_whole
    return Value(field, found, is_whole, len(found))


def _most_suspicious(
    values: Mapping[int, Value], guess: Guess, suspicion: Suspicion
) -> dict[int, Value]:
    """Return the values that keep a window, by their numbers; ``values`` come in order of rank."""
    places = sorted(
        (turn, rank, at)
        for rank, value in enumerate(values.values())
        for turn, at in enumerate(_from_both_ends(range(len(value.shown))))
    )
    numbers = list(values)
    ranks = []
    for count, (turn, rank, at) in enumerate(places):
        field, shown, *_ = values[numbers[rank]]
        guessed = guess(shown[at].window.text) if count < _GUESSED else -math.inf
        ranks.append((-suspicion(field), -guessed, field.place is Place.HEADER, turn, rank, at))
    kept: dict[int, list[int]] = {}
    for *_, rank, at in sorted(ranks)[:MAX_WINDOWS]:
        kept.setdefault(numbers[rank], []).append(at)
    return {n: _cut(values[n], sorted(windows)) for n, windows in kept.items()}


def _cut(value: Value, places: Sequence[int]) -> Value:
    return value._replace(
        shown=[value.shown[at] for at in places],
        is_whole=value.is_whole and len(places) == len(value.shown),
    )


def _from_both_ends(items: Sequence[T]) -> list[T]:
    half = (len(items) + 1) // 2
    pairs = zip_longest(items[:half], reversed(items[half:]), fillvalue=None)
    return [item for pair in pairs for item in pair if item is not None]
