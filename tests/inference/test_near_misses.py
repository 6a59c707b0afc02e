"""As installed, with its models, the engine leaves all but a few of the near misses alone."""

from inference.loading import load_engine
from kysira.settings import EngineSettings
from kysira.types import DEFAULT_THRESHOLD, ScoreOptions
from tests.bypass_cases import load_bypasses
from tests.inference.test_detectors import CASES

MOST = 0.01
"""Share of the near misses that a model may flag: they are hard on purpose, and it never saw them.

The rules alone flag none.
"""


def test_models_leave_near_misses_alone() -> None:
    """One in a hundred at most, over the tables of all detectors and the harmless twins."""
    engine = load_engine(EngineSettings())
    benign = [case for case in (*CASES, *load_bypasses()) if not case.match]
    flagged = []
    for case in benign:
        verdict = engine.score(case.request, ScoreOptions())
        if verdict.score >= DEFAULT_THRESHOLD:
            flagged.append((verdict.score, verdict.reason, str(case), case.why))
    assert len(flagged) <= MOST * len(benign), sorted(flagged, reverse=True)
