"""Two policies differ in what they do, not in how they are written."""

from typing import Any

import pytest

from ctl.policy.differences import differences
from kysira.policy import Policy
from tests.ctl.replay.made import policy

E1 = {"name": "a", "path": "/a", "location": "query:q"}
E2 = {"name": "b", "path": "/b", "location": "query:q"}
R1 = {"name": "r", "match": {"path": "/a"}, "threshold": 0.5}
R2 = {"name": "s", "match": {"path": "/b"}}


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ({}, {"mode": "shadow", "threshold": 0.95, "timeout_ms": 300}, []),
        ({}, {"mode": "active"}, [("mode", "shadow", "active")]),
        ({}, {"detectors": {"xss": {"enabled": False}}},
         [("detectors.xss", None, {"enabled": False})]),
        ({"detectors": {"xss": {"threshold": 0.5}}}, {"detectors": {"xss": {"threshold": 0.6}}},
         [("detectors.xss.threshold", 0.5, 0.6)]),
        ({"routes": [R1]}, {"routes": [{**R1, "threshold": 0.6}]},
         [("routes.r.threshold", 0.5, 0.6)]),
        ({"routes": [R1]}, {"routes": [{**R1, "match": {"path": "/a", "host": "h"}}]},
         [("routes.r.match.host", None, "h")]),
        ({"routes": [R1, R2]}, {"routes": [R2, R1]},
         [("routes (order)", ["r", "s"], ["s", "r"])]),
        ({"routes": [R1]}, {"routes": [R2, R1]}, [("routes.s", None, R2)]),
        ({"exclusions": [E1]}, {"exclusions": [{**E1, "expires": "2028-01-01"}]},
         [("exclusions.a.expires", None, "2028-01-02T00:00:00Z")]),
        ({"exclusions": [E1]}, {}, [("exclusions.a", {**E1, "detector": "*"}, None)]),
        ({"trusted_proxies": ["10.0.0.0/8", "::1"]}, {"trusted_proxies": ["::1", "10.0.0.0/8"]},
         []),
    ],
)  # fmt: skip
def test_difference_is_told(
    before: dict[str, Any], after: dict[str, Any], wanted: list[tuple[str, Any, Any]]
) -> None:
    """By key, with both values; what the defaults say anyway is none."""
    one, other = policy(**before), policy(**after)
    found = differences(one, other)
    assert [(each.at, each.before, each.after) for each in found] == wanted
    assert [(each.at, each.after, each.before) for each in differences(other, one)] == wanted
    assert (one.hash == other.hash) is (not wanted)


def test_reason_is_for_people() -> None:
    """It changes nothing that is decided, nor the hash."""
    one, other = (policy(exclusions=[{**E1, "reason": text}]) for text in ("x", "y"))
    (found,) = differences(one, other)
    assert (found.at, found.matters) == ("exclusions.a.reason", False)
    assert one.hash == other.hash


def test_equal_policies_do_not_differ() -> None:
    """Nothing is nothing."""
    assert differences(Policy(), policy()) == []
