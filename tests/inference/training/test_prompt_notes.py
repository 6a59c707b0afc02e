"""The notes are templates that the grammar can fill, and none is an attack to the rules."""

import random

from inference.training.prompt_benign import ALL, SLOTS
from inference.training.prompt_figures import rule_scores
from inference.training.prompt_grammar import expand
from inference.training.prompt_notes import NOTES
from kysira.types import DEFAULT_THRESHOLD


def test_notes_are_harmless_to_the_rules() -> None:
    """Every one of them is made, and stays under the threshold."""
    made = [expand(note, SLOTS, random.Random(3)) for note in NOTES]
    assert not [text for text in made if "{" in text.replace("{ return prompt; }", "")]
    sure = rule_scores(made) >= DEFAULT_THRESHOLD
    assert not [text for text, is_sure in zip(made, sure, strict=True) if is_sure]
    assert set(NOTES) <= set(ALL)
