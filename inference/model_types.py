"""What the engine asks of a trained model."""

from collections.abc import Sequence
from typing import Protocol

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
