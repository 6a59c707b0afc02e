"""The tables say what was counted, with intervals, and what was left out."""

from collections import Counter

from ctl.bench.columns import Outcome
from ctl.bench.replay import Key, Results, Tally
from ctl.bench.report import ALL, answers_text, as_data, rates_text, scores_text, unanswered

RESULTS = Results(
    by_source={
        Key("kysira", "mixed", True): Tally(10, 9.0),
        Key("kysira", "mixed", False): Tally(20, 1.0, {"xss:tag": 1.0}),
        Key("kysira", "prose", False): Tally(80, 0.0),
        Key("crs", "mixed", True): Tally(9, 9.0),
        Key("crs", "mixed", False): Tally(20, 10.0),
    },
    by_category={
        Key("kysira", "sqli", True): Tally(10, 9.0),
        Key("crs", "sqli", True): Tally(9, 9.0),
    },
    scores={
        ("kysira", "sqli", True): [0.9, 0.5],
        ("kysira", "sqli", False): [0.5, 0.1],
        ("kysira", "xss", False): [0.0],
    },
    said={
        "kysira": Counter(),
        "crs": Counter(
            {
                (Outcome.PASSED, "200"): 90,
                (Outcome.BLOCKED, "403"): 9,
                (Outcome.UNANSWERED, "timeout"): 2,
                (Outcome.UNSENT, "method is no token"): 1,
            }
        ),
    },
)


def test_rates_stand_side_by_side() -> None:
    """A column for each, "-" where it has no row, and what was flagged for."""
    lines = {" ".join(line.split()) for line in rates_text(RESULTS, ["kysira", "crs"]).splitlines()}
    assert "mixed 10 90.00 [59.58, 98.21] 100.00 [70.09, 100.00]" in lines
    assert "sqli 10 90.00 [59.58, 98.21] 100.00 [70.09, 100.00]" in lines
    assert "mixed 20 5.00 [0.89, 23.61] 50.00 [29.93, 70.07] xss:tag 1" in lines
    assert "prose 80 0.00 [0.00, 4.58] -" in lines


def test_balanced_accuracy_is_by_source_and_of_all() -> None:
    """A source needs attacks and benign rows; together all of them count."""
    shares = {
        (row["column"], row["source"]): row["share"]
        for row in as_data(RESULTS)["balanced_accuracy"]
    }
    assert shares == {
        ("kysira", "mixed"): (0.9 + 0.95) / 2,
        ("kysira", ALL): (0.9 + 0.99) / 2,
        ("crs", "mixed"): 0.75,
        ("crs", ALL): 0.75,
    }


def test_area_is_of_detectors_with_attacks() -> None:
    """Ties count half; a detector without attacks of its kind has none."""
    (row,) = as_data(RESULTS)["auc"]
    assert (row["detector"], row["attacks"], row["benign"], row["auc"]) == ("sqli", 2, 2, 0.875)
    assert "0.8750   2 attacks, 2 benign" in scores_text(RESULTS)


def test_what_is_in_no_rate_is_told() -> None:
    """Nothing is dropped in silence."""
    assert answers_text(RESULTS).splitlines() == [
        "crs answered: 200 × 90, 403 × 9",
        "crs unanswered, in no rate: timeout × 2",
        "crs not sent, in no rate: method is no token × 1",
    ]
    assert unanswered(RESULTS) == 2
    assert [row["is_counted"] for row in as_data(RESULTS)["answers"]] == [True, True, False, False]


def test_source_can_not_steer_a_terminal() -> None:
    """Its name comes out of a row."""
    results = Results(by_source={Key("kysira", "a\x1b[2J", True): Tally(1, 1.0)})
    assert "a\\x1b[2J" in rates_text(results, ["kysira"])


def test_nothing_makes_no_table() -> None:
    """Only what there is has a heading."""
    assert rates_text(Results(), ["kysira"]) == scores_text(Results()) == ""
