"""The goals pool what they name, and say whether they are met."""

import pytest

from benchmarks.goals import GOALS, Reached, reached
from ctl.bench.replay import Key, Results, Tally


def goals_of(*tallies: tuple[str, bool, int, float]) -> dict[str, Reached]:
    results = Results()
    for source, is_attack, rows, flagged in tallies:
        results.by_source[Key("rules", source, is_attack)] = Tally(rows, flagged)
    return {found.goal.name: found for found in reached(results, ["rules"])}


def test_only_goals_with_rows_are_told() -> None:
    """A corpus that is not there neither meets nor misses anything."""
    assert not goals_of()
    assert set(goals_of(("benign_commonmark", False, 10, 0.0))) == {"commonmark"}


@pytest.mark.parametrize(("flagged", "is_met"), [(1.0, True), (1.5, False)])
def test_benign_goal_is_a_ceiling(flagged: float, is_met: bool) -> None:
    """At most one in a hundred, the bound itself included."""
    assert goals_of(("benign_commonmark", False, 100, flagged))["commonmark"].is_met is is_met


@pytest.mark.parametrize(("flagged", "is_met"), [(90.0, True), (89.0, False)])
def test_attack_goal_is_a_floor(flagged: float, is_met: bool) -> None:
    """The rest of the rule tests does not count."""
    found = goals_of(
        ("coreruleset_tests", True, 100, flagged), ("coreruleset_tests/rest", True, 100, 0.0)
    )
    assert found["coreruleset_tests, attack subset"].is_met is is_met


def test_traffic_is_pooled() -> None:
    """Requests of several sources are one rate."""
    found = goals_of(
        ("benign_easypost", False, 100, 1.0), ("benign_accesslog_semicomplete", False, 900, 0.0)
    )
    pooled = found["benign API traffic, pooled"]
    assert (pooled.rows, pooled.share, pooled.is_met) == (1000, 0.001, True)


def test_prompts_leave_noise_out_and_name_the_worst_source() -> None:
    """SMS count alone only, mislabelled attacks not at all."""
    found = goals_of(
        ("prompt/chat", False, 100, 0.0),
        ("prompt/sms_spam_collection", False, 100, 5.0),
        ("prompt/hackaprompt_sample", True, 10, 9.0),
        ("prompt/deepset_test", True, 10, 0.0),
        ("prompt/tasktracker_triggers_test", True, 10, 0.0),
    )
    assert found["prompts, benign without SMS, pooled"].rows == 100
    worst = found["prompts, benign, worst source"]
    assert (worst.worst, worst.is_met) == ("prompt/sms_spam_collection", False)
    assert (found["prompts, attacks"].share, found["prompts, attacks"].is_met) == (0.9, True)


def test_goals_are_the_published_ones() -> None:
    """Eleven, each with its own name."""
    assert len({goal.name for goal in GOALS}) == len(GOALS) == 11
