"""Reads a JSON document of any size piece by piece: the items of one array, one at a time."""

import json
from collections.abc import Iterator
from typing import IO, Any

_PIECE = 1 << 16
_BLANK = " \t\r\n"
MOST_CHARACTERS = 1 << 27
"""Of one value: what is longer is taken for no JSON."""


class BrokenJson(ValueError):
    """The document is not what it should be, from some place on."""


class JsonPieces:
    """A document that is read from its beginning to its end, once."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._is_ended = False
        self._decoder = json.JSONDecoder(strict=False)

    def members(self) -> Iterator[str]:
        """Yield the keys of an object; each value must be read, or skipped, before the next."""
        self._expect("{")
        if self._next() == "}":
            self._at += 1
            return
        while True:
            key = self.value()
            if not isinstance(key, str):
                raise BrokenJson("a key is no text")
            self._expect(":")
            yield key
            if self._is_last("}"):
                return

    def items(self) -> Iterator[Any]:
        """Yield the items of an array."""
        self._expect("[")
        if self._next() == "]":
            self._at += 1
            return
        while True:
            yield self.value()
            if self._is_last("]"):
                return

    def value(self) -> Any:
        """Return the value that comes next, whole."""
        self._next()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except RecursionError:
                raise BrokenJson("it is nested too deeply") from None
            except ValueError as error:
                if self._is_ended:
                    raise BrokenJson(_why(error, len(self._text))) from None
            else:
                if end < len(self._text) or self._is_ended:  # else a number may go on
                    self._at = end
                    return value
            self._text, self._at = self._text[self._at :], 0
            if len(self._text) > MOST_CHARACTERS:
                raise BrokenJson("one value of it is too long")
            self._more(max(_PIECE, len(self._text)))

    def _is_last(self, end: str) -> bool:
        sign = self._next()
        self._at += 1
        if sign not in (",", end):
            raise BrokenJson(f"{sign or 'its end'!r} where , or {end} should be")
        return sign == end

    def _expect(self, sign: str) -> None:
        found = self._next()
        if found != sign:
            raise BrokenJson(f"{found or 'its end'!r} where {sign} should be")
        self._at += 1

    def _next(self) -> str:
        """Return the next character that is no blank, "" at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _BLANK:
                self._at += 1
            if self._at < len(self._text) or self._is_ended:
                return self._text[self._at : self._at + 1]
            self._text, self._at = "", 0
            self._more(_PIECE)

    def _more(self, size: int) -> None:
        try:
            piece = self._file.read(size)
        except UnicodeDecodeError:
            raise BrokenJson("it is not UTF-8") from None
        self._is_ended = not piece
        self._text += piece


def _why(error: ValueError, length: int) -> str:
    """Return what is wrong, without a place: it would be one of the piece that is held."""
    if not isinstance(error, json.JSONDecodeError):
        return str(error)
    is_cut = error.pos >= length or error.msg.startswith("Unterminated string")
    return "it ends within a value" if is_cut else f"it is no JSON: {error.msg.lower()}"
