"""Classifiers made of a function, for tests of what stands around a model."""

from collections.abc import Callable, Sequence

from inference.model_text import Window, Windows, first_and_last

CHARACTERS = 64
"""Of a window."""


class FakeModel:
    """Scores windows by what they hold, and remembers what it was asked."""

    def __init__(
        self,
        score: float | Callable[[str], float] = 0.97,
        *,
        guess: Callable[[str], float] = lambda _: 0.0,
    ) -> None:
        self.asked: list[str] = []
        self._score = score if callable(score) else bait(score)
        self._guess = guess

    def windows(self, text: str) -> Windows:
        """Cut the text every 64 characters."""
        starts = range(0, max(1, len(text)), CHARACTERS)
        parts = [Window(text[at : at + CHARACTERS], at, [1], [0]) for at in starts]
        return Windows(first_and_last(parts, 32), len(parts) <= 32)

    def score(self, windows: Sequence[Window]) -> list[float]:
        """Return the score of each."""
        texts = [window.text for window in windows]
        self.asked += texts
        return [self._score(text) for text in texts]

    def guess(self, text: str) -> float:
        """Return the guess."""
        return self._guess(text)


def bait(score: float) -> Callable[[str], float]:
    """Return what scores so texts that hold "model-bait", and others next to nothing."""
    return lambda text: score if "model-bait" in text else 0.01
