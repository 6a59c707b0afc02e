"""Chat bodies: what is sent to a language model, by message.

OpenAI's completions and responses, Anthropic's messages, Gemini's contents, Cohere's documents.
The strings themselves are fields already, which the rules read; what is added here, for the model
alone, is a message of several parts as the one behind reads it, whole, and what comes from a tool
or a document, whose text gives no orders.
"""

from collections.abc import Iterator
from typing import Any

from inference.fields import Field
from kysira.types import Place

KEYS = frozenset({"role", "type", "message", "messages", "functionResponse"})
"""An object without any of these holds nothing of a chat."""
_TOOLS = frozenset({"tool", "function", "ipython"})
_RESULTS = frozenset(
    {"tool_result", "function_call_output", "custom_tool_call_output", "document", "search_result",
     "mcp_tool_result", "web_fetch_tool_result"}
)  # fmt: skip
_PARTS = ("content", "parts")
"""Members that hold a message's parts."""
_LABELS = frozenset(
    {"role", "type", "id", "name", "call_id", "tool_call_id", "tool_use_id", "status"}
)
"""Members whose strings are no text."""
_DEPTH = 8
"""Of objects and lists in a message."""


def chat_fields(path: str, pairs: tuple[tuple[str, Any], ...]) -> Iterator[Field]:
    """Yield a message of several parts as one, and the texts of a tool or a document.

    ``pairs`` are the members of an object that has one of ``KEYS``; any object at all will do.
    """
    members = dict(pairs)
    role = members.get("role")
    is_result = _is_among(members.get("type"), _RESULTS) or "functionResponse" in members
    if is_result or _is_among(role, _TOOLS):
        if texts := list(_strings(pairs, _DEPTH)):
            yield _field(Place.TOOL, path, "\n".join(texts))
    elif isinstance(role, str):
        texts = [
            text
            for name in _PARTS if isinstance(members.get(name), list)
            for text in _strings(members[name], _DEPTH)
        ]  # fmt: skip
        if len(texts) > 1:
            yield _field(Place.CHAT, path, "\n".join(texts))
    elif ("messages" in members or "message" in members) and "documents" in members:
        name = f"{path}.documents" if path else "documents"
        for text in _strings(members["documents"], _DEPTH):
            yield _field(Place.TOOL, name, text)


def _field(place: Place, path: str, text: str) -> Field:
    return Field(place, path, text.encode("utf-8", "replace"))


def _is_among(value: object, names: frozenset[str]) -> bool:
    return isinstance(value, str) and value in names


def _strings(node: object, depth: int) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif depth and isinstance(node, list):
        for child in node:
            yield from _strings(child, depth - 1)
    elif depth and isinstance(node, tuple):
        for key, child in node:
            if key not in _LABELS:
                yield from _strings(child, depth - 1)
