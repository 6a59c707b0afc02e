"""A scorer that is still loading."""

from collections.abc import Awaitable, Mapping

from kysira.errors import ScoringError
from kysira.scorer import Scorer
from kysira.types import Request, ScoreOptions, Verdict


class PendingScorer:
    """Stands in until the real scorer is there; requests meanwhile count as not scored."""

    def __init__(self) -> None:
        self._scorer: Scorer | None = None

    @property
    def description(self) -> str:
        """Return what the scorer is, ``loading`` until it is there."""
        return self._scorer.description if self._scorer else "loading"

    @property
    def is_failing(self) -> bool:
        """Return True while the scorer gets no verdicts."""
        return self._scorer is not None and self._scorer.is_failing

    @property
    def is_ready(self) -> bool:
        """Return True once requests are scored."""
        return self._scorer is not None

    @property
    def detectors(self) -> Mapping[str, str]:
        """Map the scorer's detectors to what backs each; nothing until it is there."""
        return self._scorer.detectors if self._scorer else {}

    def ready(self, scorer: Scorer) -> None:
        """Score with this from now on."""
        self._scorer = scorer

    def score(self, request: Request, options: ScoreOptions) -> Verdict | Awaitable[Verdict]:
        """Return the scorer's answer; raises ScoringError while loading."""
        if self._scorer is None:
            raise ScoringError("the detectors are still loading")
        return self._scorer.score(request, options)

    async def close(self) -> None:
        """Close the scorer, if there is one."""
        if self._scorer:
            await self._scorer.close()
