"""The event of one request: made at once, for little; written as JSON later."""

from collections.abc import Sequence
from functools import lru_cache
from time import gmtime, strftime
from typing import Any, NamedTuple

from kysira.events.json_text import Mappings, ShownTexts, encode, quoted
from kysira.events.redaction import (
    Shown,
    printable,
    shown_location,
    shown_match,
    shown_path,
    shown_query,
)
from kysira.replies import header_text
from kysira.request_target import origin_form
from kysira.types import Action, Decision, Finding, Mode, Place, Request, Uninspected

MAX_TARGET = 8192
"""Bytes of a request target that are kept; a longer path or query is shown cut anyway."""
_MAX_HOST = 255
_MAX_METHOD = 32
_MAX_ADDRESS = 64
_HOSTS = frozenset({":authority", "host"})
_SCORE_DIGITS = 4
_paths, _queries, _breakdowns = ShownTexts(shown_path), ShownTexts(shown_query), Mappings()


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
        path, mark, query = origin_form(self.target[:MAX_TARGET]).partition(b"?")
        path_shown = shown_path(path, is_cut=is_cut and not mark)
        query_shown = shown_query(query, is_cut=is_cut) if mark else _NO_QUERY
        verdict, finding = decision.verdict, decision.finding
        return {
            "timestamp": timestamp(self.unix_seconds),
            "method": _method(self.method),
            "path": path_shown.text,
            "source_ip": _address(self.source_ip),
            "score": _score(decision.score),
            "reason": header_text(decision.reason),
            "mode": decision.mode,  # a StrEnum is a string; its .value takes longer than the rest
            "action": decision.action,
            "latency_ms": _milliseconds(self.latency_s),
            "id": self.id,
            "front_end": self.front_end,
            "host": _host(self.host),
            "route": decision.route,
            "query": query_shown.text,
            "detector": finding.detector if finding else "",
            "threshold": decision.threshold,
            "findings": _findings(verdict.findings, path_shown, query_shown),
            "breakdown": dict(verdict.breakdown),
            "policy": self.policy,
            "uninspected": list(verdict.uninspected),
            "excluded": list(verdict.excluded),
        }

    def line(self) -> bytes:
        """Return the fields as one line of JSON in UTF-8, without a line break."""
        is_cut = len(self.target) > MAX_TARGET
        is_usual = not (is_cut or self.decision.finding or self.decision.verdict.findings)
        text = self._usual_json() if is_usual else encode(self.to_json())
        return text.encode("utf-8", "replace")

    def _usual_json(self) -> str:
        """Return ``to_json`` as text, of a request without findings, for a small part of the time.

        What many events have in common is written once for all of them, in pieces of fields that
        change together.
        """
        decision, verdict = self.decision, self.decision.verdict
        path, _, query = origin_form(self.target).partition(b"?")
        reason = decision.reason and header_text(decision.reason)
        breakdown = _breakdowns.json(verdict.breakdown)
        return (
            f'{{"timestamp":"{timestamp(self.unix_seconds)}","method":{_method_json(self.method)}'
            f',"path":{_paths.json(path)},"source_ip":{_address_json(self.source_ip)}'
            f"{_decided_json(decision.score, reason, decision.mode, decision.action)}"
            f',"latency_ms":{_milliseconds(self.latency_s)!r},"id":{quoted(self.id)}'
            f"{_where_json(self.front_end, self.host, decision.route)}"
            f',"query":{_queries.json(query) if query else _NOTHING}'
            f"{_looked_json(decision.threshold, breakdown, self.policy, verdict.uninspected)}"
            f',"excluded":{encode(list(verdict.excluded)) if verdict.excluded else "[]"}}}'
        )


_NO_QUERY = shown_query(b"")
_NOTHING = '""'


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


def _method(method: str) -> str:
    return printable(method, _MAX_METHOD)


def _address(address: str) -> str:
    return printable(address, _MAX_ADDRESS)


def _host(host: bytes) -> str:
    return printable(host.decode("utf-8", "replace"), _MAX_HOST)


@lru_cache(64)
def _method_json(method: str) -> str:
    return quoted(_method(method))


@lru_cache(1024)
def _address_json(address: str) -> str:
    return quoted(_address(address))


@lru_cache(1024, typed=True)  # 1 and 1.0 are written differently
def _decided_json(score: float | None, reason: str, mode: Mode, action: Action) -> str:
    return (
        f',"score":{encode(_score(score))},"reason":{quoted(reason)}'
        f',"mode":{quoted(mode)},"action":{quoted(action)}'
    )


@lru_cache(1024)
def _where_json(front_end: str, host: bytes, route: str) -> str:
    return f',"front_end":{quoted(front_end)},"host":{quoted(_host(host))},"route":{quoted(route)}'


@lru_cache(256, typed=True)
def _looked_json(
    threshold: float, breakdown: str, policy: str, uninspected: tuple[Uninspected, ...]
) -> str:
    return (
        f',"detector":"","threshold":{encode(threshold)},"findings":[],"breakdown":{breakdown}'
        f',"policy":{quoted(policy)},"uninspected":{encode(uninspected)}'
    )


def _score(score: float | None) -> float:
    return 0.0 if score is None else round(score, _SCORE_DIGITS)


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1e3, 3)


def _findings(findings: Sequence[Finding], path: Shown, query: Shown) -> list[dict[str, Any]]:
    if not findings:  # as of most requests
        return []
    wholes = {Place.PATH.value: path.is_whole, Place.QUERY.value: query.is_whole}
    return [
        {
            "detector": finding.detector,
            "location": shown_location(finding.location),
            "score": round(finding.score, _SCORE_DIGITS),
            "reason": header_text(finding.reason),
            "steps": list(finding.steps),
            "matched": shown_match(
                finding, is_whole=wholes.get(finding.location.partition(":")[0], False)
            ),
        }
        for finding in findings
    ]


def timestamp(unix_seconds: float) -> str:
    """Return a time in RFC 3339: UTC, to the millisecond."""
    return _instant(int(unix_seconds * 1000))


@lru_cache(16)  # under load some events come in the same millisecond, and wait in order
def _instant(unix_milliseconds: int) -> str:
    seconds, milliseconds = divmod(unix_milliseconds, 1000)
    return f"{_second(seconds)}.{milliseconds:03d}Z"


@lru_cache(16)
def _second(unix_seconds: int) -> str:
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(unix_seconds))
