"""From text to the windows of tokens that a model reads."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from tokenizers import Encoding, Tokenizer

from inference.model_folder import ModelSpec
from kysira.errors import ModelError

T = TypeVar("T")
TEXT_WINDOWS = 32
"""Of one text; of a longer one the first and the last, where instructions are pasted most."""
_END_WINDOWS = TEXT_WINDOWS // 2
_TOKEN_CHARACTERS = 8
"""Few tokens stand for more, blanks aside: so much text of each end is enough for its windows."""


class Window(NamedTuple):
    """A part of a text as a model reads it."""

    text: str
    start: int
    """Characters of the text in front of it."""
    ids: Sequence[int]
    type_ids: Sequence[int]


class Windows(NamedTuple):
    """The parts of a text, in its order, each overlapping the one before by a quarter."""

    shown: Sequence[Window]
    is_whole: bool
    """Whether every character is in one of them."""


class Encoder:
    """Turns texts into windows of ``max_length`` tokens; safe to call from several threads."""

    def __init__(self, spec: ModelSpec) -> None:
        """Read ``tokenizer.json``; raises ModelError naming it."""
        path = spec.folder / "tokenizer.json"
        self._tokenizer = _read(path)
        self._end = _END_WINDOWS * spec.max_length * _TOKEN_CHARACTERS
        # Set here once and never again: changing a tokenizer while a thread uses it raises.
        self._tokenizer.no_padding()
        special = self._tokenizer.num_special_tokens_to_add(is_pair=False)
        if special >= spec.max_length:
            raise ModelError(
                f"model file {path}: adds {special} tokens to every text, and the model reads "
                f"{spec.max_length}"
            )
        overlap = max(0, spec.max_length // 4 - special)
        self._tokenizer.enable_truncation(spec.max_length, stride=overlap)

    def windows(self, text: str) -> Windows:
        """Return any text at all in windows, at most ``TEXT_WINDOWS``."""
        plain = text.encode("utf-8", "replace").decode()
        if len(plain) <= 2 * self._end:
            found = self._encode(plain, 0)
            return Windows(first_and_last(found, TEXT_WINDOWS), len(found) <= TEXT_WINDOWS)
        tail = len(plain) - self._end
        head = self._encode(plain[: self._end], 0)[:_END_WINDOWS]
        return Windows([*head, *self._encode(plain[tail:], tail)[-_END_WINDOWS:]], is_whole=False)

    def _encode(self, text: str, start: int) -> list[Window]:
        # One by one: encode_batch would start a thread for each core.
        encoding = self._tokenizer.encode(text)
        return [_window(text, start, part) for part in (encoding, *encoding.overflowing)]


def _window(text: str, start: int, encoding: Encoding) -> Window:
    # A special token stands for no character: its offsets are equal.
    spans = [(first, last) for first, last in encoding.offsets if first < last]
    first, last = (spans[0][0], spans[-1][1]) if spans else (0, 0)
    return Window(text[first:last], start + first, encoding.ids, encoding.type_ids)


def first_and_last(items: Sequence[T], most: int) -> Sequence[T]:
    """Return the items, or as many of the first and the last of them."""
    if len(items) <= most:
        return items
    tail = most // 2
    return [*items[: most - tail], *items[len(items) - tail :]]


def _read(path: Path) -> Tokenizer:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise ModelError(f"model file {path}: no such file or directory") from None
    except (OSError, ValueError) as error:
        raise ModelError(f"model file {path}: {error}") from error
    try:
        return Tokenizer.from_str(text)
    except Exception as error:  # tokenizers raises no class of its own
        raise ModelError(f"model file {path}: {one_line(error)}") from error


def one_line(error: Exception) -> str:
    """Return the text of a library's error as one line of at most 300 characters."""
    text = " ".join(str(error).split())
    return text if len(text) <= 300 else text[:300] + "…"
