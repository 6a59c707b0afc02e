"""What is shown of a verdict."""

import json

import pytest

from ctl.score.verdict import Scored
from kysira.types import Finding, Request, ScoreOptions, Uninspected, Verdict

SQLI = Finding("sqli", 0.97, "sqli:union_select", "query:q", ("percent",), (0, 3), "a\x1b[2Jb")
XSS = Finding("xss", 0.5, "xss:tag", "query:r")
VERDICT = Verdict(
    0.97, SQLI.reason, "sqli", {"sqli": 0.97, "xss": 0.5}, (SQLI, XSS), (Uninspected.BUDGET,)
)
REQUEST = Request("GET", b"/find?q=1&r=2", (("host", b"a"),), b"body")


def scored(options: ScoreOptions) -> Scored:
    """Return the same verdict, compared with these thresholds."""
    return Scored(REQUEST, VERDICT, options, "in-process")


@pytest.mark.parametrize(
    ("options", "winner"),
    [
        (ScoreOptions(), "sqli"),
        (ScoreOptions(0.97), "sqli"),
        (ScoreOptions(0.971), None),
        (ScoreOptions(thresholds={"sqli": 0.98}), None),
        (ScoreOptions(thresholds={"sqli": 0.98, "xss": 0.5}), "xss"),
    ],
)
def test_winner_is_over_its_own_threshold(options: ScoreOptions, winner: str | None) -> None:
    """At the threshold is over it; the best that is over its own decides, as in services."""
    found = scored(options).winner
    assert (found.detector if found else None) == winner


def test_table_shows_every_finding(capsys: pytest.CaptureFixture[str]) -> None:
    """Where, how it was decoded, what matched; and nothing that a terminal would obey."""
    scored(ScoreOptions()).show()
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "OVER      0.9700 sqli, at or over 0.95: active blocks"
    assert "GET /find?q=1&r=2, 1 headers, a body of 4 bytes, in-process" in out
    assert "query:q" in out and "percent" in out and r"a\x1b[2Jb" in out and "xss:tag" in out
    assert err == "kysiractl: not all of it was read: budget\n"
    scored(ScoreOptions(0.98)).show()
    assert capsys.readouterr().out.startswith("under     0.9700, threshold 0.98\n")


def test_json_has_all() -> None:
    """With the threshold of each finding."""
    row = json.loads(json.dumps(scored(ScoreOptions(0.9, {"xss": 0.4})).as_json()))
    assert (row["over_threshold"], row["score"], row["detector"]) == (True, 0.97, "sqli")
    assert [(f["detector"], f["threshold"]) for f in row["findings"]] == [
        ("sqli", 0.9), ("xss", 0.4),
    ]  # fmt: skip
    assert row["findings"][0]["steps"] == ["percent"]
    assert (row["uninspected"], row["engine"]) == (["budget"], "in-process")
    assert row["request"]["body_bytes"] == 4
