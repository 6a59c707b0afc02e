"""What every front-end says of a decision: to the app in headers, to the client in a refusal."""

import json
import re
from collections.abc import Iterable
from functools import lru_cache

from kysira.policy import BLOCKED, TOO_LARGE, UNAVAILABLE
from kysira.types import Action, Decision, Mode

OWN_PREFIX = "x-kysira-"
_ODD = re.compile(r"[^0-9a-z]")
EVENT_ID = "x-kysira-event-id"
KILLED = "x-kysira-killed"
SCORE = "x-kysira-score"
MAX_REASON = 256
NGINX_FORBIDDEN = '{"error":"forbidden","detail":"request blocked by Kysira WAF"}'
"""What a client gets that was blocked behind nginx, the deployment guide's."""
NGINX_UNAVAILABLE = '{"error":"unavailable","detail":"request could not be checked by Kysira WAF"}'
"""What it gets when nothing may pass unchecked, and checking fails."""
Headers = tuple[tuple[str, str], ...]
_ERRORS = {BLOCKED: "forbidden", TOO_LARGE: "content_too_large", UNAVAILABLE: "unavailable"}


def is_own(name: str) -> bool:
    """Return True for a header only Kysira may set, however it is spelled.

    CGI reads "_" for "-", and some servers any other character that is no letter or digit.
    """
    return "kysira" in name and _ODD.sub("-", name).startswith(OWN_PREFIX)


def spoofed_headers(headers: Iterable[tuple[str, bytes]]) -> list[str]:
    """Return the names of client-sent headers that must not reach the app."""
    return [name for name, _ in headers if "kysira" in name and is_own(name)]


def verdict_headers(decision: Decision) -> Headers:
    """Return all headers that tell the app."""
    told = score_headers(decision)
    return (*told, (EVENT_ID, decision.event_id)) if decision.event_id else told


def score_headers(decision: Decision) -> Headers:
    """Return what tells of the score, alike for many requests; nothing where there is none."""
    if decision.score is None:
        return ()
    is_flagged = decision.action is Action.SHADOW_KILL
    return _told(decision.score, decision.reason[:MAX_REASON], decision.mode, is_flagged)


@lru_cache(1024)
def _told(score: float, reason: str, mode: Mode, is_flagged: bool) -> Headers:
    headers = (
        (SCORE, f"{score:.4f}"),
        ("x-kysira-reason", header_text(reason)),
        ("x-kysira-mode", mode.value),
    )
    return (*headers, ("x-kysira-would-have-killed", "true")) if is_flagged else headers


def refusal_headers(decision: Decision) -> Headers:
    """Return the headers of a refusal beside its Content-Type."""
    headers: Headers = ()
    if decision.action is Action.ACTIVE_KILL:
        headers += ((KILLED, "true"),)
    if decision.score is not None:
        headers += ((SCORE, f"{decision.score:.4f}"),)
    return (*headers, (EVENT_ID, decision.event_id)) if decision.event_id else headers


def refusal_body(status: int, decision: Decision) -> bytes:
    """Return the JSON that a refused client gets, the API reference's."""
    reason = decision.reason[:MAX_REASON]  # a scorer may quote a client, at any length
    body = {"error": error_name(status), "reason": reason, "score": decision.score}
    return json.dumps(body).encode()


def error_name(status: int) -> str:
    """Return the ``error`` of a refusal with this HTTP status."""
    return _ERRORS.get(status, "refused")


def header_text(text: str) -> str:
    """Return printable ASCII, not too much of it: a header holds nothing else (RFC 9110 §5.5)."""
    return "".join(char if " " <= char <= "~" else "?" for char in text[:MAX_REASON])
