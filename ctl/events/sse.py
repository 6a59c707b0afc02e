"""Server-sent events, read as they come (WHATWG HTML §9.2.6)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LINE_END = re.compile(rb"\r\n|\n|\r(?!\Z)")
"""A return at the end of what has come may be half of a line end."""
MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a stream."""

    id: str
    data: bytes


class Parser:
    """Turns pieces of a stream into messages; a message over ``most`` bytes is left out."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._rest = b""
        self._id = ""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> Iterator[Message]:
        """Yield the messages that the piece completes."""
        *lines, self._rest = _LINE_END.split(self._rest + piece)
        for line in lines:
            if not line:
                yield from self._end()
            else:
                self._take(line)
        if len(self._rest) > self._most:
            self._size += len(self._rest)
            self._rest = b"data:"

    def _take(self, line: bytes) -> None:
        name, _, value = line.partition(b":")  # a comment has no name
        value = value.removeprefix(b" ")
        if name == b"data":
            self._size += len(value) + 1  # an empty one takes room too
            if self._size <= self._most:
                self._data.append(value)
        elif name == b"id" and b"\0" not in value:
            self._id = value.decode("utf-8", "replace")

    def _end(self) -> Iterator[Message]:
        data, is_whole = self._data, self._size <= self._most
        self._data, self._size = [], 0
        if data and is_whole:
            yield Message(self._id, b"\n".join(data))
