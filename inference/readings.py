"""The texts that a model is shown of one value: decoded, blanks and comments as they are."""

from inference import normalizer
from inference.normalizer import Variant

LONGEST = 32768
"""Bytes of a value up to which a model is shown all of it."""
_END = LONGEST // 2
_REWRITTEN = frozenset({"whitespace", "sql-comment", "shell-quote"})
"""Steps that lose something: a model sees blanks and comments as they are."""


def readings(value: bytes) -> list[Variant]:
    """Return the value decoded as far as it goes, then each base64 text in it, decoded likewise."""
    last: dict[int, Variant] = {}
    for variant in normalizer.read(value).variants:
        if _REWRITTEN.isdisjoint(variant.steps):
            # Variants come in the order of decoding: the last of a chain is its fixed point.
            last[variant.steps.count("base64")] = variant
    return list(last.values())


def ends(value: bytes) -> tuple[bytes, ...]:
    """Return what is read of a value for a model: it, or the head and tail of a long one."""
    return (value,) if len(value) <= LONGEST else (value[:_END], value[-_END:])


def texts(value: bytes) -> list[str]:
    """Return the readings as a model is shown them."""
    return [variant.text.decode("utf-8", "replace") for variant in readings(value)]
