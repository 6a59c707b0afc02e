"""The weights that ship are those of their card, and tell injections from near misses."""

from pathlib import Path

import numpy as np
import pytest

import inference
from inference.model import load_classifier, text_scores
from inference.model_folder import read_folder
from inference.model_torch import TorchClassifier
from inference.model_types import Classifier
from inference.training.card import CARD, changed_files
from kysira.settings import Device
from kysira.types import DEFAULT_THRESHOLD
from tests.needs import library

FOLDER = Path(inference.__file__).parent / "weights" / "sqli-classifier"
ATTACKS = (
    "7' or 'a'='a' -- ",
    "12 union select null,login,pass from staff",
    "x'); drop table staff; --",
    "3 and 1=(select count(*) from tabs)",
    "1') and sleep(9)#",
    "y\" or \"1\"=\"1",
)  # fmt: skip
NEAR_MISSES = (
    "It's O'Hara's, isn't it?",
    "select a table from the list or order by phone",
    '17" screen & 3/4" screws',
    "rock 'n' roll -- the best of the 60's",
    "if (a == 'b' || c) { return d; }",
    "European Union select committee",
    "How many orders were late, and where?",
    "SELECT name, price FROM products ORDER BY price",
)


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    """Return the model as the engine loads it on a CPU."""
    return load_classifier(FOLDER, Device.CPU)


def test_weights_are_those_of_the_card() -> None:
    """Every file has its checksum, and the card names the sources without a licence."""
    assert changed_files(FOLDER) == []
    card = (FOLDER / CARD).read_text("utf-8")
    assert "| fwaf | none stated" in card
    assert "## Limits" in card


def test_weights_are_small() -> None:
    """What every installation carries stays under 6 MB."""
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 6 << 20


def test_injections_are_told_from_near_misses(classifier: Classifier) -> None:
    """Each scores above every near miss, and all but one reach the threshold without the rules."""
    attacks, near_misses = text_scores(classifier, ATTACKS), text_scores(classifier, NEAR_MISSES)
    assert min(attacks) > max(near_misses)
    assert sum(score >= DEFAULT_THRESHOLD for score in attacks) >= len(ATTACKS) - 1


@pytest.mark.parametrize("text", NEAR_MISSES)
def test_near_miss_is_under_the_threshold(classifier: Classifier, text: str) -> None:
    """Quotes, comments and words of SQL are no injection."""
    assert text_scores(classifier, [text])[0] < DEFAULT_THRESHOLD


def test_shipped_graph_agrees_with_torch(classifier: Classifier) -> None:
    """The int8 graph scores within 0.1 of the torch model of the same folder."""
    for name in ("torch", "transformers"):
        library(name, "torch")
    texts = [*ATTACKS, *NEAR_MISSES, "", "a" * 5000, "\x00é漢'"]
    whole = text_scores(TorchClassifier(read_folder(FOLDER), Device.CPU), texts)
    assert np.abs(np.array(text_scores(classifier, texts)) - np.array(whole)).max() < 0.1
