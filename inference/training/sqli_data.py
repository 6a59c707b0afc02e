"""The examples that the sqli model learns from: cleaned, gated, without copies, in two parts."""

import random
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypedDict

from inference import readings
from inference.training.data import (
    HeldOut,
    Row,
    norm_sha1,
    prompt_rows,
    read_heldout,
    web_rows,
)
from inference.training.options import TrainOptions
from inference.training.sqli_attacks import attack
from inference.training.sqli_augment import enclosed, renamed, respaced, template_of
from inference.training.sqli_benign import near_miss, statement
from inference.training.sqli_rows import MAX_TEXTS, is_asked, is_injection, values
from inference.training.windows import WINDOW, windows

GRAMMAR = "kysira grammar"
LICENSE = "Apache-2.0"
_HELD_PERCENT = 10
_PER_TEMPLATE = 3
_LIMITS = {"asked": 8000, "unasked": 400, "other": 1200}
"""Benign examples of a source: what a model is asked about, what it isn't, other attacks."""
_ROWS_PER_SOURCE = 30_000
_MAX_CHARACTERS = 2048
_NOISY = {"fwaf": 0.5}
_CODE = frozenset({"benign_code_learnxiny", "learnxinyminutes_docs", "gpteacher_codegen",
                   "benign_tldr_markdown"})  # fmt: skip
"""Sources of code, of which single lines are examples too: people paste no more than that."""
_CODE_LINES = 9000
_OTHER_WEIGHT = 0.3
_TWINS = frozenset({"nosqli", "xpath-injection", "ldap-injection", "other"})
"""Classes whose attacks can be SQL injections just as well: examples of neither."""
_MAYBE = re.compile(r"sleep|benchmark|waitfor|['\")]\s*(?:or|and|\|\||&&|;)", re.IGNORECASE)
_SQL_WORDS = frozenset(
    [
        "select",
        "union",
        "insert",
        "update",
        "delete",
        "drop",
        "alter",
        "create",
        "exec",
        "execute",
        "declare",
        "or",
        "and",
        "not",
        "like",
        "where",
        "having",
        "order",
        "group",
        "by",
        "limit",
        "sleep",
        "waitfor",
        "between",
        "null",
        "case",
        "when",
        "from",
        "table",
        "in",
        "is",
        "if",
        "as",
        "all",
        "set",
        "into",
        "values",
        "then",
        "else",
        "end",
        "xor",
        "div",
        "mod",
    ]
)


@dataclass(frozen=True, slots=True)
class Example:
    """One field's value as the engine would show it, before it is cut into windows."""

    text: str
    is_attack: bool
    source: str
    license: str
    group: str
    """The request that it is of."""
    weight: float = 1.0

    @property
    def is_held(self) -> bool:
        """Return True for what is kept back: whole templates, so that no near copy is learned."""
        return zlib.crc32(template_of(self.text).encode("utf-8", "replace")) % 100 < _HELD_PERCENT


@dataclass(frozen=True, slots=True)
class Corpus:
    """Everything to learn from, and the words that values and names are made of."""

    train: tuple[Example, ...]
    held: tuple[Example, ...]
    words: tuple[str, ...]


IsSql = Callable[[str], bool]
"""Says whether a text holds SQL by the rules: other attacks that do are no examples of it."""


def read_corpus(options: TrainOptions, is_sql: IsSql) -> Corpus:
    """Return the examples of every source but those of ``dev``; raises SettingsError."""
    heldout = read_heldout(options.data)
    words = _words(options)
    seen = _Seen(heldout, _dev_texts(options))
    found: list[Example] = []
    rng = random.Random(options.seed)  # noqa: S311
    given = _Given(permissive_only=options.permissive_only, limit=options.limit)
    for source, group in _by_source(web_rows(options.data, "train", **given)):
        found += _of_source(source, group, seen, is_sql, rng)
    prose = [row for row in prompt_rows(options.data, "train", **given) if not row.is_attack]
    for source, group in _by_source(sorted(prose, key=lambda row: row.source)):
        found += _of_source(source, group, seen, is_sql, rng)
    found += _made(options, words, seen)
    return Corpus(
        tuple(example for example in found if not example.is_held),
        tuple(example for example in found if example.is_held),
        words,
    )


def shown(rng: random.Random, example: Example, words: Sequence[str]) -> str:
    """Return one window of the example as it is trained on, changed anew at each call."""
    text = example.text
    if example.is_attack:
        if rng.random() < 0.6:
            text = renamed(rng, text, words)
        if rng.random() < 0.12:
            text = respaced(rng, text, words)
    text = enclosed(rng, text, words)
    if len(text) <= WINDOW:
        return text
    parts = windows(text)
    # What makes a text an attack is at its start or its end more often than not.
    return parts[0] if example.is_attack and rng.random() < 0.7 else rng.choice(parts)


class _Given(TypedDict):
    """Which rows are read."""

    permissive_only: bool
    limit: int | None


class _Seen:
    """Which texts are taken: each once, few of one template, none that is held out."""

    def __init__(self, heldout: HeldOut, dev: frozenset[str]) -> None:
        self._heldout = heldout
        self._taken = set(dev)
        self._templates: Counter[str] = Counter()

    def takes(self, text: str) -> bool:
        """Return True, and remember the text, when it is to be an example."""
        digest = norm_sha1(text)
        if digest in self._taken or self._heldout.has_hash(digest):
            return False
        template = template_of(text)
        if self._templates[template] >= _PER_TEMPLATE:
            return False
        self._templates[template] += 1
        self._taken.add(digest)
        return True


