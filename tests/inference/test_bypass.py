"""The bypass suite: each technique of evasion is flagged, and its benign twin is not."""

import pytest

from inference.engine import Engine
from kysira.types import DEFAULT_THRESHOLD, ScoreOptions
from tests.bypass_cases import FOLDER, Bypass, load_bypasses

CASES = load_bypasses()


@pytest.mark.parametrize("case", [c for c in CASES if c.match], ids=str)
def test_bypass_is_flagged(engine: Engine, case: Bypass) -> None:
    """By the detector it is meant for, at the default threshold."""
    verdict = engine.score(case.request, ScoreOptions())
    score = verdict.breakdown[case.detector] if case.detector else verdict.score
    assert score >= DEFAULT_THRESHOLD, case.why


@pytest.mark.parametrize("case", [c for c in CASES if not c.match], ids=str)
def test_benign_twin_passes(engine: Engine, case: Bypass) -> None:
    """The same spelling of something harmless reaches the threshold of no detector."""
    verdict = engine.score(case.request, ScoreOptions())
    assert verdict.score < DEFAULT_THRESHOLD, f"{case.why}: {verdict.reason}"


def test_suite_is_complete() -> None:
    """At least 120 attacks, each with a name, a reason and a benign twin, none twice."""
    attacks = [case for case in CASES if case.match]
    lines = [line for path in FOLDER.glob("*.jsonl") for line in path.read_text().splitlines()]
    assert len(lines) == len(CASES)
    assert len(attacks) >= 120
    assert len({(case.area, case.technique) for case in attacks}) >= 120
    assert len({repr(case.request) for case in CASES}) == len(CASES)
    assert all(case.technique and case.why for case in CASES)
    twins = {(case.area, case.technique) for case in CASES if not case.match}
    lonely = {(c.area, c.technique) for c in attacks} - twins
    assert all(area == "ssrf" or technique.endswith("_first") for area, technique in lonely)
