"""The texts that a model is shown of one value: decoded, blanks and comments as they are."""

import re

from inference import normalizer
from inference.normalizer import Variant

LONGEST = 32768
"""Bytes of a value up to which a model is shown all of it."""
_END = LONGEST // 2
_UNSEEN = re.compile(
    r"[\s\x00-\x1f\x7f-\x9f\xad\u115f\u1160\u180e\u200b-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]{8,}"
)
_REWRITTEN = frozenset({"whitespace", "sql-comment", "shell-quote"})
"""Steps that lose something: a model sees blanks and comments as they are."""


def readings(value: bytes) -> list[Variant]:
    """Return the value decoded as far as it goes, then each base64 text in it, decoded likewise."""
    last: dict[tuple[str, ...], Variant] = {}
    for variant in normalizer.read(value).variants:
        if _REWRITTEN.isdisjoint(variant.steps):
            # Variants come in the order of decoding: the last of a chain is its fixed point.
            last[_chain(variant.steps)] = variant
    return list(last.values())


def _chain(steps: tuple[str, ...]) -> tuple[str, ...]:
    """Return the steps up to the last base64: what follows only decodes the text further."""
    behind = next((n for n, step in enumerate(reversed(steps)) if step == "base64"), len(steps))
    return steps[: len(steps) - behind]


def shown_text(text: bytes) -> str:
    """Return a reading as a model is shown it.

    Long runs of blanks and of what nobody sees become one blank: a tokenizer drops most of them,
    and they must not push the rest out of a window.
    """
    return _UNSEEN.sub(" ", text.decode("utf-8", "replace"))


def ends(value: bytes) -> tuple[bytes, ...]:
    """Return what is read of a value for a model: it, or the head and tail of a long one."""
    return (value,) if len(value) <= LONGEST else (value[:_END], value[-_END:])


def texts(value: bytes) -> list[str]:
    """Return the readings as a model is shown them."""
    return [shown_text(variant.text) for variant in readings(value)]
