"""The options that say which events are meant."""

import dataclasses

import pytest
import typer

from ctl.events.options import FilterOptions, complete_action
from ctl.fleet.options import FleetOptions
from tests.ctl.events.made import made


@pytest.mark.parametrize(
    "options",
    [
        {"action": ["shadow_kill"]}, {"action": ["all"]}, {"detector": ["sqli"]},
        {"min_score": 0.9},
        {"max_score": 1.0}, {"path": ["/no", "/search"]}, {"host": ["shop.example"]},
        {"method": ["get"]}, {"source_ip": ["192.0.2.0/24"]}, {"front_end": ["proxy"]},
        {"since": "2026-11-26"}, {"until": "2026-11-27"}, {"id": [made().id.upper()]},
        {"reason": ["union"]}, {},
    ],
)  # fmt: skip
def test_option_lets_its_event_through(options: dict[str, object]) -> None:
    """Each alone, as it is said."""
    assert FilterOptions(**options).filter()(made())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options",
    [
        {"action": ["killed"]}, {"detector": ["ssrf"]}, {"min_score": 1.0}, {"max_score": 0.9},
        {"path": ["/no"]}, {"host": ["other"]}, {"method": ["POST"]}, {"source_ip": ["::1"]},
        {"route": ["uploads"]}, {"front_end": ["nginx"]}, {"since": "1s"},
        {"until": "2026-11-26"}, {"id": ["x"]}, {"reason": ["zzz"]}, {"uninspected": True},
        {"path": ["/search"], "action": ["killed"]},
    ],
)  # fmt: skip
def test_option_holds_others_back(options: dict[str, object]) -> None:
    """Each option does something: what it does not mean is left out."""
    later = made(timestamp="2026-11-26T01:00:00Z")
    assert not FilterOptions(**options).filter()(later)  # type: ignore[arg-type]


def test_every_option_is_in_these_tables() -> None:
    """A new option needs its rows above."""
    tried = {
        name
        for test in (test_option_lets_its_event_through, test_option_holds_others_back)
        for options in test.pytestmark[0].args[1]  # type: ignore[attr-defined]
        for name in options
    }
    assert tried == {field.name for field in dataclasses.fields(FilterOptions)}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"detector": ["sqly"]}, "is it sqli?"),
        ({"action": ["kill"]}, "no action is called 'kill'"),
        ({"min_score": 0.9, "max_score": 0.5}, "0.9 is over --max-score 0.5"),
        ({"since": "soon"}, "is no time"),
        ({"since": "1h", "until": "2h"}, "is not before --until"),
        ({"front_end": ["envoy"]}, "must be proxy or ext-proc or nginx"),
        ({"source_ip": ["localhost"]}, "no address or network"),
    ],
)
def test_wrong_option_is_usage(options: dict[str, object], says: str) -> None:
    """One line that says what is wrong with which."""
    with pytest.raises(typer.BadParameter) as caught:
        FilterOptions(**options).filter()  # type: ignore[arg-type]
    assert says in str(caught.value)


def test_fleet_options_know_whether_they_are_given() -> None:
    """Files and services exclude each other."""
    assert not FleetOptions().is_given
    assert FleetOptions(target=["a"]).is_given
    assert FleetOptions(namespace="kysira").is_given


def test_actions_are_completed() -> None:
    """For a shell."""
    assert complete_action("k") == ["killed"]
    assert "shadow_kill" in complete_action("")
