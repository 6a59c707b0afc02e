"""The second stage: which values the models are shown, and what they said of them.

A gate keeps a model from values that could not matter to it. What a model said of a value is
remembered, so that a browser's headers are shown once; it counts towards the request's windows all
the same, so that a verdict does not depend on what came before.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from inference.detector import Detector
from inference.fields import Field
from inference.memory import Memory
from inference.model_text import Window, first_and_last
from inference.model_types import Classifier
from inference.normalizer import Variant, to_decode
from inference.readings import LONGEST, ends, readings
from inference.scoring import SCORE_DIGITS
from kysira.types import Finding, Place

MAX_WINDOWS = 8
"""Windows of a request's values that each model is asked about."""
TOOL_SHIFT = 0.75
"""Added to the logit of what a tool or a document says: orders have no place there.

What a model gives 0.9 there reaches 0.95, which finds a seventh more of the orders that are hidden
in documents, at few false alarms more.
"""
_GUESSED = 64
"""Values that are ranked by a guess, when there are more than a model is asked about."""
_REMEMBERED_BYTES = 1024
_REMEMBERED_VALUES = 4096
_SUSPICIOUS = 0.5
"""From this score on a finding has a reason: below it attack is the less likely of the two."""

Suspicion = Callable[[Field, str], float]
"""What the rules of the detector with this slug said of a field."""
_Key = bytes | tuple[str, bytes]


class Answer(NamedTuple):
    """What a model said of a value."""

    score: float
    windows: int
    steps: tuple[str, ...]
    """Of the reading with the most suspicious window."""
    span: tuple[int, int]
    """Where in the decoded value that window stands, in bytes."""


_CLOSED = Answer(0.0, 0, (), (0, 0))
"""The gate keeps the model from the value."""
_UNASKED = Answer(0.0, -1, (), (0, 0))


class Candidates(NamedTuple):
    """The values of a request that one model may be asked about, and what is known of each."""

    slug: str
    values: Sequence[tuple[Field, Answer]]

    @property
    def are_known(self) -> bool:
        """Return True when the model has been asked about all of them, and may be."""
        answers = [answer for _, answer in self.values]
        windows = sum([answer.windows for answer in answers])
        return windows <= MAX_WINDOWS and _UNASKED not in answers


class _Shown(NamedTuple):
    window: Window
    reading: Variant


class _Question(NamedTuple):
    """A value that a model is to be asked about."""

    field: Field
    shown: Sequence[_Shown]
    is_whole: bool


