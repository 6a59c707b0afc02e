"""What somebody is told before they agree to block requests."""

from typing import Any

from ctl.fleet.target import Target
from ctl.mode.confirm import what_happens, what_if
from ctl.mode.wanted import Wanted
from kysira.types import Mode


def events(flagged: int, of: int, path: str = "/login") -> list[dict[str, Any]]:
    """Return events of which some were flagged."""
    return [
        {
            "action": "shadow_kill" if number < flagged else "passed",
            "detector": "sqli" if number < flagged else "",
            "path": path,
        }
        for number in range(of)
    ]


def test_what_happens_names_who_and_how_long() -> None:
    """Few services are named, many are counted; the end is told."""
    targets = [Target(f"waf-{number}", "") for number in range(10)]
    few = what_happens(targets[:2], 3, Wanted(Mode.ACTIVE, 1800.0))
    assert few == "2 of 3 services will BLOCK what they flag, for 30m: waf-0, waf-1."
    assert what_happens(targets[:1], 3, Wanted(Mode.ACTIVE)) == (
        "1 of 3 services will BLOCK what it flags, until that is changed: waf-0."
    )
    assert what_happens(targets[:1], 1, Wanted(Mode.ACTIVE)) == (
        "The service will BLOCK what it flags, until that is changed: waf-0."
    )
    assert what_happens(targets, 10, Wanted(Mode.ACTIVE)).endswith("waf-7 and 2 more.")


def test_what_if_counts_recent_events() -> None:
    """The share of recent requests that would have been blocked, and the most common reasons."""
    told = what_if([*events(3, 100), *events(1, 100, "/cms\x1b[2J")], 2, 2)
    assert told == (
        "Of the last 200 requests it would have blocked 4 (2.0 %): 3× sqli on /login, "
        "1× sqli on /cms\\x1b[2J."
    )
    assert "blocked none (1 of 2 services tell)" in what_if(events(0, 5), 1, 2)


def test_what_if_says_what_is_not_known() -> None:
    """Without events there is no number: not read, and none there yet, are said apart."""
    assert "can't be read" in what_if([], 0, 2)
    assert "no request yet" in what_if([], 2, 2)
