"""One pass over the texts: as they are, in envelopes, in disguise, within documents, and made."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from inference.training import prompt_attacks, prompt_benign, prompt_foreign
from inference.training.prompt_augment import disguised, encoded, in_envelope, pasted
from inference.training.prompt_data import Corpus, Text, asked_about
from inference.training.prompt_grammar import expand, make

_EXCERPT = (80, 320)
"""Characters of a document around what is pasted into it: both fit into one window."""
_LONG = 360
"""Characters from which a text is cut in most epochs: long ones would take most of the time."""
_LONGEST_PASTED = 260
_LONGEST_ENCODED = 48
"""A longer code would not fit into one."""


@dataclass(frozen=True, slots=True)
class Shares:
    """How much is made, as texts an epoch or as a share of the rows."""

    orders: int = 2600
    personas: int = 600
    to_the_reader: int = 1200
    foreign: int = 900
    foreign_benign: int = 900
    hard_benign: int = 6000
    pasted_benign: int = 1400
    excerpts: int = 2600
    triggered: int = 900
    enveloped: float = 0.3
    disguised: float = 0.35
    encoded: float = 0.07
    pasted: float = 0.35
    enveloped_benign: float = 0.15
    disguised_benign: float = 0.06

    def scaled(self, factor: float) -> "Shares":
        """Return the same with a share of the made texts."""
        counts = (
            "orders", "personas", "to_the_reader", "foreign", "foreign_benign", "hard_benign",
            "pasted_benign", "excerpts", "triggered",
        )  # fmt: skip
        numbers = {name: max(1, round(getattr(self, name) * factor)) for name in counts}
        return Shares(**numbers)


class Pair(NamedTuple):
    """A text and its label."""

    text: str
    is_attack: bool


def epoch(corpus: Corpus, rng: random.Random, shares: Shares) -> list[Pair]:
    """Return texts and labels, shuffled: other variants for every state of ``rng``.

    Nothing that is held out is among them, nor what the engine wouldn't ask about.
    """
    pairs = [Pair(text, True) for text in _attacks(corpus, rng, shares)]
    pairs += [Pair(text, False) for text in _benign(corpus, rng, shares)]
    pairs = [pair for pair in pairs if asked_about(pair.text) and pair.text not in corpus.held_out]
    rng.shuffle(pairs)
    return pairs


def _attacks(corpus: Corpus, rng: random.Random, shares: Shares) -> Iterator[str]:
    given = [text.text for text in corpus.attacks]
    made = made_attacks(rng, shares)
    readers = make(
        prompt_attacks.TO_THE_READER, prompt_attacks.SLOTS, rng, count=shares.to_the_reader
    )
    yield from given
    yield from made
    # Most of what is meant for the reader of a document stands in one.
    yield from readers[: len(readers) // 3]
    hidden = readers[len(readers) // 3 :] + triggered(corpus.triggers, rng, shares.triggered)
    for order in hidden:
        yield _within_document(corpus, rng, order)
    for text in given + made:
        yield from _variants(corpus, rng, text, shares)


def made_attacks(rng: random.Random, shares: Shares) -> list[str]:
    """Return injections of our own, in English and other languages."""
    return [
        *make(prompt_attacks.ORDERS, prompt_attacks.SLOTS, rng, count=shares.orders),
        *make(prompt_attacks.PERSONAS, prompt_attacks.SLOTS, rng, count=shares.personas),
        *foreign(prompt_foreign.ATTACKS, rng, shares.foreign),
    ]


def triggered(triggers: Sequence[Text], rng: random.Random, count: int) -> list[str]:
    """Return injections that open with a trigger, which is none without its order."""
    if not triggers:
        return []
    goals = prompt_attacks.SLOTS["goal"]
    return [
        f"{rng.choice(triggers).text} {expand(rng.choice(goals), prompt_attacks.SLOTS, rng)}."
        for _ in range(count)
    ]


def foreign(templates: dict[str, tuple[str, ...]], rng: random.Random, count: int) -> list[str]:
    """Return texts in other languages, more of the languages that have more templates."""
    every = [template for language in templates.values() for template in language]
    return [expand(rng.choice(every), prompt_foreign.SLOTS, rng) for _ in range(count)]


def _variants(corpus: Corpus, rng: random.Random, text: str, shares: Shares) -> Iterator[str]:
    changes: tuple[tuple[float, Callable[[str], str]], ...] = (
        (shares.enveloped, lambda given: in_envelope(rng, given)),
        (shares.disguised, lambda given: disguised(rng, given)),
        (shares.encoded, lambda given: encoded(rng, given[:_LONGEST_ENCODED])),
    )
    for share, change in changes:
        if rng.random() < share:
            yield change(text)
    if len(text) <= _LONGEST_PASTED and rng.random() < shares.pasted:
        yield _within_document(corpus, rng, text)


def _benign(corpus: Corpus, rng: random.Random, shares: Shares) -> Iterator[str]:
    given = [_passage(text, rng) for text in corpus.benign]
    made = make(prompt_benign.ALL, prompt_benign.SLOTS, rng, count=shares.hard_benign)
    made += foreign(prompt_foreign.BENIGN, rng, shares.foreign_benign)
    yield from given
    yield from made
    for text in rng.sample(made, min(len(made), shares.pasted_benign)):
        yield _within_document(corpus, rng, text)
    # As many cut documents without an order as with one, or the cut itself would be the sign.
    for _ in range(shares.excerpts):
        yield _excerpt(corpus, rng)
    for text in given + made:
        if rng.random() < shares.enveloped_benign:
            yield in_envelope(rng, text)
        if rng.random() < shares.disguised_benign:
            yield disguised(rng, text)


def _passage(text: Text, rng: random.Random) -> str:
    """Return mostly a part of a long text, another one every time: windows are what is read."""
    if len(text.text) < _LONG or rng.random() < 0.35:
        return text.text
    start = rng.randrange(len(text.text) - _LONG // 2) if rng.random() < 0.6 else 0
    return text.text[start : start + rng.randint(_LONG // 2, _LONG)]


def _within_document(corpus: Corpus, rng: random.Random, order: str) -> str:
    pasted_text = pasted(rng, _excerpt(corpus, rng), order[:_LONGEST_PASTED])
    return in_envelope(rng, pasted_text) if rng.random() < 0.2 else pasted_text


def _excerpt(corpus: Corpus, rng: random.Random) -> str:
    if not corpus.documents:
        return ""
    # Each source as often as any other, whatever their numbers of rows.
    document = rng.choice(rng.choice(corpus.documents))
    length = rng.randint(*_EXCERPT)
    start = rng.randrange(max(1, len(document) - length))
    # From the start of a word.
    return document[start : start + length].partition(" ")[2] or document[:length]
