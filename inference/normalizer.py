"""Normalisation: a value becomes its variants, each with the decoding steps that led to it."""

from collections.abc import Iterator
from typing import NamedTuple

from inference import transformations as t

MAX_ROUNDS = 4
"""Passes over the decoding steps: percent in entities in percent needs three."""
MAX_VARIANTS = 12

_DECODING: tuple[tuple[str, t.Transformation], ...] = (
    ("percent", t.percent),
    ("overlong-utf8", t.overlong_utf8),
    ("html", t.html_entities),
    ("escape", t.escapes),
    ("unicode", t.fold_unicode),
    ("null", t.null_bytes),
)
_REWRITING: tuple[tuple[str, t.Transformation], ...] = (
    ("whitespace", t.whitespace),
    ("sql-comment", t.sql_comments),
    ("shell-quote", t.shell_quotes),
)

_INERT = bytes(set(range(0x20, 0x7F)) - set(b"%&\\\"'^`$"))
"""What no step but base64 changes, unless it is a pair of blanks or opens an SQL comment."""


class Variant(NamedTuple):
    """One reading of a value."""

    text: bytes
    steps: tuple[str, ...]


def variants(value: bytes) -> tuple[Variant, ...]:
    """Return the value and every different reading of it, at most ``MAX_VARIANTS``, as sent first.

    Linear in ``len(value)``: rounds, variants and base64 tokens are bounded by constants.
    """
    if _is_inert(value):
        return (Variant(value, ()),)
    found: dict[bytes, tuple[str, ...]] = {value: ()}
    for variant in _readings(value):
        found.setdefault(variant.text, variant.steps)
        if len(found) >= MAX_VARIANTS:
            break
    return tuple(Variant(text, steps) for text, steps in found.items())


def _is_inert(value: bytes) -> bool:
    """Return True for a value that is its own only reading, as most are."""
    if value.translate(None, _INERT) or b"  " in value or b"/*" in value:
        return False
    return t.base64_text(value) is value


def _readings(value: bytes) -> Iterator[Variant]:
    text = value
    steps: tuple[str, ...] = ()
    for _ in range(MAX_ROUNDS):
        before = text
        text, taken = _decode(text)
        steps += taken
        if taken:
            yield Variant(text, steps)
        yield from _rewritten(text, steps)
        decoded = t.base64_text(text)
        if decoded is not text:
            yield Variant(decoded, (*steps, "base64"))
            text, steps = decoded, (*steps, "base64")
        elif text is before or not taken:
            return


def _decode(text: bytes) -> tuple[bytes, tuple[str, ...]]:
    taken: tuple[str, ...] = ()
    for name, step in _DECODING:
        decoded = step(text)
        if decoded is not text and decoded != text:
            text, taken = decoded, (*taken, name)
    return text, taken


def _rewritten(text: bytes, steps: tuple[str, ...]) -> Iterator[Variant]:
    """Yield readings that lose something, so that decoding never builds on them."""
    folded = text
    for name, step in _REWRITING:
        rewritten = step(folded)
        if rewritten is not folded and rewritten != folded:
            steps = (*steps, name)
            yield Variant(rewritten, steps)
            if name == "whitespace":
                folded = rewritten
