"""The second stage: which values the models are asked about, and what they said of them.

A gate keeps a model from values that could not matter to it. What a model said of a value is
remembered, so that a browser's headers are shown once; it counts towards the request's windows all
the same, so that a verdict does not depend on what came before.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from inference.detector import Detector
from inference.fields import CHAT_PLACES, Field
from inference.memory import Memory
from inference.model_choice import MAX_WINDOWS, Suspicion, Value, choose
from inference.model_types import Classifier
from inference.normalizer import to_decode
from inference.readings import LONGEST, ends, readings, shown_text
from inference.scoring import SCORE_DIGITS
from kysira.types import MAX_MATCHED, Finding, Place

TOOL_SHIFT = 0.75
"""Added to the logit of what a tool or a document says: orders have no place there.

What a model gives 0.9 there reaches 0.95, which finds a quarter more of the orders that are hidden
in documents, at few false alarms more.
"""
SUSPICIOUS = 0.5
"""From this score on a finding has a reason: below it attack is the less likely of the two."""
_GATED_BYTES = 1 << 16
"""Bytes of encoded values that are decoded for the gates of a request."""
_REMEMBERED_BYTES = 1024
_REMEMBERED_NAME = 64
_REMEMBERED_VALUES = 4096

_Key = bytes | tuple[str, bytes]


class Answer(NamedTuple):
    """What a model said of a value."""

    score: float
    windows: int
    steps: tuple[str, ...]
    """Of the reading with the most suspicious window."""
    span: tuple[int, int]
    """Where in the decoded value that window stands, in bytes; (0, 0) where that can't be told."""
    matched: str = ""
    """How that window begins."""


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


class _Model(NamedTuple):
    number: int
    classifier: Classifier
    guess: Callable[[str], float]


class ModelStage:
    """The models of some detectors, with a memory; safe to use from several threads."""

    def __init__(
        self, detectors: Sequence[Detector], classifiers: Mapping[str, Classifier]
    ) -> None:
        """Take the detectors and the classifiers that back some of them, by their slugs."""
        backed = [detector for detector in detectors if detector.slug in classifiers]
        self._gates = [detector.model_gate or _open for detector in backed]
        self._models: dict[str, _Model] = {}
        for number, detector in enumerate(backed):
            classifier = classifiers[detector.slug]
            guess = detector.model_guess or classifier.guess
            self._models[detector.slug] = _Model(number, classifier, guess)
        self._none = (_CLOSED,) * len(backed)
        self._memory: Memory[_Key, tuple[Answer, ...]] = Memory(_REMEMBERED_VALUES)

    @property
    def slugs(self) -> frozenset[str]:
        """Return the slugs of the detectors that have a model."""
        return frozenset(self._models)

    def candidates(
        self, fields: Sequence[Field], holds: Callable[[str, str], bool]
    ) -> tuple[Sequence[Candidates], bool]:
        """Return which of a request's values pass the gates, and whether all were decoded for them.

        It is quick, and for most requests none does. ``holds`` says whether a detector's findings
        at a location count. Equal values are one candidate: the stricter one, or the first.
        """
        known, is_whole = self._known(fields, [_key(field) for field in fields])
        passed = [n for n, answers in enumerate(known) if answers is not self._none]
        found = []
        for slug, model in self._models.items() if passed else ():
            values: dict[bytes, tuple[Field, Answer]] = {}
            for n in passed:
                field, answer = fields[n], known[n][model.number]
                if answer is _CLOSED or not holds(slug, field.location):
                    continue
                if field.value not in values or field.place is Place.TOOL:
                    values[field.value] = (field, answer)
            if values:
                found.append(Candidates(slug, tuple(values.values())))
        return found, is_whole

    def _known(
        self, fields: Sequence[Field], keys: Sequence[_Key]
    ) -> tuple[list[tuple[Answer, ...]], bool]:
        """Return what is known of each value: at least, which of the gates it passes."""
        found = self._memory.recall(keys)
        fresh = [n for n, answers in enumerate(found) if answers is None]
        is_whole = True
        if fresh:
            news, unread = self._gated([fields[n] for n in fresh])
            is_whole = not unread
            self._memory.keep(
                {
                    keys[n]: answers
                    for n, answers in zip(fresh, news, strict=True)
                    if _is_short(keys[n]) and fields[n].value not in unread
                }
            )
            for n, answers in zip(fresh, news, strict=True):
                found[n] = answers
        return [answers or self._none for answers in found], is_whole

    def _gated(self, fields: Sequence[Field]) -> tuple[list[tuple[Answer, ...]], set[bytes]]:
        """Return which gates the values pass, and the values that were looked at as sent alone."""
        # Written out: it is asked of every new value of every request.
        columns = [[gate(field, field.value) for field in fields] for gate in self._gates]
        odd = set(to_decode([field.value for field in fields]))
        unread: set[bytes] = set()
        left = _GATED_BYTES
        for n, field in enumerate(fields) if odd else ():
            if field.value not in odd:
                continue
            if left > 0:
                left -= min(len(field.value), LONGEST)
                self._decode(field, columns, n)
            else:
                unread.add(field.value)
        if not any(map(any, columns)):
            return [self._none] * len(fields), unread
        rows = zip(*columns, strict=True)
        answers = [
            tuple([_UNASKED if is_open else _CLOSED for is_open in row]) if any(row) else self._none
            for row in rows
        ]
        return answers, unread

    def _decode(self, field: Field, columns: Sequence[list[bool]], n: int) -> None:
        texts = [reading.text for part in ends(field.value) for reading in readings(part)]
        for gate, are_open in zip(self._gates, columns, strict=True):
            are_open[n] = are_open[n] or any(gate(field, text) for text in texts)

    def judge(
        self,
        candidates: Iterable[Candidates],
        suspicion: Callable[[Field, str], float],
        threshold: Callable[[str], float],
    ) -> tuple[list[Finding], bool]:
        """Return findings, and whether the budget sufficed for all of the values.

        ``suspicion`` is what the rules of a detector said of a field, ``threshold`` from which
        score its findings count. Raises ScoringError when a model fails.
        """
        findings: list[Finding] = []
        is_whole = True
        for each in candidates:
            slug, answered = each.slug, iter(each.values)
            if not each.are_known:
                fields = [field for field, _ in each.values]
                model = self._models[slug]
                choice = choose(
                    fields, model.classifier, model.guess, _of_detector(suspicion, slug)
                )
                is_whole &= choice.is_whole
                answered = self._ask(model, choice.values)
            floor = min(SUSPICIOUS, threshold(slug))
            findings += [_finding(slug, field, answer, floor) for field, answer in answered]
        return findings, is_whole

    def _ask(self, model: _Model, values: Sequence[Value]) -> Iterator[tuple[Field, Answer]]:
        known = self._known_answers(model.number, values)
        windows = [
            shown.window
            for value, answer in zip(values, known, strict=True) if answer is None
            for shown in value.shown
        ]  # fmt: skip
        scores = iter(model.classifier.score(windows)) if windows else iter(())
        for value, said in zip(values, known, strict=True):
            answer = said or _answer(value, [next(scores) for _ in value.shown])
            if said is None:
                self._remember(model.number, value, answer)
            yield value.field, answer

    def _known_answers(self, number: int, values: Sequence[Value]) -> list[Answer | None]:
        """Return what the model has said of those that it would be shown whole."""
        entries = self._memory.recall([_key(value.field) for value in values])
        return [
            entry[number] if entry and value.is_whole and entry[number] is not _UNASKED else None
            for entry, value in zip(entries, values, strict=True)
        ]

    def _remember(self, number: int, value: Value, answer: Answer) -> None:
        key = _key(value.field)
        # A value that was cut for want of windows may be shown whole in another request.
        if not value.is_whole or not _is_short(key):
            return
        known = self._memory.recall((key,))[0]
        if known:
            self._memory.keep({key: (*known[:number], answer, *known[number + 1 :])})


