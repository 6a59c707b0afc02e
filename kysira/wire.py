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
    DEFAULT_THRESHOLD,
    MAX_MATCHED,
    Exclusion,
    Finding,
    Request,
    ScoreOptions,
    Uninspected,
    Verdict,
)

DEFAULT_KEY = "*"
"""The key of the threshold for detectors that have none of their own."""
# A text such as "SELECT a FROM b" has no target: only one that is a path or a URL may hold blanks.
_REQUEST_LINE = re.compile(
    r"([A-Z][A-Z-]{0,19}) ((?:/(?!\*)|\?|[A-Za-z][A-Za-z0-9+.-]*://)[^\n]*)"
    r"|(GET|HEAD|POST|PUT|PATCH|OPTIONS|TRACE|CONNECT) (\S+(?: HTTP/\d(?:\.\d)?)?)"
)
_VERSION = re.compile(r" HTTP/\d(?:\.\d)?\r?$")


def request_to_json(request: Request, options: ScoreOptions) -> dict[str, Any]:
    """Return the body of a scoring call that keeps every byte; the client's address stays here."""
    payload: dict[str, Any] = {
        **_request_text(request),
        "headers": [[k, v.decode("utf-8", "surrogateescape")] for k, v in request.headers],
        "thresholds": {DEFAULT_KEY: options.threshold, **options.thresholds},
    }
    if request.body_truncated:
        payload["body_truncated"] = True
    if options.disabled:
        payload["disabled"] = sorted(options.disabled)
    if options.exclusions:
        payload["exclusions"] = [
            {"path": e.path_prefix, "location": e.location, "detector": e.detector, "name": e.name}
            for e in options.exclusions
        ]
    return payload


def _request_text(request: Request) -> dict[str, str]:
    if request.free_text:
        return {"request_text": "", "body_base64": base64.b64encode(request.body).decode()}
    target = request.target.decode("utf-8", "replace").replace("\n", " ")
    parts = {"target_base64": base64.b64encode(request.target).decode()}
    try:
        body = request.body.decode()
    except UnicodeDecodeError:
        body = ""
        parts["body_base64"] = base64.b64encode(request.body).decode()
    return {"request_text": f"{request.method} {target}\n{body}", **parts}


def request_from_json(payload: object) -> tuple[Request, ScoreOptions]:
    """Return the request and options of a scoring call; raises RequestError saying what to do."""
    if not isinstance(payload, dict):
        raise RequestError('the body must be a JSON object: {"request_text": "GET /path?query"}')
    text = _typed(payload, "request_text", str, None)
    if text is None:
        raise RequestError("request_text is missing: send {METHOD} {path}?{query}\\n{body}")
    if "target_base64" in payload:
        # The line may hold any method and target, and its end alone counts.
        line, _, rest = text.partition("\n")
        method, target = line.partition(" ")[0], _base64(payload, "target_base64")
        body, is_free = _bytes(rest), False
    else:
        method, target, body, is_free = split_request_text(text)
    headers = _headers(payload)
    content_type = _typed(payload, "content_type", str, "")
    if content_type and not any(name == "content-type" for name, _ in headers):
        headers += (("content-type", _bytes(content_type)),)
    if "body_base64" in payload:
        body = _base64(payload, "body_base64")
    request = Request(
        method, target, headers, body,
        body_truncated=_typed(payload, "body_truncated", bool, False), free_text=is_free,
    )  # fmt: skip
    return request, _options(payload)


def split_request_text(text: str) -> tuple[str, bytes, bytes, bool]:
    """Return method, target, body and False; one without a request line is all body, and True."""
    line, _, body = text.partition("\n")
    match = _REQUEST_LINE.fullmatch(line.rstrip("\r"))
    if not match:
        return "", b"", _bytes(text), True
    method, target = match[1] or match[3], match[2] or match[4]
    return method, _bytes(_VERSION.sub("", target)), _bytes(body), False


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
    keys = {"path", "location", "detector", "name"}
    is_mapping = isinstance(row, dict) and row.keys() <= keys
    if not is_mapping or not all(isinstance(value, str) for value in row.values()):  # type: ignore[attr-defined]
        raise RequestError("exclusions must be a list of {path, location, detector, name} strings")
    given: dict[str, str] = row  # type: ignore[assignment]
    location, detector = given.get("location", "*"), given.get("detector", "*")
    return Exclusion(given.get("path", "/"), location, detector, given.get("name", ""))


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
                "matched": f.matched,
            }
            for f in verdict.findings
        ],
        "uninspected": [reason.value for reason in verdict.uninspected],
        "excluded": list(verdict.excluded),
    }  # fmt: skip


def verdict_from_json(answer: bytes) -> Verdict:
    """Return the verdict of an answer, of the plain contract too; raises ScoringError."""
    try:
        row = json.loads(answer)
        top = Finding(str(row["detector"]), _score(row["score"]), str(row["reason"]), "")
        findings = [_finding(finding) for finding in row.get("findings", ())]
        # The contract has no findings, and they are what decides.
        if top.score > max((finding.score for finding in findings), default=0.0):
            findings.append(top)
        findings.sort(key=lambda finding: -finding.score)
        return Verdict(
            top.score, top.reason, top.detector,
            breakdown={str(name): _score(score) for name, score in row["breakdown"].items()},
            findings=tuple(findings),
            uninspected=tuple(dict.fromkeys(map(_uninspected, row.get("uninspected", ())))),
            excluded=tuple(dict.fromkeys(map(str, row.get("excluded", ())))),
        )  # fmt: skip
    except (
        ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, RecursionError,
    ) as error:  # fmt: skip
        raise ScoringError(f"inference gave an unreadable answer: {error!r:.200}") from None


def _finding(row: Mapping[str, Any]) -> Finding:
    return Finding(
        str(row["detector"]), _score(row["score"]), str(row["reason"]), str(row["location"]),
        tuple(map(str, row["steps"])), (int(row["span"][0]), int(row["span"][1])),
        str(row.get("matched", ""))[:MAX_MATCHED],  # older services lack it
    )  # fmt: skip


def _score(value: object) -> float:
    if not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ValueError(f"{value!r} is no probability")
    return float(value)


def _uninspected(reason: object) -> Uninspected:
    """Take a reason that only a newer service knows for an error: its verdict is still one."""
    try:
        return Uninspected(str(reason))
    except ValueError:
        return Uninspected.ERROR
