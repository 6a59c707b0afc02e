"""Windows, batches and the cut vocabulary keep their promises; no weights are needed for that."""

import random

import pytest
from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import WordPiece

from inference.training.prompt_encoder import (
    MAX_LENGTH,
    MAX_WINDOWS,
    STRIDE,
    batches,
    cut_vocabulary,
    windows,
)

WORDS = ("rare", "common", "##ly", "often", "é")


@pytest.fixture
def tokenizer() -> Tokenizer:
    """Return a small tokenizer of BERT's kind."""
    special = ["[PAD]", "x0", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    names = [*special, *WORDS, *letters, *("##" + letter for letter in letters)]
    model = WordPiece({name: number for number, name in enumerate(names)}, unk_token="[UNK]")
    made = Tokenizer(model)
    made.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 3), ("[SEP]", 4)]
    )
    return made


def test_cut_vocabulary_keeps_the_common(tokenizer: Tokenizer) -> None:
    """Common words keep their token, rare ones are spelt, and numbers have no gaps."""
    cut, old = cut_vocabulary(tokenizer, ["common often commonly"] * 3, 5 + 52 + 3)
    assert cut.encode("Common rare").tokens == [
        "[CLS]", "common", "r", "##a", "##r", "##e", "[SEP]",
    ]  # fmt: skip
    assert sorted(cut.get_vocab().values()) == list(range(60))
    assert [tokenizer.id_to_token(number) for number in old] == [
        cut.id_to_token(number) for number in range(60)
    ]


def test_cut_vocabulary_keeps_special_numbers(tokenizer: Tokenizer) -> None:
    """[PAD] stays 0, and [CLS] and [SEP] stand around a text under their new numbers."""
    cut, _ = cut_vocabulary(tokenizer, ["common"], 58)
    assert cut.token_to_id("[PAD]") == 0
    ids = cut.encode("common").ids
    assert (ids[0], ids[-1]) == (cut.token_to_id("[CLS]"), cut.token_to_id("[SEP]"))


def test_short_text_is_one_window(tokenizer: Tokenizer) -> None:
    """A text that fits is left as it is."""
    text = " often " * (MAX_LENGTH - 2)
    assert windows(tokenizer, text) == [text]
    assert windows(tokenizer, "") == [""]


def test_windows_overlap_and_cover(tokenizer: Tokenizer) -> None:
    """Every word is read; a phrase of a quarter of a window is whole in one of them."""
    words = [f"{'common' if n % 2 else 'often'}" for n in range(400)]
    words[200:203] = ["rare", "rare", "rare"]
    pieces = windows(tokenizer, " ".join(words))
    assert any("rare rare rare" in piece for piece in pieces)
    assert len(pieces) == 1 + -(-(400 - (MAX_LENGTH - 2)) // STRIDE)
    assert all(len(tokenizer.encode(piece).ids) <= MAX_LENGTH for piece in pieces)
    assert pieces[-1].endswith(words[-1])


def test_windows_are_bounded(tokenizer: Tokenizer) -> None:
    """Of a very long text the head and the tail are read."""
    text = "rare " + "often " * 9000 + "common"
    pieces = windows(tokenizer, text)
    assert len(pieces) == MAX_WINDOWS
    assert pieces[0].startswith("rare") and pieces[-1].endswith("common")


def test_batches_hold_every_row_once() -> None:
    """Rows of like length stand together, none is lost, none is too many."""
    lengths = [random.Random(n).randint(3, MAX_LENGTH) for n in range(500)]
    found = batches(lengths, random.Random(1))
    assert sorted(row for batch in found for row in batch) == list(range(500))
    for batch in found:
        widths = [lengths[row] for row in batch]
        assert max(widths) * len(batch) <= 2304
    assert batches([], random.Random(1)) == []
