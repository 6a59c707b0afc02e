"""What apps and refused clients are told, alike by every front-end."""

import json
from dataclasses import replace

import pytest

from kysira.replies import (
    error_name,
    header_text,
    is_own,
    refusal_body,
    refusal_headers,
    score_headers,
    spoofed_headers,
    verdict_headers,
)
from kysira.types import Action, Decision, Mode

FLAGGED = Decision(
    Action.SHADOW_KILL, Mode.SHADOW, score=0.98765, reason="sqli:union_select", event_id="id-1"
)
BLOCKED = Decision(
    Action.ACTIVE_KILL, Mode.ACTIVE, score=0.98, reason="Détecté: 'x'", refuse_status=403,
    event_id="id-2",
)  # fmt: skip
UNSCORED = Decision(Action.ERROR, Mode.ACTIVE, reason="uninspected:error", event_id="id-3")


def test_flagged_request_is_told_of() -> None:
    """The four headers of the API reference, and the event's id."""
    assert verdict_headers(FLAGGED) == (
        ("x-kysira-score", "0.9877"),
        ("x-kysira-reason", "sqli:union_select"),
        ("x-kysira-mode", "shadow"),
        ("x-kysira-would-have-killed", "true"),
        ("x-kysira-event-id", "id-1"),
    )
    assert score_headers(FLAGGED) == verdict_headers(FLAGGED)[:-1]


def test_unscored_request_has_no_score() -> None:
    """No score is made up for a request that was not scored; its event can still be asked for."""
    assert verdict_headers(UNSCORED) == (("x-kysira-event-id", "id-3"),)
    assert refusal_headers(UNSCORED) == (("x-kysira-event-id", "id-3"),)


def test_refusal_says_killed_and_why() -> None:
    """A refused client gets the API reference's JSON and headers."""
    assert refusal_headers(BLOCKED) == (
        ("x-kysira-killed", "true"), ("x-kysira-score", "0.9800"), ("x-kysira-event-id", "id-2"),
    )  # fmt: skip
    assert json.loads(refusal_body(403, BLOCKED)) == {
        "error": "forbidden", "reason": "Détecté: 'x'", "score": 0.98,
    }  # fmt: skip


def test_reason_is_bounded_in_body_and_headers() -> None:
    """A scorer may quote what a client sent, however long."""
    long = replace(BLOCKED, reason="x" * 100_000)
    assert json.loads(refusal_body(403, long))["reason"] == "x" * 256
    assert dict(score_headers(long))["x-kysira-reason"] == "x" * 256


@pytest.mark.parametrize(
    ("status", "name"),
    [(403, "forbidden"), (413, "content_too_large"), (503, "unavailable"), (499, "refused")],
)
def test_error_has_a_name(status: int, name: str) -> None:
    """Each status that a request is refused with has a name of its own."""
    assert error_name(status) == name


def test_header_text_is_printable() -> None:
    """Nothing but printable ASCII gets into a header, and not too much of it."""
    assert header_text("a\r\nb\x00é~ ") == "a??b??~ "
    assert len(header_text("x" * 1000)) == 256


@pytest.mark.parametrize(
    "name", ["x-kysira-score", "x_kysira_score", "x-kysira_anything", "x.kysira.score"]
)
def test_own_names_are_ours(name: str) -> None:
    """Only Kysira sets them, however an app spells them."""
    assert is_own(name)
    assert spoofed_headers(((name, b"0"), ("x-ky", b"1"))) == [name]


@pytest.mark.parametrize("name", ["kysira", "x-kysir", "my-x-kysira-score", "score"])
def test_other_names_are_not(name: str) -> None:
    """Headers that only look alike belong to the app."""
    assert not is_own(name)
    assert not spoofed_headers(((name, b"0"),))
