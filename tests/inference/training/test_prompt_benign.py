"""Harmless sentences are complete, use the words of injections, and are none."""

import random
import re

import pytest

from inference.training import prompt_benign as benign
from inference.training.prompt_figures import rule_scores
from inference.training.prompt_grammar import expand, make
from kysira.types import DEFAULT_THRESHOLD

OPEN = re.compile(r"\{[a-z_]+\}")
TRIGGERS = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass|instructions?|system|prompt|act as|pretend)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("template", benign.ALL)
def test_template_fills_whole(template: str) -> None:
    """Every slot that a template or a slot's choice names exists."""
    for seed in range(20):
        assert not OPEN.search(expand(template, benign.SLOTS, random.Random(seed)))


def test_trigger_words_are_common() -> None:
    """A quarter of the sentences or more hold a word that injections are known by."""
    hits = [template for template in benign.ALL if TRIGGERS.search(template)]
    assert len(hits) > len(benign.ALL) / 4


def test_rules_let_them_pass() -> None:
    """What the rules are sure is an attack is not taught to be harmless."""
    made = make(benign.ALL, benign.SLOTS, random.Random(5), count=600)
    sure = [text for text, s in zip(made, rule_scores(made), strict=True) if s >= DEFAULT_THRESHOLD]
    assert len(sure) <= 6, sure
