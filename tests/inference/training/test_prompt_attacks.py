"""Injections of our own are complete, different, and what a reader would call one."""

import random
import re

import pytest

from inference.training import prompt_attacks as attacks
from inference.training.prompt_grammar import expand, make

OPEN = re.compile(r"\{[a-z_]+\}")


@pytest.mark.parametrize("template", [*attacks.ORDERS, *attacks.PERSONAS, *attacks.TO_THE_READER])
def test_template_fills_whole(template: str) -> None:
    """Every slot that a template or a slot's choice names exists."""
    for seed in range(30):
        assert not OPEN.search(expand(template, attacks.SLOTS, random.Random(seed)))


def test_choices_name_known_slots() -> None:
    """No choice of any slot is left with a hole either."""
    rng = random.Random(1)
    for choices in attacks.SLOTS.values():
        for choice in choices:
            assert not OPEN.search(expand(choice, attacks.SLOTS, rng)), choice


def test_thousands_are_different() -> None:
    """The grammar makes thousands of orders, far more than it has templates."""
    made = make(attacks.ORDERS, attacks.SLOTS, random.Random(1), count=2500)
    assert len(set(made)) == 2500


def test_no_contest_string_is_taught() -> None:
    """The target string of a contest is in none of them."""
    every = [*attacks.ORDERS, *(c for choices in attacks.SLOTS.values() for c in choices)]
    assert not [text for text in every if "pwn" in text.lower()]
