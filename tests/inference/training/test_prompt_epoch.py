"""An epoch holds what it should in both classes, and changes with the seed alone."""

import random
from collections import Counter

import pytest

from inference.training.data import HeldOut, norm_sha1
from inference.training.prompt_data import Corpus, Text, asked_about
from inference.training.prompt_epoch import Shares, epoch, triggered

DOCUMENT = "The museum opens at nine. Visitors may leave their coats at the desk. " * 12
SHARES = Shares().scaled(0.02)


def texts(count: int, label: str, *, is_attack: bool) -> tuple[Text, ...]:
    return tuple(
        Text(f"{label} number {n} of a long list", is_attack, "mine", "MIT") for n in range(count)
    )


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """Return a corpus of a few texts."""
    held_out = HeldOut([norm_sha1("quiet text number 3 of a long list")])
    return Corpus(
        attacks=texts(40, "loud order", is_attack=True),
        triggers=texts(5, "urgent opening", is_attack=True),
        benign=texts(40, "quiet text", is_attack=False),
        documents=((DOCUMENT,),),
        kept=(),
        held_out=held_out,
    )


def test_epoch_repeats_with_its_seed(corpus: Corpus) -> None:
    """The same seed makes the same epoch, another one another."""
    made = epoch(corpus, random.Random(1), SHARES)
    assert made == epoch(corpus, random.Random(1), SHARES)
    assert made != epoch(corpus, random.Random(2), SHARES)


def test_both_classes_are_filled(corpus: Corpus) -> None:
    """Neither class is under a fifth, and every attack is there as it is."""
    made = epoch(corpus, random.Random(1), SHARES)
    counts = Counter(pair.is_attack for pair in made)
    assert min(counts.values()) > len(made) / 5
    assert {text.text for text in corpus.attacks} <= {pair.text for pair in made if pair.is_attack}


def test_documents_carry_both_classes(corpus: Corpus) -> None:
    """A cut document is no sign: harmless ones are cut too."""
    made = epoch(corpus, random.Random(1), SHARES)
    counts = Counter(pair.is_attack for pair in made if "museum opens" in pair.text)
    assert counts[True] > 10 and counts[False] > 10


def test_held_out_texts_are_dropped(corpus: Corpus) -> None:
    """No text that is held out is made, nor any that the engine wouldn't ask about."""
    made = epoch(corpus, random.Random(1), SHARES)
    assert "quiet text number 3 of a long list" not in {pair.text for pair in made}
    assert all(asked_about(pair.text) for pair in made)


def test_triggers_get_an_order(corpus: Corpus) -> None:
    """An opening is followed by what it opens."""
    made = triggered(corpus.triggers, random.Random(1), 20)
    openings = tuple(text.text for text in corpus.triggers)
    assert all(text.startswith(openings) and text not in openings for text in made)
    assert triggered((), random.Random(1), 20) == []
