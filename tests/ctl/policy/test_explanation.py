"""An explanation says what became of each finding."""

from dataclasses import replace

from ctl.policy.explanation import Explanation, explained
from inference.engine import Engine
from kysira.types import Action, Mode, Request
from tests.ctl.replay.made import known

SQLI = b"%27%20UNION%20SELECT%20password%20FROM%20users--"
XSS = b"%3Cscript%3Ealert(1)%3C/script%3E"
FILE = known(
    """\
mode: active
detectors: {path-traversal: {enabled: false}}
routes:
  - {name: up, match: {path: /up}, inspect_body: false}
  - {name: shop, match: {host: shop.example}}
exclusions:
  - {name: late, location: "query:r", expires: 2020-01-01}
  - {name: q, path: /cms, location: "query:q", detector: sqli}
  - {name: all-q, path: /cms, location: "query:q"}
"""
)


def told(engine: Engine, target: bytes, *, body: bytes = b"", mode: Mode = Mode.ACTIVE,
         method: str = "GET", **headers: str) -> Explanation:  # fmt: skip
    """Return the explanation of a request."""
    rows = tuple((name.replace("_", "-"), value.encode()) for name, value in headers.items())
    request = Request(method, target, rows, body)
    return explained(replace(FILE, mode=mode), "--mode", request, engine.score)


def became(explanation: Explanation) -> dict[str, str]:
    """Return what became of each finding, by its place."""
    return {
        f"{each.finding.detector} {each.finding.location}": each.became
        for each in explanation.findings
    }


def test_exclusions_are_named(engine: Engine) -> None:
    """By what each dropped; the first that fits counts."""
    found = told(engine, b"/cms?q=" + SQLI + b"&r=" + XSS)
    assert found.decision.action is Action.ACTIVE_KILL
    assert became(found) == {"xss query:r": "over", "sqli query:q": "dropped by exclusion q"}
    assert [each.counts for each in found.findings] == [True, False]
    assert found.notes == [
        "exclusion late has expired: it would drop xss in query:r",
        "the request names no host: routes with one can't match (--header 'Host: …')",
    ]
    found = told(engine, b"/cms?q=" + XSS, host="shop.example")
    assert became(found) == {"xss query:q": "dropped by exclusion all-q"}
    assert (found.decision.action, found.notes) == (Action.PASSED, [])


def test_lesser_drop_is_told(engine: Engine) -> None:
    """An exclusion that drops what is not the best of its detector is named as well."""
    found = told(engine, b"/cms?r=" + SQLI + b"&q=1'%20or%20'1'='1", host="shop.example")
    assert "exclusion q drops a lesser finding, or keeps a value from a model" in found.notes


def test_switched_off_detector_is_told(engine: Engine) -> None:
    """With what it would have found."""
    found = told(engine, b"/a?f=../../../etc/passwd", host="shop.example")
    assert became(found) == {"path-traversal query:f": "detector is switched off"}
    assert found.decision.action is Action.PASSED


def test_body_that_is_left_unread_has_no_findings(engine: Engine) -> None:
    """Nothing is said of what no service would see."""
    found = told(engine, b"/up", body=b"a=" + XSS, method="POST", host="shop.example")
    assert (found.decision.action, found.findings) == (Action.SKIPPED, [])
    assert found.notes == ["not all of it was read: policy"]


def test_refusal_by_the_head_is_told(engine: Engine) -> None:
    """The body's findings were not needed."""
    form = "application/x-www-form-urlencoded"
    found = told(engine, b"/a?q=" + SQLI, body=b"b=" + XSS, method="POST", content_type=form,
                 host="shop.example")  # fmt: skip
    assert found.is_by_head
    assert became(found) == {"sqli query:q": "over", "xss form:b": "not needed for the decision"}
    calm = told(engine, b"/a?q=" + SQLI, body=b"b=" + XSS, method="POST", content_type=form,
                mode=Mode.SHADOW, host="shop.example")  # fmt: skip
    assert (calm.is_by_head, calm.decision.action) == (False, Action.SHADOW_KILL)
    assert became(calm) == {"sqli query:q": "over", "xss form:b": "over"}


def test_climbing_path_is_told(engine: Engine) -> None:
    """Where no exclusion may hold, that is said."""
    found = told(engine, b"/x/../cms?q=" + SQLI, host="shop.example")
    assert became(found)["sqli query:q"] == "over"
    assert "the path climbs, and may lead anywhere: no exclusion holds, and no lax route" in (
        found.notes
    )


def test_upgrade_is_told(engine: Engine) -> None:
    """What comes after it is no part of the decision, as the event says."""
    found = told(engine, b"/ws", host="shop.example", upgrade="websocket")
    assert found.notes == [
        "what follows an upgrade is read by nobody: the event says unread: upgrade"
    ]
