"""The card says what the model is, what it was made of and what it can't do."""

from pathlib import Path

from inference.training.card import Source
from inference.training.evaluate import OperatingPoint, Rate
from inference.training.export import Agreement
from inference.training.options import TrainOptions
from inference.training.sqli_card import Measured, text_of


def test_card_is_complete() -> None:
    """Figures, sources with licences, limits, and the command that makes it again."""
    point = OperatingPoint(0.5, Rate(9, 10), Rate(0, 10))
    measured = Measured("TABLE", "GAINS", "RANKING", {"net": point}, 1.5)
    options = TrainOptions(Path("data"), Path("out"), permissive_only=True, seed=7)
    text = text_of(
        measured, [Source("src", "none stated", 1, 2)], Agreement(9, 0.1, 0.2, 3), "", options
    )
    for part in ("TABLE", "GAINS", "RANKING", "| src | none stated | **no**", "## Limits"):
        assert part in text
    assert "kysira-train sqli --data DIR --seed 7 --permissive-only" in text
    assert "9 texts: mean difference 0.1000" in text
    assert "## Sources left out" not in text
