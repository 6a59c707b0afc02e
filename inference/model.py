"""Trained models behind one port."""

from collections.abc import Sequence
from typing import Protocol


class Classifier(Protocol):
    """Scores texts with a trained model; safe to call from several threads."""

    def score(self, texts: Sequence[str]) -> list[float]:
        """Return the probability in [0, 1] that each text is an attack."""
