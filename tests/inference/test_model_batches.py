"""Threads that ask at the same time share a batch, and each gets its own answer."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from inference.model_batches import JoinedBatches
from inference.model_text import Window, Windows
from kysira.errors import ScoringError

BAD = "bad"


def window(text: str) -> Window:
    """Return a window whose score is its length."""
    return Window(text, 0, (1,), (0,))


class SlowModel:
    """Scores a window by its length, once it is let; remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.is_asked = threading.Event()
        self.may_answer = threading.Event()

    def windows(self, text: str) -> Windows:
        """Return the text as one window."""
        return Windows([window(text)], True)

    def guess(self, text: str) -> float:
        """Guess by the length."""
        return float(len(text))

    def score(self, windows: Sequence[Window]) -> list[float]:
        """Wait to be let; fail where a window is bad."""
        self.batches.append([each.text for each in windows])
        self.is_asked.set()
        assert self.may_answer.wait(30)
        if any(each.text == BAD for each in windows):
            raise ScoringError("bad window")
        return [float(len(each.text)) for each in windows]


def ask_while_busy(model: SlowModel, texts: Sequence[str]) -> list[list[float] | ScoringError]:
    """Return what each of the threads got that asked while the model worked on another."""
    joined = JoinedBatches(model)

    def one(text: str) -> list[float] | ScoringError:
        try:
            return joined.score([window(text), window(text + "!")])
        except ScoringError as error:
            return error

    with ThreadPoolExecutor(len(texts) + 1) as threads:
        first = threads.submit(one, "first")
        assert model.is_asked.wait(30)
        futures = [threads.submit(one, text) for text in texts]
        while len(joined._waiting) < len(texts):  # no event tells that they have come
            threading.Event().wait(0.01)
        model.may_answer.set()
        assert first.result(30) == [5.0, 6.0]
        return [future.result(30) for future in futures]


def test_windows_of_threads_are_joined() -> None:
    """What came while the model was busy is one batch, and everybody gets the right scores."""
    model = SlowModel()
    texts = ["x" * n for n in range(1, 9)]
    assert ask_while_busy(model, texts) == [[n, n + 1.0] for n in range(1, 9)]
    assert len(model.batches) == 2
    assert len(model.batches[1]) == 16


def test_failure_is_its_own_threads_alone() -> None:
    """One request that breaks the model takes no other with it."""
    answers = ask_while_busy(SlowModel(), ["aa", BAD, "bbb"])
    assert answers[0] == [2.0, 3.0]
    assert isinstance(answers[1], ScoringError)
    assert answers[2] == [3.0, 4.0]


def test_crash_leaves_nobody_waiting() -> None:
    """An error of ours reaches who asked, and the next call is answered."""

    class Crashing(SlowModel):
        def score(self, windows: Sequence[Window]) -> list[float]:
            self.batches.append([])
            if len(self.batches) == 1:
                raise ZeroDivisionError
            return [0.5 for _ in windows]

    joined = JoinedBatches(Crashing())
    with pytest.raises(ZeroDivisionError):
        joined.score([window("a")])
    assert joined.score([window("a")]) == [0.5]


def test_nothing_to_score_asks_nobody() -> None:
    """No windows, no wait."""
    model = SlowModel()
    assert JoinedBatches(model).score([]) == []
    assert model.batches == []


def test_texts_are_read_as_the_model_reads_them() -> None:
    """Windows and guesses are the model's own."""
    joined = JoinedBatches(SlowModel())
    assert joined.windows("ab").shown[0].text == "ab"
    assert joined.guess("ab") == 2.0
