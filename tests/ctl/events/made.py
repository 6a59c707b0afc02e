"""Events for tests, as services write them."""

import json
from typing import Any

from ctl.events.record import Record, record

EVENT: dict[str, Any] = {
    "timestamp": "2026-11-26T01:00:00.000Z", "method": "GET", "path": "/search",
    "source_ip": "192.0.2.7", "score": 0.9999, "reason": "sqli:union_select", "mode": "shadow",
    "action": "shadow_kill", "latency_ms": 0.58, "id": "01a21566-a70b-73aa-970c-75fc2b8a9025",
    "front_end": "proxy", "host": "shop.example", "route": "", "query": "q=x", "detector": "sqli",
    "threshold": 0.95,
    "findings": [
        {"detector": "xss", "location": "query:a", "score": 0.4, "reason": "xss:tag", "steps": [],
         "matched": "<b>"},
        {"detector": "sqli", "location": "query:q", "score": 0.9999, "reason": "sqli:union_select",
         "steps": ["percent", "base64"], "matched": "UNION SELECT"},
    ],
    "breakdown": {"sqli": 0.9999}, "policy": "aad64018f5df", "uninspected": [], "excluded": [],
}  # fmt: skip


def row(**changed: Any) -> dict[str, Any]:
    """Return an event with some fields changed."""
    return {**EVENT, **changed}


def made(**changed: Any) -> Record:
    """Return the same as kysiractl reads it."""
    found = record(row(**changed), changed.pop("source", ""))
    assert found
    return found


def at(second: int, number: int = 0) -> dict[str, Any]:
    """Return an event of a second after the hour, with an id of its own."""
    return row(timestamp=f"2026-11-26T01:00:{second:02}.000Z", id=f"{second:04}-{number}")


def lines(*rows: dict[str, Any]) -> bytes:
    """Return events as a file has them."""
    return b"".join(json.dumps(each).encode() + b"\n" for each in rows)
