"""What the rules alone say: the column that a model must add to."""

from inference.detectors.sqli import DETECTOR
from inference.engine import Engine
from kysira.types import DEFAULT_THRESHOLD, Request, ScoreOptions


class Rules:
    """The sqli detector's rules, without a model."""

    def __init__(self) -> None:
        """Compile them."""
        self._engine = Engine((DETECTOR,))
        self._options = ScoreOptions()

    def score(self, request: Request) -> float:
        """Return the rules' score of a request."""
        return self._engine.score(request, self._options).breakdown.get("sqli", 0.0)

    def is_sql(self, text: str) -> bool:
        """Return True for a text in which the rules find SQL."""
        request = Request("POST", b"/", (), text.encode("utf-8", "replace"), free_text=True)
        return self.score(request) >= 0.5

    def flags(self, text: str) -> bool:
        """Return True for a text that the rules flag at the default threshold."""
        return self.decides(
            Request("POST", b"/", (), text.encode("utf-8", "replace"), free_text=True)
        )

    def decides(self, request: Request) -> bool:
        """Return True when the rules flag a request at the default threshold."""
        return self.score(request) >= DEFAULT_THRESHOLD
