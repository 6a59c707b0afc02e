"""Chat bodies: what is sent to a language model, by message.

OpenAI's completions and responses, Anthropic's messages, Gemini's contents, Cohere's documents.
The strings themselves are fields already; what is added here is a message of several parts as the
model reads it, whole, and what comes from a tool or a document, whose text gives no orders.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from inference.fields import Field
from kysira.types import Place

KEYS = frozenset({"role", "type", "messages", "functionResponse"})
"""An object without any of these holds nothing of a chat."""

_ROLES = frozenset({"user", "assistant", "system", "developer", "model", "tool", "function"})
_TOOLS = frozenset({"tool", "function"})
_RESULTS = frozenset(
    {"tool_result", "function_call_output", "custom_tool_call_output", "document", "search_result",
     "mcp_tool_result", "web_fetch_tool_result"}
)  # fmt: skip
_HOLDERS = (
    "content", "parts", "output", "source", "text", "data", "snippet", "functionResponse",
    "response", "result",
)  # fmt: skip
"""Members that hold a message's text, or its parts."""
_DEPTH = 4
"""Of parts in a message: a result holds a list of parts, each an object with a text."""


def chat_fields(path: str, pairs: tuple[tuple[str, Any], ...]) -> Iterator[Field]:
    """Yield a message of several parts as one, and the texts of a tool or a document.

    ``pairs`` are the members of an object that has one of ``KEYS``; any object at all will do.
    """
    members = dict(pairs)
    is_result = _is_among(members.get("type"), _RESULTS) or "functionResponse" in members
    is_foreign = is_result or _is_among(members.get("role"), _TOOLS)
    if is_foreign or _is_among(members.get("role"), _ROLES):
        texts = list(_texts(members, _DEPTH))
        text = "\n".join(texts).encode("utf-8", "replace")
        if len(texts) > 1:
            yield Field(Place.JSON, path, text)
        if is_foreign and texts:
            yield Field(Place.TOOL, path, text)
    elif "messages" in members and isinstance(documents := members.get("documents"), list):
        name = f"{path}.documents" if path else "documents"
        for document in _strings(documents, _DEPTH):
            yield Field(Place.TOOL, name, document.encode("utf-8", "replace"))


def _is_among(value: object, names: frozenset[str]) -> bool:
    return isinstance(value, str) and value in names


def _texts(members: Mapping[str, Any], depth: int) -> Iterator[str]:
    for name in _HOLDERS:
        if name in members:
            yield from _strings(members[name], depth)


def _strings(node: object, depth: int) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif depth and isinstance(node, list):
        for child in node:
            yield from _strings(child, depth - 1)
    elif depth and isinstance(node, tuple):
        yield from _texts(dict(node), depth - 1)
