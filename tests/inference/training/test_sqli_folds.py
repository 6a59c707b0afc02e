"""Sources that are left out are judged by what was learned of the others."""

from collections.abc import Sequence

import numpy as np

from inference.training.evaluate import Scores
from inference.training.sqli_data import GRAMMAR, Corpus, Example
from inference.training.sqli_folds import FOLDS, calibrated, folds_table


def example(text: str, is_attack: bool, source: str) -> Example:
    return Example(text, is_attack, source, "MIT", text)


def margins(texts: Sequence[str]) -> Scores:
    return np.array([4.0 if "attack" in text else -4.0 for text in texts])


CORPUS = Corpus(
    train=(
        example("attack on list", True, "payloadbox"),
        example("attack of a grammar", True, GRAMMAR),
        example("attack by scanner", True, "httpparams"),
        example("attack  ON list", True, "httpparams"),
        example("post", False, "benign_tldr_markdown"),
        example("call", False, "benign_pygithub"),
    ),
    held=(example("attack kept", True, "other"), example("kept", False, "other")),
    words=("w",),
)


def test_left_out_sources_are_not_learned() -> None:
    """What a fold is judged on, its models have not seen, nor near copies of it."""
    learned: list[Corpus] = []

    def learn(corpus: Corpus) -> dict[str, object]:
        learned.append(corpus)
        return {"net": margins}

    text = folds_table(CORPUS, learn, lambda _: False)  # type: ignore[arg-type]
    for fold, corpus in zip(FOLDS, learned, strict=True):
        assert not fold.sources & {each.source for each in corpus.train}
        assert corpus.held == CORPUS.held
    # "attack  ON list" is a near copy of payloadbox's, which is learned from in the first fold.
    assert "| scanner logs, API clients: attacks (1) | 0.000 %" in text
    assert "| payload lists, posts: benign (1) |" in text


def test_calibration_is_by_whole_text() -> None:
    """A long text counts as its worst window; examples of less weight don't count."""
    held = [
        *(example(f"{n}", False, "s") for n in range(100)),
        example("x" * 2000 + "attack", True, "s"),
        Example("attack of another class", False, "s", "MIT", "g", weight=0.3),
    ]
    found = calibrated(margins, held)
    assert found.probabilities(np.array([4.0]))[0] > 0.95
