"""Normalisation: a value becomes its variants, each with the decoding steps that led to it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from inference import transformations as t

MAX_ROUNDS = 4
"""Passes over the decoding steps: percent in entities in percent needs three."""
MAX_VARIANTS = 24
_PER_ROUND = 5
"""Variants that one round can add."""
MAX_BYTES = 1 << 20
"""Bytes of variants after which a value is read no further than its first round."""

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

_BASE64_BYTES = 16
"""Shorter values are no base64 that is decoded."""
_INERT = bytes(set(range(0x20, 0x7F)) - set(b"%&\\\"'^`$"))
"""What no step but base64 changes, unless it is a pair of blanks or opens an SQL comment."""


class Variant(NamedTuple):
    """One reading of a value."""

    text: bytes
    steps: tuple[str, ...]


class Reading(NamedTuple):
    """The variants of a value, as sent first, and whether there was nothing left to decode."""

    variants: tuple[Variant, ...]
    is_whole: bool

    @property
    def texts(self) -> list[bytes]:
        """Return the text of each variant."""
        return [text for text, _ in self.variants]


def read(value: bytes, max_bytes: int = MAX_BYTES) -> Reading:
    """Return the value and every different reading of it, within bounds.

    Linear in ``len(value)``: rounds and variants are bounded by constants. After ``max_bytes`` of
    variants only the first round is finished. Each base64 text is a value of its own: it must not
    hide what else the value holds.
    """
    clear, taken = _decode(value)
    if taken and not to_decode((clear,)):  # as of most that are encoded at all
        return Reading((Variant(value, ()), Variant(clear, taken)), True)
    found: dict[bytes, tuple[str, ...]] = {value: ()}
    values = [Variant(value, ())]
    is_whole = True
    left = max_bytes - len(value)
    for start in values:
        for number, decoded in enumerate(_rounds(start)):
            is_full = left <= 0 or len(found) + _PER_ROUND > MAX_VARIANTS
            if number == MAX_ROUNDS or (is_full and (number or start.steps)):
                is_whole = False
                break
            is_last = not to_decode((decoded.text,))
            for text, steps in (decoded,) if is_last else (decoded, *_rewritten(*decoded)):
                if text not in found:
                    found[text] = steps
                    left -= len(text)
            if is_last:  # as after the first round of most
                break
            clear = t.base64_text(decoded.text)
            if clear not in found:
                found[clear] = (*decoded.steps, "base64")
                left -= len(clear)
                values.append(Variant(clear, found[clear]))
    return Reading(tuple(Variant(text, steps) for text, steps in found.items()), is_whole)


def to_decode(values: Sequence[bytes]) -> list[bytes]:
    """Return the values that may have another reading: few, as most are their own only one."""
    encoded = [
        value
        for value in values
        if len(value) >= _BASE64_BYTES
        and not value.islower()  # as base64_text finds too, at the price of a call
        and t.base64_text(value) is not value
    ]
    odd = _odd(values)
    return list(dict.fromkeys(odd + encoded)) if encoded else odd


def _odd(values: Sequence[bytes]) -> list[bytes]:
    """Return the values that hold something that a step other than base64 may change.

    One look at all of them is faster than one at each.
    """
    joined = b".".join(values)
    odd = joined.translate(None, _INERT)
    if b"  " in joined or b"/*" in joined:
        return [v for v in values if v.translate(None, _INERT) or b"  " in v or b"/*" in v]
    if not odd:
        return []
    if not odd.strip(odd[:1]):  # one kind of character, as "%"
        return [value for value in values if odd[0] in value]
    return [value for value in values if value.translate(None, _INERT)]


def _rounds(start: Variant) -> Iterator[Variant]:
    """Yield the value after each pass over the decoding steps, until nothing is left to decode."""
    text, taken = _decode(start.text)
    steps = start.steps + taken
    yield Variant(text, steps)
    while taken:
        text, taken = _decode(text)
        steps += taken
        if taken:
            yield Variant(text, steps)


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
