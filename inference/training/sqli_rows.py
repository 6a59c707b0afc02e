"""From rows of public data to the values that a model of SQL injection reads."""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from inference import readings
from inference.bodies import body_fields
from inference.detectors.sqli import DETECTOR
from inference.fields import Field, head_fields
from inference.training.data import Row
from inference.training.windows import windows
from kysira.types import Place, Request

MAX_TEXTS = 8
"""Texts that the engine shows a model per request."""
_TARGET = re.compile(r"/\S*[?=]\S")
_PAIRS = re.compile(r"(?:[\w.\[\]-]{1,32}=[^&=]*&)+[\w.\[\]-]{1,32}=|p=%?[0-9A-Fa-f-]")
_PLACEHOLDER = re.compile(r"\{\{(.*?)\}\}|<[A-Z][A-Z_]{3,}>")
_SPACES = re.compile(r"\s+")
_SIGN = re.compile(
    r"['\"`();=#]|--|/\*|\|\||&&|@@|\b(?:select|union|or|and|from|where|sleep|order|having|exec"
    r"|insert|drop|update|waitfor|like|benchmark|null)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w")
_MIN_SIGNS = 2


def values(row: Row) -> list[Field]:
    """Return the fields of a row, without what its source added; an attack's, the one it is in."""
    request = row.request or _as_request(row)
    if request is not None:
        fields = request_fields(request)
    else:
        fields = [Field(Place.QUERY, "q", _clean(row).encode("utf-8", "surrogateescape"))]
    if not row.is_attack or len(fields) < 2:
        return fields
    return [max(fields, key=lambda field: signs(_shown(field.value)))]


def request_fields(request: Request) -> list[Field]:
    """Return every field of a request."""
    fields = [*head_fields(request)]
    if request.body:
        fields += body_fields(request, set())
    return fields


def texts(fields: Sequence[Field]) -> list[str]:
    """Return what the engine shows a model of the fields: gated, decoded, in windows."""
    found = dict.fromkeys(
        window for field in fields if is_asked(field)
        for text in readings.texts(field.value) for window in windows(text)
    )  # fmt: skip
    # From both ends, as the engine takes them.
    shown = list(found)
    return (
        shown if len(shown) <= MAX_TEXTS else [*shown[: MAX_TEXTS // 2], *shown[-MAX_TEXTS // 2 :]]
    )


def is_asked(field: Field) -> bool:
    """Return True when the engine asks a model about the field."""
    gate = DETECTOR.model_gate
    return gate is None or any(gate(field, text.encode()) for text in readings.texts(field.value))


def signs(text: str) -> int:
    """Return how many signs and words of SQL a text has."""
    return len(_SIGN.findall(text))


def is_injection(text: str) -> bool:
    """Return False for a fragment that says nothing of what it is, as lists of payloads hold."""
    return signs(text) >= _MIN_SIGNS and len(text.strip()) >= 4 and bool(_WORD.search(text))


def placements(row: Row) -> Iterator[Request]:
    """Yield the row's own request, or its payload in a query, a form and a JSON body."""
    if row.request is not None:
        yield row.request
        return
    encoded = quote(row.text.encode("utf-8", "surrogateescape"), safe="")
    yield Request("GET", f"/search?q={encoded}".encode())
    form = (("content-type", b"application/x-www-form-urlencoded"),)
    yield Request("POST", b"/post", form, f"q={encoded}".encode())
    yield Request("POST", b"/post", (("content-type", b"application/json"),), _json(row.text))


def _json(text: str) -> bytes:
    import json  # noqa: PLC0415

    return json.dumps({"q": text}).encode("utf-8", "replace")


def _clean(row: Row) -> str:
    text = row.text
    if row.source == "kaggle_modified_sql":
        text = _SPACES.sub(" ", text).replace("( ", "(").replace(" )", ")").strip()
    if row.source.startswith("benign_"):
        text = _PLACEHOLDER.sub(lambda match: match[1] or "value", text)
    if row.source in ("deepxss_xssed", "benign_urls_ada"):
        text = text.replace("&amp;", "&")
    return text


def _as_request(row: Row) -> Request | None:
    """Return a payload that is a request target or a query as a request, else None."""
    text = _clean(row)
    if _TARGET.match(text):
        return Request("GET", text.encode("utf-8", "surrogateescape"))
    if row.source in ("deepxss_xssed", "modsec_learn_sqlmap") and _PAIRS.match(text):
        return Request("GET", b"/?" + text.encode("utf-8", "surrogateescape"))
    return None


def _shown(value: bytes) -> str:
    return " ".join(readings.texts(value))
