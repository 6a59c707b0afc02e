"""From text to the token numbers that a model reads."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tokenizers import Tokenizer

from inference.model_folder import ModelSpec
from kysira.errors import ModelError


class Tokens(NamedTuple):
    """One text as a model reads it."""

    ids: Sequence[int]
    type_ids: Sequence[int]


class Encoder:
    """Turns texts into at most ``max_length`` tokens; safe to call from several threads."""

    def __init__(self, spec: ModelSpec) -> None:
        """Read ``tokenizer.json``; raises ModelError naming it."""
        path = spec.folder / "tokenizer.json"
        self._tokenizer = _read(path)
        # Set here once and never again: changing a tokenizer while a thread uses it raises.
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(spec.max_length)

    def encode(self, text: str) -> Tokens:
        """Return the tokens of any text at all; none of them for a text that holds nothing."""
        # One by one: encode_batch would start a thread for each core.
        encoding = self._tokenizer.encode(text.encode("utf-8", "replace").decode())
        return Tokens(encoding.ids, encoding.type_ids)


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
