"""Rows are scored by every column, and counted per request."""

from collections.abc import Sequence

import pytest

from benchmarks.corpora import Row
from benchmarks.replay import Key, Outcome, replay
from inference.detector import Detector, Rule
from inference.engine import Engine
from kysira.types import Place, Request, ScoreOptions

QUERY_ONLY = Detector(
    "alpha",
    (Rule("spot", "bad", 0.97, places=frozenset({Place.QUERY})), Rule("hint", "odd", 0.5)),
)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine((QUERY_ONLY,))


def row(text: str, *, is_attack: bool = False, category: str = "alpha") -> Row:
    return Row("made_up", is_attack, category, text)


def test_row_counts_as_the_share_of_its_requests(engine: Engine) -> None:
    """One of three places flagged is a third of a false positive, and its reason is named."""
    rows = [row("bad it is"), row("fine by me")]
    results = replay(rows, {"rules": engine}, ScoreOptions(), _none)
    tally = results.by_source[Key("rules", "made_up", False)]
    assert (tally.rows, tally.rate) == (2, pytest.approx(1 / 6))
    assert tally.causes == {"alpha:spot": pytest.approx(1 / 3)}


def test_request_counts_once_however_many_fields_are_flagged(engine: Engine) -> None:
    """False positives are per request, not per field."""
    request = Request("GET", b"/?a=bad+one&b=bad+two&c=bad+three")
    whole = Row("made_up", False, "", request=request)
    results = replay([whole], {"rules": engine}, ScoreOptions(), _none)
    assert results.by_source[Key("rules", "made_up", False)].flagged == 1


def test_threshold_is_the_options(engine: Engine) -> None:
    """A hint counts where the threshold is as low."""
    for threshold, rate in ((0.95, 0.0), (0.5, 1.0)):
        options = ScoreOptions(threshold=threshold)
        results = replay([row("odd it is")], {"rules": engine}, options, _none)
        assert results.by_source[Key("rules", "made_up", False)].rate == rate


def test_attacks_are_counted_by_category_and_every_column_is_watched(engine: Engine) -> None:
    """Attacks of another kind do not count for a detector's scores."""
    rows = [row("bad it is", is_attack=True), row("odd it is", is_attack=True, category="beta")]
    seen: list[tuple[str, float]] = []
    engines = {"one": engine, "two": engine}
    results = replay(
        rows, engines, ScoreOptions(), lambda name, outcome: seen.append((name, outcome.share))
    )
    assert [name for name, _ in seen] == ["one", "two"] * 2
    assert results.by_category[Key("one", "alpha", True)].rate == pytest.approx(1 / 3)
    assert results.by_category[Key("two", "beta", True)].rate == 0
    assert results.scores["one", "alpha", True] == [0.97]


def _none(_: str, outcome: Outcome) -> None:
    assert isinstance(outcome.verdicts, Sequence)
