"""Edits YAML text in place: what is not edited keeps every byte, comments and layout included."""

import io
import json
import textwrap
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from kysira.errors import RenderError

_MERGE = "tag:yaml.org,2002:merge"


def get(node: Node | None, *path: str) -> Node | None:
    """Return the node under a path of mapping keys, or None."""
    for key in path:
        node = next((value for name, value in pairs(node) if name == key), None)
    return node


def pairs(node: Node | None) -> Iterator[tuple[str, Node]]:
    """Yield keys and values of a mapping, then those it merges in with ``<<``."""
    if not isinstance(node, MappingNode):
        return
    for key, value in node.value:
        if key.tag != _MERGE:
            yield str(key.value), value
    for key, value in node.value:
        if key.tag == _MERGE:
            for source in items(value) or [value]:
                yield from pairs(source)


def items(node: Node | None) -> list[Node]:
    """Return the items of a sequence; none for anything else."""
    return list(node.value) if isinstance(node, SequenceNode) else []


def scalar(node: Node | None) -> str:
    """Return the text of a scalar, "" for anything else."""
    return str(node.value) if isinstance(node, ScalarNode) else ""


class Document:
    """A YAML text and the edits to it; ``text`` carries them out.

    Every line keeps the end that it has; a new one gets that of the line it stands at.
    """

    def __init__(self, text: str) -> None:
        """Raise RenderError when the text is not one YAML document."""
        self._given = text
        self._text = text.replace("\r\n", "\n")
        self._crlf = _ends_crlf(text)
        self._edits: list[tuple[int, int, str]] = []
        try:
            self.root: Node | None = YAML(typ="safe", pure=True).compose(io.StringIO(self._text))
        except YAMLError as error:
            raise RenderError(f"not YAML: {' '.join(str(error).split())}") from error

    @property
    def text(self) -> str:
        """Return the text with all edits."""
        parts, position = [], 0
        for start, end, new in sorted(self._edits):
            parts += [self._part(position, start), new.replace("\n", self._newline(start))]
            position = end
        return "".join([*parts, self._part(position, len(self._text))])

    def _part(self, start: int, end: int) -> str:
        """Return a part of the text as it was given."""
        return self._given[start + bisect_left(self._crlf, start) :
                           end + bisect_left(self._crlf, end)]  # fmt: skip

    def _newline(self, offset: int) -> str:
        """Return how the line at an offset ends, or the one before where it has no end."""
        end = self._text.find("\n", offset)
        end = self._text.rfind("\n", 0, offset) if end < 0 else end
        at = bisect_left(self._crlf, end)
        return "\r\n" if self._crlf[at : at + 1] == [end] else "\n"

    def remove(self, sequence: Node, index: int) -> None:
        """Take an item out of a sequence in which another one follows it."""
        item, following = sequence.value[index], sequence.value[index + 1]
        if _is_flow(sequence):
            self._edits.append((item.start_mark.index, following.start_mark.index, ""))
            return
        start = self._line_start(self._dash(sequence, index))
        self._edits.append((start, self._line_end(_content_end(item)) + 1, ""))

    def insert(self, sequence: Node, index: int, block: str, *, after: int | None) -> None:
        """Insert a block-style list before an item: directly after item ``after``, if given.

        Comments between the two items stay with the later one.
        """
        if _is_flow(sequence):
            place = sequence.value[index].start_mark.index
            self._edits.append((place, place, "".join(f"{item}, " for item in _flow(block))))
            return
        dash = self._dash(sequence, index)
        block = textwrap.indent(block.rstrip("\n"), " " * (dash - self._line_start(dash)))
        if after is None:
            place = self._line_start(self._dash(sequence, 0))
            self._edits.append((place, place, f"{block}\n"))
        else:
            place = self._line_end(_content_end(sequence.value[after]))
            self._edits.append((place, place, f"\n{block}"))

    def append(self, sequence: Node, block: str) -> None:
        """Add a block-style list to the end of a sequence that has items."""
        last = sequence.value[-1]
        if _is_flow(sequence):
            place = last.end_mark.index
            self._edits.append((place, place, "".join(f", {item}" for item in _flow(block))))
            return
        dash = self._dash(sequence, len(sequence.value) - 1)
        block = textwrap.indent(block.rstrip("\n"), " " * (dash - self._line_start(dash)))
        place = self._line_end(_content_end(last))
        self._edits.append((place, place, f"\n{block}"))

    def fill(self, sequence: Node, block: str) -> None:
        """Put a block-style list below the line of an empty one, whose comment stays there."""
        start, end = sequence.start_mark.index, sequence.end_mark.index
        line_end = self._line_end(end)
        if not self._text[end:line_end].strip():
            start, end = len(self._text[:start].rstrip()), line_end
        self._edits.append((start, end, ""))
        self._edits.append((line_end, line_end, f"\n{block.rstrip()}"))

    def add_at_end(self, block: str) -> None:
        """Put whole lines behind all others."""
        place = len(self._text)
        is_open = not self._text.endswith("\n")
        self._edits.append((place, place, f"\n{block}" if is_open else block))

    def substitute(self, sequence: Node, index: int, block: str) -> None:
        """Put a block-style list of one in the place of an item."""
        item = sequence.value[index]
        if _is_flow(sequence):
            self._edits.append((item.start_mark.index, item.end_mark.index, _flow(block)[0]))
            return
        dash = self._dash(sequence, index)
        indent = " " * (dash - self._line_start(dash))
        block = textwrap.indent(block.rstrip("\n"), indent).lstrip(" ")
        self._edits.append((dash, self._line_end(_content_end(item)), block))

    def set(self, mapping: Node, key: str, text: str, *, comment: str = "") -> None:
        """Give a key of a mapping that has keys, or is ``{}``, one line of YAML as its value.

        The comment, one line, comes above it: once, and where the key has a line of its own.
        """
        for name, value in mapping.value:
            if name.value == key:
                self._set_value(name, value, text)
                self._comment(name, comment)
                return
        if _is_flow(mapping):
            place = self._text.index("{", mapping.start_mark.index) + 1
            tail = ", " if mapping.value else ""
            self._edits.append((place, place, f"{json.dumps(key)}: {text}{tail}"))
            return
        first, value = mapping.value[0]
        place = self._line_end(max(first.end_mark.index, _end_after(first, value)))
        indent = "\n" + " " * first.start_mark.column
        above = f"{indent}# {comment}" if comment else ""
        self._edits.append((place, place, f"{above}{indent}{key}: {text}"))

    def _comment(self, key: Node, comment: str) -> None:
        """Put a comment on the line above a key, unless it is there."""
        start = self._line_start(key.start_mark.index)
        indent = self._text[start : key.start_mark.index]
        line = f"{indent}# {comment}\n"
        if comment and not indent.strip() and not self._text[:start].endswith(line):
            self._edits.append((start, start, line))

    def _set_value(self, key: Node, value: Node, text: str) -> None:
        start, end = value.start_mark.index, value.end_mark.index
        if start == end:  # nothing is written there
            place = self._text.index(":", key.end_mark.index) + 1
            self._edits.append((place, place, f" {text}"))
        else:
            self._edits.append((start, end, text))

    def _dash(self, sequence: Node, index: int) -> int:
        """Return the offset of a block item's "-"; raises RenderError when it is not there."""
        start = sequence.value[index].start_mark.index
        dash = self._text.rfind("-", self._line_start(start), start)
        if dash < 0 or start < sequence.start_mark.index or self._text[dash + 1 : start].strip():
            line = sequence.start_mark.line + 1
            raise RenderError(
                f"line {line}: a list of aliases or of odd layout; "
                "add the parts by hand, from kysiractl render envoy --snippet"
            )
        return dash

    def _line_start(self, offset: int) -> int:
        return self._text.rfind("\n", 0, offset) + 1

    def _line_end(self, offset: int) -> int:
        end = self._text.find("\n", offset)
        return len(self._text) if end < 0 else end