def _open(field: Field, text: bytes) -> bool:
    return True


def _of_detector(suspicion: Callable[[Field, str], float], slug: str) -> Suspicion:
    return lambda field: suspicion(field, slug)


def _key(field: Field) -> _Key:
    # A gate may tell a header by its name; other values are the same wherever they stand.
    if field.place is Place.HEADER:
        return (field.name, field.value)
    # No header is called so.
    return (f"{field.place}:", field.value) if field.place in CHAT_PLACES else field.value


def _is_short(key: _Key) -> bool:
    if isinstance(key, bytes):
        return len(key) <= _REMEMBERED_BYTES
    return len(key[0]) <= _REMEMBERED_NAME and len(key[1]) <= _REMEMBERED_BYTES


def _answer(value: Value, scores: Sequence[float]) -> Answer:
    if not scores:
        return _CLOSED
    best = max(range(len(scores)), key=scores.__getitem__)
    steps = value.shown[best].reading.steps
    # The most suspicious of many windows is the likelier to be so by chance (Bonferroni).
    chance = math.log(max(1.0, value.windows / MAX_WINDOWS))
    score = _shifted(scores[best], -chance) if chance else round(scores[best], SCORE_DIGITS)
    matched = value.shown[best].window.text[:MAX_MATCHED]
    return Answer(score, len(scores), steps, _span(value, best), matched)


def _span(value: Value, best: int) -> tuple[int, int]:
    window, reading = value.shown[best]
    text = reading.text.decode("utf-8", "replace")
    if len(value.field.value) > LONGEST or "\ufffd" in text or shown_text(reading.text) != text:
        return (0, 0)
    start = len(text[: window.start].encode("utf-8", "replace"))
    return start, start + len(window.text.encode("utf-8", "replace"))


def _finding(slug: str, field: Field, answer: Answer, floor: float) -> Finding:
    score = answer.score
    if field.place is Place.TOOL:
        score = _shifted(score, TOOL_SHIFT)
    reason = ""
    if score >= floor:
        reason = f"{slug}:model (decoded)" if answer.steps else f"{slug}:model"
    return Finding(slug, score, reason, field.location, answer.steps, answer.span, answer.matched)


def _shifted(score: float, by: float) -> float:
    """Return the probability whose logit is so much higher."""
    if not 0.0 < score < 1.0:
        return score
    return round(1 / (1 + math.exp(-math.log(score / (1 - score)) - by)), SCORE_DIGITS)
