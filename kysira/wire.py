"""The JSON of POST /score/all, both ways; the field names are the API reference's.

Beside the contract's ``request_text`` the call carries raw bytes (base64) for what text can't:
they win over the text.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from kysira.errors import RequestError, ScoringError
from kysira.types import (
    DEFAULT_THRESHOLD, Exclusion, Finding, Request, ScoreOptions, Uninspected, Verdict,
)  # fmt: skip

DEFAULT_KEY = "*"
"""The key of the threshold for detectors that have none of their own."""
_REQUEST_LINE = re.compile(r"([A-Z][A-Z-]{0,19}) (\S[^\n]*)")
_VERSION = re.compile(r" HTTP/\d(?:\.\d)?\r?$")


def request_to_json(request: Request, options: ScoreOptions) -> dict[str, Any]:
    """Return the body of a scoring call that keeps every byte of the request."""
    target = request.target.decode("utf-8", "replace")
    payload: dict[str, Any] = {
        "target_base64": base64.b64encode(request.target).decode(),
        "headers": [[k, v.decode("utf-8", "surrogateescape")] for k, v in request.headers],
        "thresholds": {DEFAULT_KEY: options.threshold, **options.thresholds},
    }
    try:
        body = request.body.decode()
    except UnicodeDecodeError:
        body = ""
        payload["body_base64"] = base64.b64encode(request.body).decode()
    payload["request_text"] = f"{request.method} {target}\n{body}"
    if request.body_truncated:
        payload["body_truncated"] = True
    if options.disabled:
        payload["disabled"] = sorted(options.disabled)
    if options.exclusions:
        payload["exclusions"] = [
            {"path": e.path_prefix, "location": e.location, "detector": e.detector}
            for e in options.exclusions
        ]
    return payload


def request_from_json(payload: object) -> tuple[Request, ScoreOptions]:
    """Return the request and options of a scoring call; raises RequestError saying what is wrong."""
    if not isinstance(payload, dict):
        raise RequestError('the body must be a JSON object: {"request_text": "GET /path?query"}')
    text = _typed(payload, "request_text", str, None)
    if text is None:
        raise RequestError("request_text is missing: send {METHOD} {path}?{query}\\n{body}")
    method, target, body, is_free = split_request_text(text)
    headers = _headers(payload)
    content_type = _typed(payload, "content_type", str, "")
    if content_type and not any(name == "content-type" for name, _ in headers):
        headers += (("content-type", _bytes(content_type)),)
    if "target_base64" in payload:
        target, is_free = _base64(payload, "target_base64"), False
    if "body_base64" in payload:
        body = _base64(payload, "body_base64")
    request = Request(
        method, target, headers, body,
        body_truncated=_typed(payload, "body_truncated", bool, False), free_text=is_free,
    )  # fmt: skip
    return request, _options(payload)


def split_request_text(text: str) -> tuple[str, bytes, bytes, bool]:
    """Return method, target, body and False; a text without a request line is all body, and True."""
    line, _, body = text.partition("\n")
    match = _REQUEST_LINE.fullmatch(line.rstrip("\r"))
    if not match:
        return "", b"", _bytes(text), True
    return match[1], _bytes(_VERSION.sub("", match[2])), _bytes(body), False


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # JSON may hold any lone surrogate
        return text.encode("utf-8", "surrogatepass")


def _typed(payload: Mapping[str, Any], key: str, kind: type, default: Any) -> Any:
    value = payload.get(key, default)
    if value is not default and not isinstance(value, kind):
        raise RequestError(f"{key} must be a {kind.__name__}, not {type(value).__name__}")
    return value


def _base64(payload: Mapping[str, Any], key: str) -> bytes:
    try:
        return base64.b64decode(_typed(payload, key, str, ""), validate=True)
    except (binascii.Error, ValueError):
        raise RequestError(f"{key} is not base64") from None


def _headers(payload: Mapping[str, Any]) -> tuple[tuple[str, bytes], ...]:
    rows = _typed(payload, "headers", list, [])
    for row in rows:
        is_pair = isinstance(row, list) and len(row) == 2
        if not is_pair or not all(isinstance(part, str) for part in row):
            raise RequestError("headers must be a list of [name, value] pairs of strings")
    return tuple((name.lower(), _bytes(value)) for name, value in rows)


def _options(payload: Mapping[str, Any]) -> ScoreOptions:
    thresholds = dict(_typed(payload, "thresholds", dict, {}))
    for name, value in thresholds.items():
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not 0 <= value <= 1:
            raise RequestError(f"thresholds: {name!r} must be a number from 0 to 1")
    disabled = _typed(payload, "disabled", list, [])
    if not all(isinstance(name, str) for name in disabled):
        raise RequestError("disabled must be a list of detector slugs")
    return ScoreOptions(
        threshold=thresholds.pop(DEFAULT_KEY, DEFAULT_THRESHOLD),
        thresholds=thresholds,
        disabled=frozenset(disabled),
        exclusions=tuple(_exclusion(row) for row in _typed(payload, "exclusions", list, [])),
    )


def _exclusion(row: object) -> Exclusion:
    keys = {"path", "location", "detector"}
    is_mapping = isinstance(row, dict) and row.keys() <= keys
    if not is_mapping or not all(isinstance(value, str) for value in row.values()):  # type: ignore[attr-defined]
        raise RequestError("exclusions must be a list of {path, location, detector} strings")
    return Exclusion(row.get("path", "/"), row.get("location", "*"), row.get("detector", "*"))  # type: ignore[attr-defined]


def verdict_to_json(verdict: Verdict) -> dict[str, Any]:
    """Return the answer of /score/all: the contract's fields and ``findings``, ``uninspected``."""
    return {
        "score": verdict.score,
        "reason": verdict.reason,
        "detector": verdict.detector,
        "breakdown": dict(verdict.breakdown),
        "findings": [
            {
                "detector": f.detector, "score": f.score, "reason": f.reason,
                "location": f.location, "steps": list(f.steps), "span": list(f.span),
            }
            for f in verdict.findings
        ],
        "uninspected": [reason.value for reason in verdict.uninspected],
    }  # fmt: skip


def verdict_from_json(answer: bytes) -> Verdict:
    """Return the verdict of an answer; raises ScoringError when it is none."""
    try:
        row = json.loads(answer)
        findings = tuple(
            Finding(
                str(f["detector"]), float(f["score"]), str(f["reason"]), str(f["location"]),
                tuple(map(str, f["steps"])), (int(f["span"][0]), int(f["span"][1])),
            )
            for f in row["findings"]
        )  # fmt: skip
        breakdown = {str(name): float(score) for name, score in row["breakdown"].items()}
        problems = tuple(Uninspected(reason) for reason in row["uninspected"])
        return Verdict(
            float(row["score"]), str(row["reason"]), str(row["detector"]), breakdown, findings, problems
        )
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise ScoringError(f"inference gave an unreadable answer: {error!r}") from None
