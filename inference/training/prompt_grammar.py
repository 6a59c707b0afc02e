"""A small grammar: templates whose ``{slots}`` are filled at random, from a seed."""

import random
import re
from collections.abc import Mapping, Sequence

_SLOT = re.compile(r"\{([a-z_]+)\}")
_BLANKS = re.compile(r"[ \t]{2,}")
_BEFORE_MARK = re.compile(r" +([,.;:!?])")
_DEPTH = 6

Slots = Mapping[str, Sequence[str]]


def expand(template: str, slots: Slots, rng: random.Random) -> str:
    """Return the template with every slot filled, slots within what fills them too.

    ``{name}`` is filled alike throughout: it is who the text is about. A slot that ``slots`` lacks
    stays as it is, for braces are also something to write about.
    """
    if "name" in slots:
        slots = {**slots, "name": [rng.choice(slots["name"])]}
    text = template
    for _ in range(_DEPTH):
        filled = _SLOT.sub(lambda match: _fill(match, slots, rng), text)
        if filled == text:
            break
        text = filled
    # What an empty choice leaves behind.
    return _BEFORE_MARK.sub(r"\1", _BLANKS.sub(" ", text)).strip()


def make(
    templates: Sequence[str], slots: Slots, rng: random.Random, *, count: int, tries: int = 4
) -> list[str]:
    """Return up to ``count`` different texts, every template in turn."""
    made: dict[str, None] = {}
    for number in range(count * tries):
        if len(made) >= count:
            break
        made.setdefault(expand(templates[number % len(templates)], slots, rng))
    return list(made)


def _fill(match: re.Match[str], slots: Slots, rng: random.Random) -> str:
    choices = slots.get(match[1])
    return rng.choice(choices) if choices else match[0]
