"""The goals stand beside the columns that meet or miss them."""

from benchmarks.detection_report import as_text, goals_text, with_goals
from benchmarks.goals import reached
from ctl.bench.replay import Key, Results, Tally

COLUMNS = ("rules", "crs")
RESULTS = Results(
    by_source={
        Key("rules", "benign_commonmark", False): Tally(100, 0.0),
        Key("crs", "benign_commonmark", False): Tally(100, 10.0),
        Key("rules", "coreruleset_tests", True): Tally(100, 100.0),
        Key("crs", "prompt/one", False): Tally(100, 1.0),
        Key("crs", "prompt/two", False): Tally(100, 9.0),
        Key("rules", "prompt/one", False): Tally(100, 0.0),
    }
)


def line_of(goal: str) -> str:
    text = goals_text(reached(RESULTS, COLUMNS), COLUMNS)
    (line,) = (line for line in text.splitlines() if line.startswith(goal))
    return " ".join(line.split())


def test_columns_stand_side_by_side() -> None:
    """Met or missed by each; "-" of one that has no such rows."""
    assert line_of("commonmark") == (
        "commonmark 100 ≤ 1 0.00 [0.00, 3.70] met 10.00 [5.52, 17.44] MISSED"
    )
    assert line_of("coreruleset_tests") == (
        "coreruleset_tests, attack subset 100 ≥ 90 100.00 [96.30, 100.00] met -"
    )


def test_worst_source_is_named_with_its_column() -> None:
    """Where a source counts alone; of a column that disturbs none, none is the worst."""
    assert line_of("prompts, benign, worst source").endswith("MISSED (crs: prompt/two)")


def test_everything_is_in_both_forms() -> None:
    """The tables of any replay, and the goals."""
    assert "benign requests flagged, by source" in as_text(RESULTS, COLUMNS)
    data = with_goals(RESULTS, COLUMNS)
    assert {"sources", "categories", "balanced_accuracy", "auc", "answers", "goals"} == set(data)
    met = {(row["goal"], row["column"]): row["is_met"] for row in data["goals"]}
    assert (met["commonmark", "rules"], met["commonmark", "crs"]) == (True, False)


def test_nothing_has_no_heading() -> None:
    """Rows of other sources have no goals."""
    assert goals_text([], COLUMNS) == ""
