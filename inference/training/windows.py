"""Long texts in windows of characters, as the sqli model is trained on them."""

from collections.abc import Callable, Sequence

import numpy as np

from inference.training.evaluate import Scores

Margins = Callable[[Sequence[str]], Scores]
"""A model: the attack's logit less the benign one's, for each text."""

WINDOW = 256
"""Characters that the sqli model is shown at once."""
STRIDE = 192


def windows(text: str, *, size: int = WINDOW, stride: int = STRIDE) -> Sequence[str]:
    """Return the text in overlapping windows, the first and the last of them whole."""
    if len(text) <= size:
        return (text,)
    starts = [*range(0, len(text) - size, stride), len(text) - size]
    return [text[start : start + size] for start in starts]


def windowed(margins: Margins) -> Margins:
    """Return margins of whole texts: those of their most suspicious windows."""

    def whole(texts: Sequence[str]) -> Scores:
        parts = [windows(text) for text in texts]
        found = margins([window for part in parts for window in part])
        starts = np.cumsum([0, *map(len, parts)])[:-1]
        return np.maximum.reduceat(found, starts) if parts else found

    return whole
