"""Parts of a policy in a few words, as YAML would write them."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

NONE = "-"


def worded(value: Any) -> str:
    """Return a value in a line: ``path=/a methods=POST,PUT``; ``-`` is nothing."""
    if isinstance(value, Mapping):
        return " ".join(_pairs("", value)) or NONE
    return NONE if value is None else _word(value)


def _pairs(above: str, said: Mapping[str, Any]) -> Iterable[str]:
    for key, value in said.items():
        if isinstance(value, Mapping):
            yield from _pairs(f"{above}{key}.", value)
        else:
            yield f"{above}{key}={_quoted(_word(value))}"


def _word(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return ",".join(map(_word, value)) or "[]"
    return f"{value:g}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def _quoted(word: str) -> str:
    """Return a word of a pair so that it is seen where it ends."""
    is_plain = word and not any(sign.isspace() or sign in '"=' for sign in word)
    return word if is_plain else json.dumps(word, ensure_ascii=False)
