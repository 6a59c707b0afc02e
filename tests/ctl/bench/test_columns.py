"""What a verdict counts as, and what the engine is shown."""

import pytest

from ctl.bench.columns import Outcome, answer_of, scored
from kysira.types import Finding, Request, ScoreOptions, Verdict

FOUND = (
    Finding("xss", 0.97, "xss:script_tag", "query:q"),
    Finding("path-traversal", 0.96, "Detected directory traversal (decoded)", "path"),
    Finding("sqli", 0.5, "sqli:quote", "query:q"),
)
VERDICT = Verdict(0.97, "xss:script_tag", "xss", {"xss": 0.97, "sqli": 0.5}, FOUND)


@pytest.mark.parametrize(
    ("threshold", "outcome", "causes"),
    [
        (0.98, Outcome.PASSED, ()),
        (0.97, Outcome.BLOCKED, ("xss:script_tag",)),
        (0.95, Outcome.BLOCKED, ("xss:script_tag", "path-traversal")),
    ],
)
def test_finding_over_its_threshold_blocks(
    threshold: float, outcome: Outcome, causes: tuple[str, ...]
) -> None:
    """A cause is the reason where that names the technique, and the detector elsewhere."""
    answer = answer_of(VERDICT, ScoreOptions(threshold=threshold))
    assert (answer.outcome, answer.causes) == (outcome, causes)


def test_answer_tells_all_that_was_found() -> None:
    """Hints too, with score and place."""
    answer = answer_of(VERDICT, ScoreOptions())
    assert answer.found.endswith("sqli:quote 0.5 at query:q")
    assert answer.scores == {"xss": 0.97, "sqli": 0.5}
    assert answer_of(Verdict(), ScoreOptions()).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("limit", "shown"), [(4, b"long"), (None, b"long body"), (9, b"long body")]
)
def test_engine_is_shown_what_a_front_end_shows(limit: int | None, shown: bytes) -> None:
    """A body over the limit is cut, and said to be."""
    seen: list[Request] = []

    def score(request: Request, _: ScoreOptions) -> Verdict:
        seen.append(request)
        return Verdict()

    scored("kysira", score, ScoreOptions(), limit).ask(Request("POST", b"/", (), b"long body"))
    assert (seen[0].body, seen[0].body_truncated) == (shown, shown == b"long")
