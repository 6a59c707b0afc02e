"""The card that ships says what the module says, whatever was measured."""

from pathlib import Path

import inference
from inference.training.prompt_card import SECTIONS

CARD = Path(inference.__file__).parent / "weights" / "prompt-injection" / "MODEL_CARD.md"


def test_shipped_card_has_every_section() -> None:
    """A limit that is written down here is read by those who use the model."""
    card = CARD.read_text("utf-8")
    for heading, text in SECTIONS.items():
        assert f"## {heading}\n\n{text}\n" in card


def test_limits_and_licences_are_named() -> None:
    """What nobody may find out by themselves first."""
    assert {"Licences", "Limits"} <= SECTIONS.keys()
    assert "--permissive-only" in SECTIONS["Licences"]
