"""Medians, ratios and the table."""

from benchmarks.report import (
    Compared,
    State,
    columns,
    comparisons,
    line,
    ratios,
    summary,
    table,
    total_us,
)
from tests.benchmarks.runs import run

STATES = [State("a", 50.0, None, 2, lost=7), State("b", 0.0, 0.5, 0)]


def test_summary_takes_medians_and_sums() -> None:
    """Costs are those of the middle round, counts those of all."""
    runs = [run("a", n, server_us=us, failed=1) for n, us in enumerate((1.0, 9.0, 2.0))]
    (row,) = summary([*runs], STATES)
    assert (row["server_us"], row["requests"], row["failed"]) == (2.0, 3000, 3)
    assert (row["rss_mb"], row["unread"], row["lost"]) == (50.0, 2, 7)


def test_summary_keeps_connections_apart() -> None:
    """One row for each target at each number of connections."""
    rows = summary([run("a"), run("b"), run("a", connections=1, p50_ms=9.0)], STATES)
    found = [(row["target"], row["connections"], row["p50_ms"]) for row in rows]
    assert found == [("a", 32, 1.0), ("b", 32, 1.0), ("a", 1, 9.0)]


def test_ratio_is_taken_within_a_round() -> None:
    """A round that was slow for both changes nothing."""
    runs = [
        run("a", 0, server_us=300.0), run("b", 0, server_us=200.0),
        run("b", 1, server_us=2000.0), run("a", 1, server_us=3000.0),
        run("a", 0, 1, server_us=10.0), run("b", 0, 1, server_us=10.0),
    ]  # fmt: skip
    assert ratios(runs, Compared("a", "b"), 32) == [1.5, 1.5]
    assert ratios(runs, Compared("a", "b"), 1) == [1.0]
    assert ratios(runs, Compared("a", "b", is_added=True), 32) == [0.5, 0.5]


def test_whole_cost_counts_what_is_in_front_too() -> None:
    """Nginx's time is a part of what a way in costs."""
    runs = [run("a", server_us=100.0, edge_us=50.0), run("b", server_us=0.0, edge_us=30.0)]
    (found,) = comparisons(runs, [Compared("a", "b", what="CPU", cost=total_us)])
    assert found == "CPU, a / b, 32 connections: 5.00 (rounds 5.00)"


def test_goal_includes_its_bound() -> None:
    """Exactly the limit is met, more is missed; it is the median that counts."""
    runs = [run("b", n) for n in range(3)]
    runs += [run("a", n, server_us=us) for n, us in enumerate((150.0, 150.0, 900.0))]
    (met,) = comparisons(runs, [Compared("a", "b", 1.5)])
    (missed,) = comparisons(runs, [Compared("a", "b", 1.49)])
    assert met.endswith("1.50 (rounds 1.50, 1.50, 9.00); goal: at most 1.5, met")
    assert missed.endswith("; goal: at most 1.49, missed")


def test_table_names_what_is_in_front() -> None:
    """Columns that say nothing are left out; what is not there is a dash."""
    rows = summary([run("a", edge_us=0.0)], STATES)
    head, row = table(rows, columns("nginx", ("cache_hits",))).splitlines()
    assert "nginx µs" in head
    assert "events lost" in head
    assert "cache hits" not in head
    assert row.split() == [
        "32",
        "a",
        "100",
        "-",
        "500",
        "1.00",
        "2.00",
        "50",
        "1000",
        "0",
        "2",
        "7",
        "0%",
    ]


def test_line_names_what_is_in_front() -> None:
    """A line a run, as the rounds go by."""
    assert line(run("no-op"), "Envoy") == (
        "32 connections: no-op       100 µs Python,   10 µs Envoy, noise 0%"
    )
