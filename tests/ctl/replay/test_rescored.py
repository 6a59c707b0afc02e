"""A whole request is scored by both policies."""

from ctl.replay.item import Item
from ctl.replay.outcome import Change
from ctl.replay.rescored import rescorer
from inference.engine import Engine
from kysira.policy import Policy
from kysira.types import Mode, Request
from tests.ctl.replay.made import policy

ATTACK = b"/search?q=%27%20UNION%20SELECT%20password%20FROM%20users--"


def test_request_is_decided_by_both(engine: Engine) -> None:
    """Each policy scores with its own options, in its own mode."""
    after = policy(exclusions=[{"name": "q", "path": "/search", "location": "query:q"}])
    decide = rescorer(engine.score, after, Policy(), (Mode.ACTIVE, Mode.ACTIVE))
    told = decide(Item("a.log:1", Request("GET", ATTACK, source_ip="192.0.2.7")))
    assert (told.where, told.path, told.source_ip) == ("a.log:1", "/search", "192.0.2.7")
    assert told.change is Change.NO_LONGER_BLOCKED
    assert told.before.detector == "sqli"
    assert told.doubts == frozenset()
    calm = rescorer(engine.score, Policy(), Policy(), (Mode.ACTIVE, Mode.SHADOW))
    assert calm(Item("x", Request("GET", ATTACK))).change is Change.NO_LONGER_BLOCKED


def test_body_is_read_as_the_route_says(engine: Engine) -> None:
    """A route that leaves bodies unread does so here too."""
    after = policy(routes=[{"name": "up", "match": {"path": "/up"}, "inspect_body": False}])
    decide = rescorer(engine.score, after, Policy(), (Mode.ACTIVE, Mode.ACTIVE))
    body = b"a=<script>alert(1)</script>"
    told = decide(Item("x", Request("POST", b"/up/1", body=body)))
    assert (told.change, told.after.route) == (Change.NO_LONGER_BLOCKED, "up")