def _ends_crlf(text: str) -> list[int]:
    """Return where lines end in CR and LF, as offsets in the text without any CR before LF."""
    found, offset = [], -1
    for line in text.split("\n")[:-1]:
        is_crlf = line.endswith("\r")
        offset += len(line) + 1 - is_crlf
        if is_crlf:
            found.append(offset)
    return found


def _is_flow(node: Node) -> bool:
    return isinstance(node, CollectionNode) and bool(node.flow_style)


def _content_end(node: Node) -> int:
    """Return the offset of the last character; a block's own end mark lies after comments."""
    start, end = int(node.start_mark.index), int(node.end_mark.index)
    if isinstance(node, ScalarNode) or _is_flow(node):
        return end - 1 if node.end_mark.column == 0 and end > start else end
    ends = [
        _end_after(node, child)
        for entry in node.value
        for child in (entry if isinstance(entry, tuple) else (entry,))
    ]
    return max([start, *ends])


def _end_after(before: Node, node: Node) -> int:
    """Return where a node ends; 0 for an alias, whose marks are those of its anchor."""
    is_alias = node.start_mark.index < before.start_mark.index
    return 0 if is_alias else _content_end(node)


def _flow(block: str) -> list[str]:
    """Return the items of a block-style list, each on one line."""
    rows: list[Any] = YAML(typ="safe", pure=True).load(io.StringIO(block))
    return [json.dumps(row) for row in rows]