def _dev_texts(options: TrainOptions) -> frozenset[str]:
    """Return hashes of what is evaluated on: sources copy from each other."""
    return frozenset(
        norm_sha1(row.text) for row in web_rows(options.data, "dev") if row.request is None
    )


def _by_source(rows: Iterable[Row]) -> Iterator[tuple[str, list[Row]]]:
    group: list[Row] = []
    for row in rows:
        if group and group[0].source != row.source:
            yield group[0].source, group
            group = []
        group.append(row)
    if group:
        yield group[0].source, group


def _of_source(
    source: str, rows: Sequence[Row], seen: _Seen, is_sql: IsSql, rng: random.Random
) -> Iterator[Example]:
    """Yield a source's examples: injections, what the engine would ask about, and a little else."""
    shuffled = list(enumerate(rows))
    rng.shuffle(shuffled)
    if rows[0].source in _CODE:
        shuffled += list(enumerate(code_lines(rows, rng), len(rows)))
    left = {**_LIMITS, "attack": len(rows)}
    if rows[0].source in _CODE:
        left["asked"] += _CODE_LINES
    read = Counter[bool]()
    for number, row in shuffled:
        read[row.is_attack] += 1
        if read[row.is_attack] > _ROWS_PER_SOURCE:
            continue
        for kind, example in _of_row(row, f"{source}:{number}", is_sql):
            if left[kind] > 0 and seen.takes(example.text):
                left[kind] -= 1
                yield example


def code_lines(rows: Sequence[Row], rng: random.Random) -> list[Row]:
    """Return lines of the benign rows, alone or two or three together."""
    found: list[Row] = []
    for row in rng.sample(list(rows), len(rows)):
        lines = [line.strip() for line in row.text.splitlines() if len(line.strip()) > 5]
        if row.is_attack or len(lines) < 2:
            continue
        for _ in range(min(6, len(lines))):
            at = rng.randrange(len(lines))
            text = "\n".join(lines[at : at + rng.choice((1, 1, 1, 2, 3))])
            found.append(replace(row, text=text))
        if len(found) >= _CODE_LINES:
            break
    return found


def _of_row(row: Row, group: str, is_sql: IsSql) -> Iterator[tuple[str, Example]]:
    """Yield examples with their kind: ``attack``, ``other``, ``asked`` or ``unasked``."""
    is_other = row.is_attack and row.category != "sqli"
    if is_other and not row.category:
        return  # an attack of no known class may be anything
    is_attack = row.is_attack and not is_other
    for field in values(row):
        is_shown = is_asked(field)
        for text in readings.texts(field.value)[:MAX_TEXTS]:
            if not text or (is_attack and not is_injection(text)):
                continue
            example = Example(text[:_MAX_CHARACTERS], is_attack, row.source, row.license, group)
            if is_attack:
                yield "attack", replace(example, weight=_NOISY.get(row.source, 1.0))
            elif not is_other:
                yield "asked" if is_shown else "unasked", example
            elif (
                is_shown
                and row.category not in _TWINS
                and not (_MAYBE.search(text) or is_sql(text))
            ):
                # Other detectors find it: this one may say what it will.
                yield "other", replace(example, weight=_OTHER_WEIGHT)


_MADE: tuple[tuple[int, Callable[[random.Random, Sequence[str]], str], bool, float], ...] = (
    (16_000, attack, True, 1.0),
    (26_000, near_miss, False, 1.0),
    (3_000, statement, False, 0.5),
)


def _made(options: TrainOptions, words: Sequence[str], seen: _Seen) -> Iterator[Example]:
    """Yield what the grammars make."""
    rng = random.Random(options.seed)  # noqa: S311
    share = 1.0 if options.limit is None else min(1.0, options.limit / 2000)
    for count, make, is_attack, weight in _MADE:
        for number in range(int(count * share)):
            # As the engine would show it: some of them are encoded.
            text = readings.texts(make(rng, words).encode())[0]
            is_sound = not is_attack or is_injection(text)
            if text and is_sound and seen.takes(text):
                group = f"{make.__name__}:{number}"
                yield Example(text, is_attack, GRAMMAR, LICENSE, group, weight)


def _words(options: TrainOptions) -> tuple[str, ...]:
    """Return ordinary words of the benign prose, often used or not, none of them SQL's."""
    counts: Counter[str] = Counter()
    rows = prompt_rows(options.data, "train", permissive_only=options.permissive_only)
    for row in islice((row for row in rows if not row.is_attack), 0, None, 7):
        counts.update(set(row.text[:400].lower().split()))
    found = [
        word for word, _ in counts.most_common(9000)
        if word.isascii() and word.isalpha() and 2 < len(word) < 12 and word not in _SQL_WORDS
    ]  # fmt: skip
    return tuple(found) or ("value", "name", "item")


def source_rows(examples: Iterable[Example]) -> Iterator[tuple[str, str, bool]]:
    """Yield what a card counts of examples."""
    for example in examples:
        yield example.source, example.license, example.is_attack
