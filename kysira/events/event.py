"""The event of one request: made at once, for little; written as JSON later."""

import json
from collections.abc import Sequence
from functools import lru_cache
from time import gmtime, strftime
from typing import Any, NamedTuple

from kysira.events.redaction import (
    Shown,
    printable,
    shown_location,
    shown_match,
    shown_path,
    shown_query,
)
from kysira.types import Decision, Finding, Place, Request

MAX_TARGET = 8192
"""Bytes of a request target that are kept; a longer path or query is shown cut anyway."""
MAX_REASON = 256
_MAX_HOST = 255
_MAX_METHOD = 32
_MAX_ADDRESS = 64
_HOSTS = frozenset({":authority", "host"})
_SCORE_DIGITS = 4
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


class Event(NamedTuple):
    """What is kept of a request and its decision: no headers but the host, and no body."""

    id: str
    unix_seconds: float
    front_end: str
    """``proxy``, ``ext-proc`` or ``nginx``."""
    method: str
    target: bytes
    """One byte more than MAX_TARGET when it was longer."""
    host: bytes
    source_ip: str
    decision: Decision
    latency_s: float
    policy: str
    """The hash of the policy that decided."""

    def to_json(self) -> dict[str, Any]:
        """Return the event's fields: first the API reference's nine, in its order."""
        decision, is_cut = self.decision, len(self.target) > MAX_TARGET
        path, mark, query = _origin_form(self.target[:MAX_TARGET]).partition(b"?")
        path_shown = shown_path(path, is_cut=is_cut and not mark)
        query_shown = shown_query(query, is_cut=is_cut) if mark else _NO_QUERY
        verdict, finding = decision.verdict, decision.finding
        return {
            "timestamp": timestamp(self.unix_seconds),
            "method": printable(self.method, _MAX_METHOD),
            "path": path_shown.text,
            "source_ip": printable(self.source_ip, _MAX_ADDRESS),
            "score": 0.0 if decision.score is None else round(decision.score, _SCORE_DIGITS),
            "reason": _reason(decision.reason) if decision.reason else "",
            "mode": decision.mode,  # a StrEnum is a string; its .value takes longer than the rest
            "action": decision.action,
            "latency_ms": round(self.latency_s * 1e3, 3),
            "id": self.id,
            "front_end": self.front_end,
            "host": _host(self.host),
            "route": "",  # policies have no routes yet
            "query": query_shown.text,
            "detector": finding.detector if finding else "",
            "threshold": decision.threshold,
            "findings": _findings(verdict.findings, path_shown, query_shown),
            "breakdown": dict(verdict.breakdown),
            "policy": self.policy,
            "uninspected": list(verdict.uninspected),
        }

    def line(self) -> bytes:
        """Return the fields as one line of JSON in UTF-8, without a line break."""
        return _encode(self.to_json()).encode("utf-8", "replace")


_NO_QUERY = shown_query(b"")


def target_and_host(request: Request) -> tuple[bytes, bytes]:
    """Return what an event keeps of the request's line and headers."""
    target, host = request.target, b""
    if len(target) > MAX_TARGET:
        target = target[: MAX_TARGET + 1]
    for name, value in request.headers:
        if name in _HOSTS:
            host = value[:_MAX_HOST]
            break
    return target, host


@lru_cache(1024)
def _host(host: bytes) -> str:
    return printable(host.decode("utf-8", "replace"), _MAX_HOST)


def _origin_form(target: bytes) -> bytes:
    """Return path and query of an absolute target, whose authority may hold a password."""
    if target.startswith(b"/") or b"://" not in target[:16]:
        return target
    rest = target.partition(b"://")[2]
    ends = [at for at in map(rest.find, (b"/", b"?")) if at >= 0]
    return rest[min(ends) :] if ends else b"/"


def _reason(reason: str) -> str:
    """Return printable ASCII: a scoring service may quote what a client sent."""
    return "".join(char if " " <= char <= "~" else "?" for char in reason[:MAX_REASON])


def _findings(findings: Sequence[Finding], path: Shown, query: Shown) -> list[dict[str, Any]]:
    if not findings:  # as of most requests
        return []
    wholes = {Place.PATH.value: path.is_whole, Place.QUERY.value: query.is_whole}
    return [
        {
            "detector": finding.detector,
            "location": shown_location(finding.location),
            "score": round(finding.score, _SCORE_DIGITS),
            "reason": _reason(finding.reason),
            "steps": list(finding.steps),
            "matched": shown_match(
                finding, is_whole=wholes.get(finding.location.partition(":")[0], False)
            ),
        }
        for finding in findings
    ]


def timestamp(unix_seconds: float) -> str:
    """Return a time in RFC 3339: UTC, to the millisecond."""
    seconds, milliseconds = divmod(int(unix_seconds * 1000), 1000)
    return f"{_second(seconds)}.{milliseconds:03d}Z"


@lru_cache(16)
def _second(unix_seconds: int) -> str:
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(unix_seconds))
