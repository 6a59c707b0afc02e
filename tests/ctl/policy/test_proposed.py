"""How exclusions for an event are shown."""

from dataclasses import replace
from pathlib import Path

import pytest

from ctl.policy.let_through import LetThrough
from ctl.policy.proposal import Proposal
from ctl.policy.proposed import as_json, say
from ctl.replay.outcome import Doubt
from kysira.policy import Policy
from kysira.types import Exclusion
from tests.ctl.replay.made import event, finding, known, policy

ONE = event(finding(), id="one", path="/a\x1b[2J")
TWO = event(finding(matched="' OR 1=1"), id="two", path="/a\x1b[2J", source_ip="192.0.2.9")
RULE = Exclusion("/a", "query:q", "sqli", "a-query-q-sqli", None, "event one")


def proposal(*others: bool) -> Proposal:
    """Return a proposal that lets one other event pass, or none."""
    effect = LetThrough(ONE)
    after = policy(exclusions=[{"name": "x", "path": "/", "location": "query:q"}])
    effect.look([ONE, *([TWO] if others else [])], Policy(), after)
    return Proposal(ONE, known("mode: active"), [RULE], effect, (), ["a note"],
                    frozenset({Doubt.HIDDEN}), ["waf-2: refused"])  # fmt: skip


def test_yaml_alone_is_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    """So that it can be piped; all else is on stderr."""
    say(proposal(), None)
    shown = capsys.readouterr()
    assert shown.out == (
        "- name: a-query-q-sqli\n  path: /a\n  location: query:q\n  detector: sqli\n"
        "  reason: event one\n"
    )
    for words in (
        "add to kysira.yaml", "a note", "behind one that no longer", "waf-2: refused",
        "of 1 recorded events 1 are over the threshold; beside this one 0 more",
    ):  # fmt: skip
        assert words in shown.err
    assert "WARNING" not in shown.err


def test_signs_of_attacks_are_loud(capsys: pytest.CaptureFixture[str]) -> None:
    """With what they are, and which events to look at; nothing a client sent moves the cursor."""
    say(proposal(True), Path("kysira.yaml"))
    shown = capsys.readouterr()
    assert "WARNING: the others may be attacks" in shown.err
    assert "they come from 2 addresses" in shown.err
    assert "two GET /a" in shown.err
    assert "added to kysira.yaml: it is in force within seconds where services" in shown.err
    assert "\x1b" not in shown.out + shown.err


def test_problems_leave_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    """And that is said."""
    say(replace(proposal(), problems=["still blocked"]), Path("kysira.yaml"))
    shown = capsys.readouterr()
    assert "still blocked" in shown.err
    assert "kysira.yaml is left as it is" in shown.err
    assert "added to" not in shown.err


def test_json_has_everything() -> None:
    """For programs."""
    row = as_json(proposal(True), is_written=True)
    assert (row["event"], row["passes"], row["written"]) == ("one", True, True)
    assert row["exclusions"][0]["name"] == "a-query-q-sqli"
    assert row["let_through"]["signs_of_attacks"]
    assert row["doubts"] == ["hidden"]
    assert row["not_looked_at"] == ["waf-2: refused"]


def test_event_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever a client put in it looks like no line of ours."""
    forged = event(finding(), id="one", path="/a\nkysiractl: nothing to exclude", host="h\nx")
    say(replace(proposal(True), event=forged, notes=["a\nb"], problems=["c\nd"]), None)
    told = capsys.readouterr().err.splitlines()
    assert all(line.startswith("kysiractl: ") or line.startswith("WARNING") for line in told)
    assert "kysiractl: nothing to exclude" not in told


def many() -> Proposal:
    """Return a proposal that lets pass 79 events like the one, and 6 for another reason."""
    effect = LetThrough(ONE)
    after = policy(exclusions=[{"name": "x", "path": "/", "location": "query:q"}])
    odd = finding(reason="sqli:time_delay", matched="'; WAITFOR DELAY '0:0:5'--")
    effect.look(
        [ONE, *(event(finding(), id=f"h{n}") for n in range(79)),
         *(event(odd, id=f"d{n}") for n in range(6))],
        Policy(), after,
    )  # fmt: skip
    return replace(proposal(), effect=effect)


def test_other_reasons_are_shown_first_and_in_clear(capsys: pytest.CaptureFixture[str]) -> None:
    """Then how many more there are, and the command that shows them; nothing is added."""
    say(many(), Path("kysira.yaml"), searches=["kysiractl events search"], is_refused=True)
    told = capsys.readouterr().err.replace("kysiractl:   ", "")
    assert "reason: 79 × sqli:rule, 6 × sqli:time_delay\n" in told
    assert "what was matched looks otherwise: '; WAITFOR DELAY '0:0:5'--\n" in told
    assert "it can't be narrower by reason" in told
    samples = [line for line in told.splitlines() if line.startswith(("d", "h"))]
    assert samples == [
        f"d{n} GET /search 192.0.2.7 sqli:time_delay: '; WAITFOR DELAY '0:0:5'--" for n in range(5)
    ]
    assert "… and 80 more: kysiractl events search\n" in told
    assert "beside sqli:rule, which the event was found for, it would let pass 6 × " in told
    assert "say --accept-other-reasons if" in told
    assert "kysira.yaml is left as it is" in told
    assert "added to" not in told


def test_json_says_that_it_was_refused() -> None:
    """It is not written then."""
    row = as_json(many(), is_written=True, searches=["a"], is_refused=True)
    assert (row["written"], row["refused_for_other_reasons"], row["search"]) == (False, True, ["a"])
    assert row["let_through"]["other_reasons"] == {"sqli:time_delay": 6}


def test_all_alike_are_shown_by_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    """No samples where nothing is odd, but how they can be seen."""
    effect = LetThrough(ONE)
    after = policy(exclusions=[{"name": "x", "path": "/", "location": "query:q"}])
    effect.look([ONE, event(finding(), id="h")], Policy(), after)
    say(replace(proposal(), effect=effect), None, searches=["one", "two"])
    told = capsys.readouterr().err
    assert "  see them: one\n" in told
    assert "  and of the services: two\n" in told
    assert "WARNING" not in told
