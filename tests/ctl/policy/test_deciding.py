"""A request is decided here as the front-ends decide it."""

import pytest

from ctl.policy.deciding import decided, decided_by_head, load_scoring, readable
from inference.engine import Engine
from kysira.types import Action, Mode, Request, ScoreOptions, Uninspected
from tests.ctl.replay.made import policy

XSS = b"a=<script>alert(1)</script>"
FORM = (("content-type", b"application/x-www-form-urlencoded"),)
POST = Request("POST", b"/up", FORM, XSS)
BY = policy(routes=[{"name": "up", "match": {"path": "/up"}, "inspect_body": False}])


def test_body_is_read_as_the_route_says(engine: Engine) -> None:
    """A body that is left unread is told as such, as the guard does."""
    snapshot = BY.snapshot_for(POST, Mode.ACTIVE)
    assert readable(POST, snapshot)[1] is Uninspected.POLICY
    decision = decided(POST, snapshot, engine.score)
    assert (decision.action, decision.verdict.uninspected) == (
        Action.SKIPPED, (Uninspected.POLICY,),
    )  # fmt: skip
    other = Request("POST", b"/other", FORM, XSS)
    assert decided(other, BY.snapshot_for(other, Mode.ACTIVE), engine.score).is_refused


def test_head_alone_may_refuse(engine: Engine) -> None:
    """In active mode, where a body is still to come; else the whole request is decided."""
    head = Request("POST", b"/a?q=../../../etc/passwd", FORM, XSS)
    snapshot = BY.snapshot_for(head, Mode.ACTIVE)
    refused = decided_by_head(head, snapshot, engine.score)
    assert refused
    assert [each.detector for each in refused.verdict.findings] == ["path-traversal"]
    for request, mode in (
        (POST, Mode.ACTIVE), (head, Mode.SHADOW), (Request("GET", head.target), Mode.ACTIVE),
        (Request("POST", b"/a", FORM, XSS), Mode.ACTIVE),
    ):  # fmt: skip
        assert decided_by_head(request, BY.snapshot_for(request, mode), engine.score) is None


def test_engine_has_every_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which are off is the policy's to say."""
    monkeypatch.setenv("KYSIRA_DISABLED_DETECTORS", "xss")
    scoring = load_scoring(has_models=False)
    assert scoring(POST, ScoreOptions()).detector == "xss"
    assert scoring(POST, ScoreOptions(disabled=frozenset({"xss"}))).findings == ()
