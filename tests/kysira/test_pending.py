"""The scorer that is still loading."""

from collections.abc import Mapping
from types import MappingProxyType

import pytest

from kysira.errors import ScoringError
from kysira.pending import PendingScorer
from kysira.types import Request, ScoreOptions, Verdict


class FakeScorer:
    """Answers, and knows whether it was closed."""

    description = "in-process"
    is_closed = False
    detectors: Mapping[str, str] = MappingProxyType({"sqli": "model"})

    async def score(self, request: Request, options: ScoreOptions) -> Verdict:
        """Tell what was asked."""
        return Verdict(options.threshold, request.method)

    async def close(self) -> None:
        """Remember."""
        self.is_closed = True


async def test_loading_scores_nothing() -> None:
    """Until the scorer is there, requests are not scored, and closing is fine."""
    pending = PendingScorer()
    assert (pending.is_ready, pending.description) == (False, "loading")
    assert pending.detectors == {}
    with pytest.raises(ScoringError, match="loading"):
        await pending.score(Request("GET", b"/"), ScoreOptions())
    await pending.close()


async def test_ready_passes_everything_on() -> None:
    """From then on it is the scorer."""
    pending, scorer = PendingScorer(), FakeScorer()
    pending.ready(scorer)
    assert (pending.is_ready, pending.description) == (True, "in-process")
    assert pending.detectors == {"sqli": "model"}
    verdict = await pending.score(Request("PUT", b"/"), ScoreOptions(threshold=0.5))
    assert (verdict.score, verdict.reason) == (0.5, "PUT")
    await pending.close()
    assert scorer.is_closed
