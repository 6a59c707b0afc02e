"""A tally is shown to people."""

import pytest

from ctl.replay.item import Unread
from ctl.replay.outcome import Doubt, Outcome, Side
from ctl.replay.report import notes, say
from ctl.replay.tally import Tally
from tests.terminal import on_terminal


def tally() -> Tally:
    """Return a tally with all that can be told."""
    made = Tally(1)
    sqli, none = Side(True, "", "sqli", "query:q", 0.9999, "sqli:rule"), Side(False, "r")
    for number in range(2):
        made.add(Outcome(f"id{number}", "GET", "/a\x1b[2J", "192.0.2.7", sqli, none))
    made.add(Outcome("id3", "GET", "/b", "", none, none, frozenset({Doubt.MODELS})))
    made.not_scored = 4
    made.add_unread(Unread("a.log:7", "is odd"))
    made.unread["is not an event"] = 3
    return made


def test_report_says_what_changes(capsys: pytest.CaptureFixture[str]) -> None:
    """Counts with their interval, a table of detectors, samples, and how many are not shown."""
    say(tally(), "as recorded", "by new.yaml")
    shown = capsys.readouterr()
    lines = [" ".join(line.split()) for line in shown.out.splitlines()]
    assert "blocked before 2 (66.7 %; 95 % interval 20.8 % to 93.9 %), as recorded" in lines
    assert "no longer blocked 2" in lines
    assert "sqli 2 2 0 0 2" in lines
    assert any(
        "GET /a\\x1b[2J 192.0.2.7 sqli query:q 0.9999 sqli:rule id0" in line for line in lines
    )
    assert "\x1b" not in shown.out
    assert "1 more changes are not shown" in shown.err


@pytest.mark.parametrize("columns", [60, 80, 120, 200])
def test_samples_are_never_cut(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a terminal of any width the id, which is to be copied, is last in its line and whole."""
    on_terminal(monkeypatch, columns)
    event_id = "01a21566-a70b-73aa-970c-75fc2b8a9025"
    made = Tally()
    sqli = Side(True, "", "sqli", "query:q", 0.9999, "sqli:union_select")
    made.add(Outcome(event_id, "GET", "/search", "192.0.2.7", sqli, Side(False)))
    say(made, "as recorded", "by new.yaml, hash be93a318a118")
    lines = capsys.readouterr().out.splitlines()
    assert any(line.rstrip().endswith(f" {event_id}") for line in lines)
    assert max(map(len, lines)) <= columns
    words = " ".join(lines).split()
    assert {"sqli:union_select", "be93a318a118", "requests", "0.9999"} <= {*words}


def test_notes_say_what_is_not_known() -> None:
    """Doubts, what was left out and where, and what a log never has."""
    told = notes(tally(), {"events", "access-log"})
    assert told[0].startswith("not known of 1 event (models): rules had decided")
    assert told[1].startswith("4 events left out: they were not scored")
    assert told[2] == "1 part left out: is odd (first: a.log:7)"
    assert told[3] == "3 parts left out: is not an event"
    assert "no bodies, cookies" in told[4]
    assert notes(Tally(), {"har"}) == []
