"""Exclusions for an event, and what speaks against them."""

from pathlib import Path
from typing import Any

import pytest

from ctl.policy.proposal import Ask, Proposal, proposal
from ctl.replay.outcome import Doubt
from kysira.errors import RequestError
from kysira.types import Exclusion
from tests.ctl.events.made import lines
from tests.ctl.replay.made import NOW, event_row, finding

POLICY = "exclusions: [{name: search-query-q-sqli, path: /old, location: 'query:q'}]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder for files."""
    return tmp_path


def proposed(folder: Path, row: dict[str, Any], text: str = POLICY, **options: Any) -> Proposal:
    """Return the proposal for an event."""
    (folder / "x.jsonl").write_bytes(lines({**row, "id": "one"}))
    (folder / "kysira.yaml").write_text(text)
    asked: dict[str, Any] = {
        "event_id": "one", "names": (str(folder / "x.jsonl"),), "which": None,
        "policy": folder / "kysira.yaml", "path": "", "location": "", "any_index": False,
        "expires": None, "reason": "", "all_findings": False, "now": NOW, **options,
    }  # fmt: skip
    return proposal(Ask(**asked))


def test_narrowest_exclusion_is_proposed(folder: Path) -> None:
    """Path, location and detector of the finding, with a name that is free."""
    made = proposed(folder, event_row(finding()), reason="a search", expires=NOW + 9)
    assert made.exclusions == [
        Exclusion("/search", "query:q", "sqli", "search-query-q-sqli-2", NOW + 9,
                  "a search (event one)")
    ]  # fmt: skip
    assert made.is_enough
    assert made.notes == ["it holds for /search and all below it, of every host"]
    assert made.doubts == {Doubt.HIDDEN, Doubt.MODELS}
    assert (made.effect.is_itself, made.effect.others) == (True, 0)


def test_other_findings_are_told(folder: Path) -> None:
    """The request would still be blocked for them; all at once on demand."""
    row = event_row(finding(), finding("xss", "form:items[0]", 0.97), finding("ssti", "path", 0.5))
    made = proposed(folder, row)
    assert not made.is_enough
    assert made.problems == [
        "the request would still be blocked: xss 0.9700 in form:items[0]; --all-findings excludes "
        "that too"
    ]
    both = proposed(folder, row, all_findings=True)
    assert both.is_enough
    assert [(each.detector, each.location) for each in both.exclusions] == [
        ("sqli", "query:q"), ("xss", "form:items[[]0]"),
    ]  # fmt: skip
    assert "--any-index makes it hold for every number in brackets" in both.notes
    wide = proposed(folder, row, all_findings=True, any_index=True)
    assert wide.exclusions[1].location == "form:items[[]*]"


def test_threshold_is_the_policys(folder: Path) -> None:
    """What is over it in the policy that is added to, not what was over it then."""
    row = event_row(finding(), finding("xss", "form:a", 0.6))
    assert len(proposed(folder, row, "threshold: 0.5\n").problems) == 1
    assert proposed(folder, row, "threshold: 0.7\n").is_enough


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("exclusions: [{name: a, path: /search}]", "exclusion a lets the event pass already"),
        ("threshold: 1.0", "is not over a threshold of this policy"),
    ],
)
def test_nothing_to_exclude_is_told(folder: Path, text: str, words: str) -> None:
    """To ask twice does no harm."""
    made = proposed(folder, event_row(finding()), text)
    assert (made.exclusions, made.is_enough) == ((), True)
    assert words in made.notes[0]


def test_other_causes_are_no_findings(folder: Path) -> None:
    """A body that is too long is blocked whatever is excluded."""
    made = proposed(folder, event_row(uninspected=["oversize"]), "on_oversize: block")
    assert made.problems == ["no exclusion changes that: body over the inspection limit"]


def test_hidden_place_is_a_problem(folder: Path) -> None:
    """It says what to say; who knows it may."""
    row = event_row(finding(location="form:[masked]"))
    made = proposed(folder, row)
    assert made.exclusions == []
    assert any("say --location" in text for text in made.problems)
    assert proposed(folder, row, location="form:*").is_enough
    told = proposed(folder, row, location="form:token")
    assert told.is_enough
    assert told.doubts == {Doubt.MASKED}


@pytest.mark.parametrize("wish", [{"location": "form:q"}, {"path": "/other"}])
def test_wish_that_does_not_hold_is_a_problem(folder: Path, wish: dict[str, str]) -> None:
    """What the event tells plainly is not what was said."""
    made = proposed(folder, event_row(finding()), **wish)
    assert made.problems == [
        "the request would still be blocked: sqli 0.9999 in query:q; --path or --location does not "
        "hold it"
    ]


def test_root_is_every_path(folder: Path) -> None:
    """A prefix can't be the root alone."""
    made = proposed(folder, event_row(finding(), path="/"))
    assert made.notes == ["its path is /, which as a prefix is every path: it holds everywhere"]


@pytest.mark.parametrize(
    ("row", "options", "words"),
    [
        (event_row(finding()), {"event_id": "two"}, "no event two is recorded"),
        (event_row(action="error"), {}, "was not scored"),
    ],
)
def test_unknown_event_is_an_error(
    folder: Path, row: dict[str, Any], options: dict[str, Any], words: str
) -> None:
    """With what to do about it."""
    with pytest.raises(RequestError, match=words):
        proposed(folder, row, **options)


def test_part_of_an_id_is_answered_with_the_whole(folder: Path) -> None:
    """What was cut off in a terminal is told; none is taken by chance."""
    rows = [event_row(finding(), id=f"01a21566-{n}") for n in range(5)]
    (folder / "all.jsonl").write_bytes(lines(*rows))
    with pytest.raises(RequestError, match="is no whole id; is it 01a21566-0 or 01a21566-1 or"):
        proposed(folder, event_row(), event_id="01A21566", names=(str(folder / "all.jsonl"),))
