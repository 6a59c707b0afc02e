"""Templates are filled from their slots, the same way for the same seed."""

import random

from inference.training.prompt_grammar import expand, make

SLOTS = {"who": ["Ada", "Bo"], "what": ["the {thing}"], "thing": ["map"], "none": [""]}


def filled(template: str, seed: int = 1) -> str:
    return expand(template, SLOTS, random.Random(seed))


def test_slots_are_filled_through() -> None:
    """A slot within what fills another is filled too."""
    assert filled("see {what}") == "see the map"


def test_unknown_slot_stays() -> None:
    """Braces that name no slot are text."""
    assert filled("{other} and {Who} and {}") == "{other} and {Who} and {}"


def test_empty_choice_leaves_no_gap() -> None:
    """Nothing chosen leaves neither two blanks nor one before a comma."""
    assert filled("{none} a {none} b {none}, c {none}") == "a b, c"


def test_endless_slot_ends() -> None:
    """A slot that fills itself stops at a depth."""
    assert len(expand("{a}", {"a": ["{a}{a}"]}, random.Random(1))) < 1000


def test_name_is_one_person() -> None:
    """Every {name} of a text is the same."""
    names = [str(number) for number in range(50)]
    parts = expand("{name} {name} {name}", {"name": names}, random.Random(3)).split()
    assert len(set(parts)) == 1


def test_seed_decides() -> None:
    """The same seed makes the same texts, all of them different from each other."""
    templates = ["{who} {who} {who}", "no slots"]
    made = make(templates, SLOTS, random.Random(7), count=5)
    assert made == make(templates, SLOTS, random.Random(7), count=5)
    assert len(made) == len(set(made)) == 5


def test_exhausted_templates_give_fewer() -> None:
    """Templates that can't make enough give what they can."""
    assert make(["x"], SLOTS, random.Random(1), count=9) == ["x"]
