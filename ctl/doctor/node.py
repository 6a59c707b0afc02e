"""Reads Envoy's JSON, where a default is left out and any part may be missing."""

import re
from collections.abc import Mapping
from typing import Any

Node = Mapping[str, Any]
EMPTY: Node = {}
_SECONDS = re.compile(r"(-?\d+(?:\.\d+)?)s")


def node(value: Any, *path: str) -> Node:
    """Return the object at the path, {} where there is none."""
    found = _at(value, path)
    return found if isinstance(found, dict) else EMPTY


def rows(value: Any, *path: str) -> list[Node]:
    """Return the objects of the list at the path."""
    found = _at(value, path)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def texts(value: Any, *path: str) -> list[str]:
    """Return the texts of the list at the path."""
    found = _at(value, path)
    return [row for row in found if isinstance(row, str)] if isinstance(found, list) else []


def text(value: Any, *path: str, default: str = "") -> str:
    """Return the text at the path."""
    found = _at(value, path)
    return found if isinstance(found, str) else default


def has(value: Any, *path: str) -> bool:
    """Return True when the path is there, also with an empty object."""
    return _at(value, path) is not None


def flag(value: Any, *path: str) -> bool:
    """Return True when the path holds true."""
    return _at(value, path) is True


def number(value: Any, *path: str, default: float = 0) -> float:
    """Return the number at the path; 64-bit ones are written as text."""
    found = _at(value, path)
    if isinstance(found, str) and re.fullmatch(r"-?\d{1,20}", found):
        return int(found)
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    return found if is_number else default


def seconds(value: Any, *path: str, default: float) -> float:
    """Return the duration at the path: ``0.500s``."""
    match = _SECONDS.fullmatch(text(value, *path))
    return float(match[1]) if match else default


def kind(value: Any) -> str:
    """Return the name of the message in ``@type``, without what is before its package's last part.

    ``type.googleapis.com/envoy.…http.ext_proc.v3.ExternalProcessor`` is ``ExternalProcessor``.
    """
    return text(value, "@type").rpartition(".")[2]


def message(config: Node) -> Node:
    """Return a message as it is, where it was written as a TypedStruct: some control planes do."""
    if kind(config) != "TypedStruct":
        return config
    return {**node(config, "value"), "@type": text(config, "type_url")}


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value
