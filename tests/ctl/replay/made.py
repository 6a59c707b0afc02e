"""Events with findings, and policies, for tests."""

import json
from typing import Any

from ctl.events.record import Record, record
from ctl.policy.source import Known, of_bytes
from kysira.policy import Policy
from kysira.types import DETECTORS
from tests.ctl.events.made import row

NOW = 1_800_000_000.0
"""2027-01-15T08:00:00Z."""


def finding(
    detector: str = "sqli", location: str = "query:q", score: float = 0.9999,
    matched: str = "UNION SELECT", reason: str = "",
) -> dict[str, Any]:  # fmt: skip
    """Return a finding as an event has it."""
    return {
        "detector": detector, "location": location, "score": score,
        "reason": reason or f"{detector}:rule", "steps": [], "matched": matched,
    }  # fmt: skip


def event(*findings: dict[str, Any], **changed: Any) -> Record:
    """Return an event of these findings, the first of which decided."""
    made = record(event_row(*findings, **changed))
    assert made
    return made


def event_row(*findings: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """Return the same as a service writes it: flagged in shadow when there is a finding."""
    top = findings[0] if findings else {}
    scores = dict.fromkeys(DETECTORS, 0.0) | {f["detector"]: f["score"] for f in findings}
    return row(
        **{
            "action": "shadow_kill" if findings else "passed", "findings": list(findings),
            "detector": top.get("detector", ""), "score": top.get("score", 0.0),
            "reason": top.get("reason", ""), "breakdown": scores, **changed,
        }
    )  # fmt: skip


def known(text: str) -> Known:
    """Return the policy of a file's text."""
    return of_bytes(text.encode(), "kysira.yaml", NOW)


def policy(**declared: Any) -> Policy:
    """Return the policy that a file with these keys declares."""
    return known(json.dumps(declared)).policy
