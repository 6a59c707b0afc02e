"""Other languages have injections and harmless sentences with the same words."""

import random
import re

import pytest

from inference.training import prompt_foreign as foreign
from inference.training.prompt_grammar import expand

OPEN = re.compile(r"\{[a-z_]+\}")


def test_every_language_has_both() -> None:
    """No language is only ever seen in attacks, nor only in harmless texts."""
    assert foreign.ATTACKS.keys() == foreign.BENIGN.keys()
    assert len(foreign.ATTACKS) >= 16


@pytest.mark.parametrize("table", [foreign.ATTACKS, foreign.BENIGN], ids=["attacks", "benign"])
def test_templates_fill_whole(table: dict[str, tuple[str, ...]]) -> None:
    """Every slot exists and is of the template's language."""
    rng = random.Random(1)
    for templates in table.values():
        for template in templates:
            assert not OPEN.search(expand(template, foreign.SLOTS, rng)), template
