"""Checks that several detectors share."""

from inference.detector import Check
from inference.fields import Field


def is_short(words: int, lines: int = 6) -> Check:
    """Return a check for values of few words and lines: no article, code or log."""

    def check(field: Field, text: bytes) -> bool:
        return field.value.count(b"\n") < lines and len(text.split(None, words)) <= words

    return check
