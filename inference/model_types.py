"""What the engine asks of a trained model."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from inference.model_text import Window, Windows


class Classifier(Protocol):
    """Scores windows of texts with a trained model; safe to call from several threads."""

    def windows(self, text: str) -> Windows:
        """Return any text at all in the parts that the model reads at once."""

    def score(self, windows: Sequence[Window]) -> list[float]:
        """Return the probability in [0, 1] that each window is an attack.

        A window scores the same whatever stands beside it. Raises ScoringError when the model
        fails.
        """

    def guess(self, text: str) -> float:
        """Return a quick guess, to rank texts by when not all can be scored; 0 is none."""


@runtime_checkable
class Sieved(Protocol):
    """A classifier with a quick judge in front, whose word is enough on most texts."""

    def is_quick(self, windows: Sequence[Window]) -> bool:
        """Return True when to score these takes microseconds, as the net is asked of none."""
