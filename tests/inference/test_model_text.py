"""Texts become windows of tokens: any text, within the limit, no character left out."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.processors import TemplateProcessing

from inference.model_folder import read_folder
from inference.model_text import TEXT_WINDOWS, Encoder, first_and_last
from kysira.errors import ModelError
from tests.inference.model_samples import write_model


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    """Return an encoder of at most 8 tokens."""
    return Encoder(read_folder(write_model(tmp_path_factory.mktemp("m"), max_length=8)))


def all_ids(encoder: Encoder, text: str) -> list[list[int]]:
    return [list(window.ids) for window in encoder.windows(text).shown]


def numbered(count: int) -> str:
    return " ".join(f"w{number}" for number in range(count))


def test_words_become_numbers(encoder: Encoder) -> None:
    """Known words have theirs, others share one."""
    assert all_ids(encoder, "AttackWord what harmless") == [[2, 1, 3]]


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_encoded(encoder: Encoder, text: str) -> None:
    """Lone surrogates, NUL and nothing at all included; never over the limit."""
    windows = encoder.windows(text + "\ud800\x00")
    assert 1 <= len(windows.shown) <= TEXT_WINDOWS
    for window in windows.shown:
        assert 1 <= len(window.ids) <= 8
        assert len(window.type_ids) == len(window.ids)


def test_empty_text_has_no_tokens(encoder: Encoder) -> None:
    """A text of blanks alone holds nothing to ask about."""
    assert all_ids(encoder, " \n") == [[]]


@pytest.mark.parametrize("words", [1, 8, 9, 15, 40, 50])
def test_windows_cover_the_text(encoder: Encoder, words: int) -> None:
    """Each overlaps the one before by a quarter, and says where it stands."""
    text = numbered(words)
    windows = encoder.windows(text)
    assert windows.is_whole
    assert windows.shown[0].text == " ".join(text.split()[:8])
    assert {word for window in windows.shown for word in window.text.split()} == set(text.split())
    for window in windows.shown:
        assert text[window.start : window.start + len(window.text)] == window.text
    for earlier, later in zip(windows.shown, windows.shown[1:], strict=False):
        assert earlier.text.split()[-2:] == later.text.split()[:2]


@pytest.mark.parametrize("words", [500, 9000])
def test_long_text_is_shown_from_both_ends(encoder: Encoder, words: int) -> None:
    """The first and the last windows are there, and that the middle is missing is told."""
    text = numbered(words)
    windows = encoder.windows(text)
    assert len(windows.shown) == TEXT_WINDOWS
    assert not windows.is_whole
    assert windows.shown[TEXT_WINDOWS // 2 - 1].text.split()[0] == "w90"
    assert windows.shown[-1].text.split()[-1] == f"w{words - 1}"
    for window in windows.shown:
        assert text[window.start : window.start + len(window.text)] == window.text


def test_special_tokens_stand_around_every_window(tmp_path: Path) -> None:
    """A window is a text of its own to the model, within the same limit."""
    folder = write_model(tmp_path, max_length=8)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.post_processor = TemplateProcessing(
        single="[PAD] $A [UNK]", special_tokens=[("[PAD]", 0), ("[UNK]", 1)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    windows = Encoder(read_folder(folder)).windows("harmless " * 20).shown
    assert len(windows) == 4
    for window in windows[:-1]:
        assert list(window.ids) == [0, 3, 3, 3, 3, 3, 3, 1]
        assert window.text == " ".join(["harmless"] * 6)


def test_own_padding_is_switched_off(tmp_path: Path) -> None:
    """A tokenizer that was saved with padding to a fixed length doesn't pad here."""
    folder = write_model(tmp_path)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_padding(length=32)
    tokenizer.save(str(folder / "tokenizer.json"))
    assert len(all_ids(Encoder(read_folder(folder)), "one two")[0]) == 2


def test_threads_do_not_disturb_each_other(encoder: Encoder) -> None:
    """The same tokens come out under load."""
    texts = ["attackword " * n + "harmless" for n in range(1, 20)] * 50
    alone = [all_ids(encoder, text) for text in texts]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda text: all_ids(encoder, text), texts)) == alone


@pytest.mark.parametrize(
    ("most", "expected"), [(0, []), (1, [0]), (2, [0, 5]), (5, [0, 1, 2, 4, 5]), (6, [*range(6)])]
)
def test_first_and_last(most: int, expected: list[int]) -> None:
    """As many of both ends, one more of the first when the number is odd."""
    assert list(first_and_last(range(6), most)) == expected


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


def test_limit_leaves_room_for_a_text(tmp_path: Path) -> None:
    """A model that reads no more than the special tokens can't be used."""
    folder = write_model(tmp_path, max_length=1)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.post_processor = TemplateProcessing(single="[PAD] $A", special_tokens=[("[PAD]", 0)])
    tokenizer.save(str(folder / "tokenizer.json"))
    with pytest.raises(ModelError, match=r"tokenizer\.json: adds 1 tokens"):
        Encoder(read_folder(folder))
