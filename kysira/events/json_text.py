"""JSON texts of what comes again and again in events, kept so as to be written once."""

import json
from collections.abc import Callable, Mapping
from json.encoder import encode_basestring
from types import MappingProxyType

from kysira.events.redaction import Shown

_MOST_TEXTS = 1024
_LONGEST = 256
_MOST_MAPPINGS = 64

encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
"""Returns any value as compact JSON; what stands outside ASCII is left as it is."""

quoted = encode_basestring
"""Returns a string as ``encode`` would, sooner."""


class ShownTexts:
    """Shows texts as JSON strings, and remembers those that hide nothing, a bounded number."""

    def __init__(
        self,
        show: Callable[[bytes], Shown],
        *,
        most: int = _MOST_TEXTS,
        longest: int = _LONGEST,
    ) -> None:
        """``show`` says what may be seen; texts over ``longest`` bytes are never remembered."""
        self._show = show
        self._most = most
        self._longest = longest
        self._known: dict[bytes, str] = {}

    def __len__(self) -> int:
        return len(self._known)

    def json(self, text: bytes) -> str:
        """Return what may be seen of the text."""
        known = self._known.get(text)
        if known is not None:
            return known
        shown = self._show(text).text
        # Printable as it is, nothing else in it has to be escaped: to look for these is sooner.
        is_as_is = '"' not in shown and "\\" not in shown
        written = f'"{shown}"' if is_as_is else quoted(shown)
        if len(text) <= self._longest and shown.encode() == text:
            if len(self._known) >= self._most:
                self._known.clear()
            self._known[text] = written
        return written


class Mappings:
    """Writes mappings as JSON objects, and remembers read-only ones, a bounded number.

    A ``MappingProxyType`` is taken for one that nobody changes any more.
    """

    def __init__(self, *, most: int = _MOST_MAPPINGS) -> None:
        self._most = most
        self._known: dict[int, tuple[Mapping[str, float], str]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def json(self, mapping: Mapping[str, float]) -> str:
        """Return the mapping as JSON."""
        known = self._known.get(id(mapping))
        if known is not None:  # it holds the mapping, so that no other can have its id
            return known[1]
        written = encode(dict(mapping))
        if isinstance(mapping, MappingProxyType):
            if len(self._known) >= self._most:
                self._known.clear()
            self._known[id(mapping)] = mapping, written
        return written