class ModelStage:
    """The models of some detectors, with a memory; safe to use from several threads."""

    def __init__(
        self, detectors: Sequence[Detector], classifiers: Mapping[str, Classifier]
    ) -> None:
        """Take the detectors and the classifiers that back some of them, by their slugs."""
        backed = [detector for detector in detectors if detector.slug in classifiers]
        self._gates = [detector.model_gate or _open for detector in backed]
        self._models = {d.slug: classifiers[d.slug] for d in backed}
        self._none = (_CLOSED,) * len(backed)
        self._memory: Memory[_Key, tuple[Answer, ...]] = Memory(_REMEMBERED_VALUES)

    @property
    def slugs(self) -> frozenset[str]:
        """Return the slugs of the detectors that have a model."""
        return frozenset(self._models)

    def candidates(
        self, fields: Sequence[Field], holds: Callable[[str, str], bool]
    ) -> Sequence[Candidates]:
        """Return which of a request's values pass the gates: quick, and for most requests none.

        ``holds`` says whether a detector's findings at a location count.
        """
        known = self._known(fields, [_key(field) for field in fields])
        passed = [n for n, answers in enumerate(known) if answers is not self._none]
        if not passed:
            return ()
        found = []
        for number, slug in enumerate(self._models):
            values = [
                (fields[n], known[n][number])
                for n in passed
                if known[n][number] is not _CLOSED and holds(slug, fields[n].location)
            ]
            if values:
                found.append(Candidates(slug, values))
        return found

    def _known(self, fields: Sequence[Field], keys: Sequence[_Key]) -> list[tuple[Answer, ...]]:
        """Return what is known of each value: at least, which of the gates it passes."""
        found = self._memory.recall(keys)
        fresh = [n for n, answers in enumerate(found) if answers is None]
        if fresh:
            news = self._gated([fields[n] for n in fresh])
            self._memory.keep(
                {
                    keys[n]: answers
                    for n, answers in zip(fresh, news, strict=True)
                    if len(fields[n].value) <= _REMEMBERED_BYTES
                }
            )
            for n, answers in zip(fresh, news, strict=True):
                found[n] = answers
        return [answers or self._none for answers in found]

    def _gated(self, fields: Sequence[Field]) -> list[tuple[Answer, ...]]:
        odd = set(to_decode([field.value for field in fields]))
        columns = []
        for gate in self._gates:
            # Written out: it is asked of every new value of every request.
            are_open = [gate(field, field.value) for field in fields]
            if odd:
                for n, field in enumerate(fields):
                    if field.value in odd and not are_open[n]:
                        are_open[n] = any(gate(field, v.text) for v in _readings(field.value))
            columns.append(are_open)
        if not any(map(any, columns)):
            return [self._none] * len(fields)
        rows = zip(*columns, strict=True)
        return [
            tuple([_UNASKED if is_open else _CLOSED for is_open in row]) if any(row) else self._none
            for row in rows
        ]

    def judge(
        self, candidates: Iterable[Candidates], suspicion: Suspicion
    ) -> tuple[list[Finding], bool]:
        """Return findings, and whether the budget sufficed for all of the values.

        Raises ScoringError when a model fails.
        """
        findings: list[Finding] = []
        is_whole = True
        for each in candidates:
            if each.are_known:
                findings += [_finding(each.slug, *value) for value in each.values]
                continue
            chosen = self._ranked(each, suspicion)
            questions = self._questions(each.slug, [field for field, _ in chosen])
            findings += self._ask(each.slug, questions)
            is_whole &= len(chosen) == len(each.values) and all(q.is_whole for q in questions)
        return findings, is_whole

    def _ranked(
        self, candidates: Candidates, suspicion: Suspicion
    ) -> Sequence[tuple[Field, Answer]]:
        """Return the most suspicious first, then from both ends inwards, and headers last.

        As many as a model may be asked about.
        """
        slug, values = candidates
        half = (len(values) + 1) // 2
        pairs = zip_longest(values[:half], reversed(values[half:]))
        inwards = [value for pair in pairs for value in pair if value is not None]
        model = self._models[slug]
        is_crowded = len(values) > MAX_WINDOWS

        def order(at: int) -> tuple[float, float, bool]:
            field = inwards[at][0]
            guess = 0.0
            if is_crowded and at < _GUESSED:
                guess = model.guess(_readings(field.value)[0].text.decode("utf-8", "replace"))
            return -suspicion(field, slug), -guess, field.place is Place.HEADER

        return [inwards[at] for at in sorted(range(len(inwards)), key=order)[:MAX_WINDOWS]]

    def _questions(self, slug: str, fields: Sequence[Field]) -> list[_Question]:
        """Return what is shown of each value: a window at least, the rest by rank."""
        whole = [self._question(slug, field) for field in fields]
        shares = _shares([len(question.shown) for question in whole])
        return [
            question if share == len(question.shown)
            else question._replace(shown=first_and_last(question.shown, share), is_whole=False)
            for question, share in zip(whole, shares, strict=True)
        ]  # fmt: skip

    def _question(self, slug: str, field: Field) -> _Question:
        found: list[_Shown] = []
        is_whole = len(field.value) <= LONGEST
        for reading in _readings(field.value):
            windows = self._models[slug].windows(reading.text.decode("utf-8", "replace"))
            found += [_Shown(window, reading) for window in windows.shown]
            is_whole &= windows.is_whole
        return _Question(field, found, is_whole)

    def _ask(self, slug: str, questions: Sequence[_Question]) -> Iterator[Finding]:
        number = list(self._models).index(slug)
        known = self._known_answers(number, questions)
        windows = [
            shown.window
            for question, answer in zip(questions, known, strict=True) if answer is None
            for shown in question.shown
        ]  # fmt: skip
        scores = iter(self._models[slug].score(windows)) if windows else iter(())
        for question, said in zip(questions, known, strict=True):
            answer = said or _answer(question, [next(scores) for _ in question.shown])
            if said is None:
                self._remember(number, question, answer)
            yield _finding(slug, question.field, answer)

    def _known_answers(self, number: int, questions: Sequence[_Question]) -> list[Answer | None]:
        """Return what the model has said of those that it would be shown whole."""
        entries = self._memory.recall([_key(question.field) for question in questions])
        return [
            entry[number] if entry and question.is_whole and entry[number] is not _UNASKED else None
            for entry, question in zip(entries, questions, strict=True)
        ]

    def _remember(self, number: int, question: _Question, answer: Answer) -> None:
        key = _key(question.field)
        # A value that was cut for want of windows may be shown whole in another request.
        if not question.is_whole or not _is_short(key):
            return
        known = self._memory.recall((key,))[0]
        if known:
            self._memory.keep({key: (*known[:number], answer, *known[number + 1 :])})


def _open(field: Field, text: bytes) -> bool:
    return True


def _key(field: Field) -> _Key:
    # A gate may tell a header by its name; any other value is the same wherever it stands.
    return (field.name, field.value) if field.place is Place.HEADER else field.value


def _is_short(key: _Key) -> bool:
    return len(key if isinstance(key, bytes) else key[1]) <= _REMEMBERED_BYTES


def _readings(value: bytes) -> list[Variant]:
    return [reading for part in ends(value) for reading in readings(part)]


def _shares(windows: Sequence[int]) -> list[int]:
    """Return how many windows of each value are shown: one of each, the rest by rank."""
    left = MAX_WINDOWS - len(windows)
    shares = []
    for count in windows:
        more = max(0, min(count - 1, left))
        shares.append(min(count, 1 + more))
        left -= more
    return shares


def _answer(question: _Question, scores: Sequence[float]) -> Answer:
    if not scores:
        return _CLOSED
    best = max(range(len(scores)), key=scores.__getitem__)
    window, reading = question.shown[best]
    score = round(scores[best], SCORE_DIGITS)
    span = _span(window, reading)
    return Answer(score, len(scores), reading.steps, span)


def _span(window: Window, reading: Variant) -> tuple[int, int]:
    text = reading.text.decode("utf-8", "replace")
    start = len(text[: window.start].encode("utf-8", "replace"))
    return start, start + len(window.text.encode("utf-8", "replace"))


def _finding(slug: str, field: Field, answer: Answer) -> Finding:
    score = answer.score
    if field.place is Place.TOOL and 0 < score < 1:
        score = _shifted(score)
    reason = ""
    if score >= _SUSPICIOUS:
        reason = f"{slug}:model (decoded)" if answer.steps else f"{slug}:model"
    return Finding(slug, score, reason, field.location, answer.steps, answer.span)


def _shifted(score: float) -> float:
    odds = math.log(score / (1 - score)) + TOOL_SHIFT
    return round(1 / (1 + math.exp(-odds)), SCORE_DIGITS)
