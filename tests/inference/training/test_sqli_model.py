"""The net reads any bytes, and scores a text whatever stands beside it."""

import random

import numpy as np
import pytest

from inference.training.sqli_model import Net, NetOptions, length_sorted, make_tokenizer
from tests.needs import library

for name in ("torch", "transformers"):
    library(name, "train")

TEXTS = ["1' or '1'='1", "it's late", "", "é漢字'" * 300, "\x00\x01' --", "0x" + "f" * 5000]


def test_every_byte_has_a_token() -> None:
    """Nothing is unknown to it, and case is no matter."""
    net = Net(
        make_tokenizer(["select a from b"] * 5, NetOptions()), NetOptions(), seed=1, device="cpu"
    )
    encode = net.tokenizer.encode
    assert encode("SeLeCt").ids == encode("select").ids
    assert len(encode("é漢\x00\u200b").ids) > 8
    assert encode("").tokens == ["[CLS]", "[SEP]"]
    assert not {0, 1, 2} & set(encode("[PAD] [CLS] [SEP]").ids[1:-1])
    assert encode("12345 0xabcdef").ids == encode("99999 0x012345").ids


def test_margins_do_not_depend_on_neighbours() -> None:
    """A text scores the same alone and in a batch; a shift moves every margin."""
    net = Net(make_tokenizer(TEXTS, NetOptions()), NetOptions(), seed=1, device="cpu")
    together = net.margins(TEXTS)
    alone = np.array([net.margins([text])[0] for text in TEXTS])
    assert together == pytest.approx(alone, abs=1e-4)
    net.shift(2.0)
    assert net.margins(TEXTS) == pytest.approx(together - 2.0, abs=1e-4)


def test_batches_are_alike_in_length() -> None:
    """Every text is in one batch, beside others of its length."""
    texts = ["x" * (n % 50) for n in range(100)]
    found = length_sorted(random.Random(1), texts, 10, len)
    assert sorted(text for batch in found for text in batch) == sorted(texts)
    assert all(max(map(len, batch)) - min(map(len, batch)) <= 5 for batch in found)
