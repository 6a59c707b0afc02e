"""A policy is shown as a file would declare it."""

from kysira.policy import Policy
from kysira.policy_text import exclusion_to_json, policy_to_json, route_to_json, timestamp
from kysira.routes import Route
from kysira.settings import OnFailure
from kysira.types import Exclusion, Mode, ScoreOptions


def test_defaults_are_shown_too() -> None:
    """Who reads it need not know them."""
    assert policy_to_json(Policy()) == {
        "mode": "shadow", "threshold": 0.95, "timeout_ms": 300, "max_body_bytes": 131072,
        "on_oversize": "partial", "on_failure": "open", "trusted_proxies": [],
        "client_address_headers": ["cf-connecting-ip", "x-real-ip", "x-forwarded-for"],
        "detectors": {}, "routes": [], "exclusions": [],
    }  # fmt: skip


def test_detectors_that_differ_are_shown() -> None:
    """Each with what is said of it."""
    options = ScoreOptions(thresholds={"xss": 0.5, "sqli": 0.8}, disabled=frozenset({"xss"}))
    assert policy_to_json(Policy(options))["detectors"] == {
        "sqli": {"threshold": 0.8},
        "xss": {"enabled": False, "threshold": 0.5},
    }


def test_route_shows_what_it_says() -> None:
    """What it inherits is left out; it always says what it matches."""
    route = Route("a", "h", "/p", frozenset({"PUT", "GET"}), Mode.SHADOW, 0.0, False)
    assert route_to_json(route) == {
        "name": "a",
        "match": {"host": "h", "path": "/p", "methods": ["GET", "PUT"]},
        "mode": "shadow",
        "threshold": 0.0,
        "inspect_body": False,
    }
    assert route_to_json(Route("b", on_failure=OnFailure.OPEN)) == {
        "name": "b", "match": {"path": "/"}, "on_failure": "open",
    }  # fmt: skip


def test_exclusion_shows_when_and_why() -> None:
    """Where there is an end and a reason."""
    assert exclusion_to_json(Exclusion("/a", "query:*", "xss", "n", 1798761600.0, "why")) == {
        "name": "n", "path": "/a", "location": "query:*", "detector": "xss",
        "expires": "2027-01-01T00:00:00Z", "reason": "why",
    }  # fmt: skip
    assert exclusion_to_json(Exclusion(name="n")) == {
        "name": "n", "path": "/", "location": "*", "detector": "*",
    }  # fmt: skip


def test_time_is_rfc_3339() -> None:
    """UTC, to the second."""
    assert timestamp(0.0) == "1970-01-01T00:00:00Z"
