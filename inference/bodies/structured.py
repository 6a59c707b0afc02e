"""JSON (RFC 8259) and XML bodies: every string, key, attribute and text, with its path."""

import json
import re
from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

from inference.bodies import chat
from inference.bodies.graphql import graphql_fields, is_graphql
from inference.fields import Field, is_plain
from kysira.types import Place, Uninspected

_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_SHOWN = 64
"""Characters of an element's or attribute's name that are kept: a path repeats them."""


_GRAPHQL = "query"
"""The member of a request that holds its document (GraphQL over HTTP §5.4)."""
_RISKY_NAMES = frozenset({"__proto__", "prototype"})
"""Members through which a merge of objects writes to all of them (CWE-1321)."""
_CHAT_BYTES = 1 << 17
"""Of a document's messages that are told once more: one in the other could be without end."""
# An object becomes a tuple of its pairs: a dict would hide all but the last of equal names.
_HOLDERS = (str, tuple, list)
_decoder = json.JSONDecoder(object_pairs_hook=tuple, strict=False)


def json_fields(text: bytes) -> list[Field] | None:
    """Return the strings and odd keys of one or more JSON documents; None when not JSON."""
    decoded = text.decode("utf-8", "surrogateescape").strip()
    found: list[Field] = []
    try:
        end = 0
        while end < len(decoded):
            document, end = _decoder.raw_decode(decoded, end)
            _walk(document, found)
            while end < len(decoded) and decoded[end] in " \t\r\n,":  # NDJSON and concatenations
                end += 1
    except (ValueError, RecursionError):
        return None
    return found


def _walk(document: Any, found: list[Field]) -> None:
    """Collect depth first without recursion: nesting is the client's to choose."""
    chat_left = _CHAT_BYTES
    stack: list[tuple[str, Any]] = [("", document)]
    while stack:
        path, node = stack.pop()
        if isinstance(node, str):
            _collect_string(path, node, found)
        elif isinstance(node, tuple):
            prefix = path + "." if path else ""
            is_chat = False
            for key, child in reversed(node):
                is_chat = is_chat or key in chat.KEYS
                if not key.isidentifier() or key in _RISKY_NAMES:
                    _collect_name(path, (prefix + key)[:256], key, found)
                if isinstance(child, _HOLDERS):
                    stack.append(((prefix + key)[:256], child))
            if is_chat and chat_left > 0:
                made = list(chat.chat_fields(path, node))
                chat_left -= sum(len(field.value) for field in made)
                found += made
        elif isinstance(node, list):
            stack += [(path, child) for child in reversed(node) if isinstance(child, _HOLDERS)]


def _collect_name(path: str, location: str, key: str, found: list[Field]) -> None:
    if key == "prototype":
        if path.endswith("constructor"):
            found.append(Field(Place.JSON, location, b"constructor.prototype"))
        return
    name = _to_bytes(key)
    if not is_plain(name):
        found.append(Field(Place.JSON, location, name))


def _collect_string(path: str, text: str, found: list[Field]) -> None:
    value = _to_bytes(text)
    if is_plain(value):
        return
    found.append(Field(Place.JSON, path, value))
    if path.endswith(_GRAPHQL) and is_graphql(value):
        found += graphql_fields(Place.JSON, path, value)


def _to_bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")  # bytes that were no UTF-8, as they came
    except UnicodeEncodeError:  # an escape may stand for half a character
        return text.encode("utf-8", "surrogatepass")


def json_strings(text: bytes) -> Iterator[Field]:
    """Yield the strings of text that is almost JSON, and the text itself."""
    position = 0
    for number, piece in enumerate(_ESCAPED.sub(b"__", text).split(b'"')):
        value = text[position : position + len(piece)]
        position += len(piece) + 1
        if number % 2 and not is_plain(value):
            yield Field(Place.JSON, "", value)
    yield Field(Place.BODY, "", text)


def xml_fields(text: bytes, is_cut: bool, problems: set[Uninspected]) -> Iterator[Field]:
    """Yield the raw document, then its texts and attributes.

    No entity is ever expanded: a document that declares one is scored raw.
    """
    yield Field(Place.XML, "", text)
    if b"<!ENTITY" in text or b"<!DOCTYPE" in text:
        return
    found: list[Field] = []
    if not _parse_xml(text, found) and not is_cut:
        problems.add(Uninspected.PARSE)
    yield from found


def _parse_xml(text: bytes, found: list[Field], encoding: str | None = None) -> bool:
    parser = expat.ParserCreate(encoding)
    parser.buffer_text = True
    path: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        path.append(name[:_SHOWN])
        for key, value in attributes.items():
            _collect(found, f"{'.'.join(path[-8:])}@{key[:_SHOWN]}", value)

    def end(name: str) -> None:
        path.pop()

    def data(content: str) -> None:
        _collect(found, ".".join(path[-8:]), content.strip())

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = data
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        if encoding is None and _is_about_encoding(error):
            return _parse_xml(text, found, "utf-8")  # the prolog tells of bytes that were decoded
        return False
    return True


def _is_about_encoding(error: Exception) -> bool:
    if isinstance(error, expat.ExpatError):
        return expat.ErrorString(error.code) == expat.errors.XML_ERROR_INCORRECT_ENCODING
    return True  # Python's own, of an encoding that it does not know


def _collect(found: list[Field], name: str, content: str) -> None:
    value = content.encode("utf-8", "replace")
    if not is_plain(value):
        found.append(Field(Place.XML, name, value))
