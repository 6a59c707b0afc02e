"""Texts become tokens: any text, no more than the limit."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from inference.model_folder import read_folder
from inference.model_text import Encoder
from kysira.errors import ModelError
from tests.inference.model_samples import write_model


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    """Return an encoder of at most 8 tokens."""
    return Encoder(read_folder(write_model(tmp_path_factory.mktemp("m"), max_length=8)))


def test_words_become_numbers(encoder: Encoder) -> None:
    """Known words have theirs, others share one."""
    assert list(encoder.encode("AttackWord what harmless").ids) == [2, 1, 3]


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_encoded(encoder: Encoder, text: str) -> None:
    """Lone surrogates, NUL and nothing at all included; never over the limit."""
    tokens = encoder.encode(text + "\ud800\x00")
    assert 1 <= len(tokens.ids) <= 8
    assert len(tokens.type_ids) == len(tokens.ids)


def test_empty_text_has_no_tokens(encoder: Encoder) -> None:
    """A text of blanks alone holds nothing to ask about."""
    assert list(encoder.encode(" \n").ids) == []


def test_own_padding_is_switched_off(tmp_path: Path) -> None:
    """A tokenizer that was saved with padding to a fixed length doesn't pad here."""
    folder = write_model(tmp_path)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_padding(length=32)
    tokenizer.save(str(folder / "tokenizer.json"))
    assert len(Encoder(read_folder(folder)).encode("one two").ids) == 2


def test_threads_do_not_disturb_each_other(encoder: Encoder) -> None:
    """The same tokens come out under load."""
    texts = ["attackword " * n + "harmless" for n in range(1, 8)] * 100
    alone = [list(encoder.encode(text).ids) for text in texts]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda text: list(encoder.encode(text).ids), texts)) == alone


@pytest.mark.parametrize("text", ["", "{}", '{"model": {"type": "Nope"}}', "\xff"])
def test_broken_tokenizer_is_named(tmp_path: Path, text: str) -> None:
    """The error is one line with the file's name; so it is for a missing one."""
    folder = write_model(tmp_path)
    (folder / "tokenizer.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ModelError, match=r"tokenizer\.json: [^\n]+$"):
        Encoder(read_folder(folder))
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"tokenizer\.json: no such file"):
        Encoder(read_folder(folder))
