"""Examples: none held out, few of a kind, both classes in the same envelopes."""

import random
from collections import Counter
from pathlib import Path

import pytest

from inference.training.data import Row
from inference.training.options import TrainOptions
from inference.training.sqli_augment import template_of
from inference.training.sqli_data import GRAMMAR, Corpus, Example, code_lines, read_corpus, shown
from inference.training.windows import WINDOW
from tests.inference.training.training_samples import HELD_OUT, ON_DEV, write_data


def corpus_of(folder: Path, *, permissive_only: bool = False) -> Corpus:
    options = TrainOptions(folder, folder / "out", limit=40, permissive_only=permissive_only)
    return read_corpus(options, is_sql=lambda _: False)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Return the examples of the small folder."""
    return corpus_of(write_data(tmp_path_factory.mktemp("data")))


def test_held_out_texts_are_dropped(corpus: Corpus) -> None:
    """Neither what is held out nor what is judged by is learned."""
    found = {example.text for example in (*corpus.train, *corpus.held)}
    assert found
    assert HELD_OUT not in found
    assert ON_DEV not in found


def test_every_source_gives_examples(corpus: Corpus) -> None:
    """Both classes, prose and the grammars are there; another class counts as benign, and less."""
    found = {(each.source, each.is_attack) for each in (*corpus.train, *corpus.held)}
    assert {("list", True), ("scanner", True), ("benign", False), ("prose", False)} <= found
    assert {(GRAMMAR, True), (GRAMMAR, False)} <= found
    (xss,) = [each for each in (*corpus.train, *corpus.held) if each.source == "xss"]
    assert not xss.is_attack
    assert xss.weight < 1


def test_near_copies_are_few(corpus: Corpus) -> None:
    """A scanner's forty numbers are three examples, all in one part."""
    counts = Counter(template_of(each.text) for each in (*corpus.train, *corpus.held))
    assert max(counts.values()) <= 3
    parts = [{template_of(each.text) for each in part} for part in (corpus.train, corpus.held)]
    assert not parts[0] & parts[1]
    assert corpus.held


def test_permissive_only_leaves_sources_out(tmp_path: Path) -> None:
    """The source without a licence gives nothing, the others what they gave."""
    found = corpus_of(write_data(tmp_path), permissive_only=True)
    sources = {each.source for each in (*found.train, *found.held)}
    assert "scanner" not in sources
    assert "list" in sources


@pytest.mark.parametrize("is_attack", [True, False])
def test_long_example_is_shown_in_a_window(is_attack: bool) -> None:
    """What is trained on is no longer than what the engine shows."""
    example = Example("it's 1 or 2 " * 100, is_attack, "s", "MIT", "g")
    rng = random.Random(1)
    assert {len(shown(rng, example, ("w",))) <= WINDOW for _ in range(50)} == {True}


def test_benign_text_keeps_its_numbers() -> None:
    """Only attacks are renamed and respaced: their tools leave marks."""
    rng = random.Random(2)
    example = Example("order 12345 of it's", False, "s", "MIT", "g")
    assert all("order 12345 of it's" in shown(rng, example, ("w",)) for _ in range(100))


def test_lines_of_code_are_examples() -> None:
    """Of a text of several lines also a few of them, never of an attack."""
    text = "const a = 'x';\nconst b = \"y\";\n\nreturn a || b;"
    rows = [Row("benign_tldr_markdown", "MIT", is_attack, "", text) for is_attack in (False, True)]
    found = [row.text for row in code_lines(rows, random.Random(1))]
    assert found
    assert set("\n".join(found).split("\n")) <= {line for line in text.split("\n") if line}
