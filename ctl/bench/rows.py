"""Labelled rows: what one line of a corpus says, and the requests that it stands for."""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from kysira.types import Request

FORM = b"application/x-www-form-urlencoded"
BROWSER: tuple[tuple[str, bytes], ...] = (
    ("host", b"shop.example"),
    (
        "user-agent",
        b"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
        b" Chrome/126.0.0.0 Safari/537.36",
    ),
    ("accept", b"text/html,application/json;q=0.9,*/*;q=0.8"),
    ("accept-language", b"en-US,en;q=0.9"),
)
"""What a request that carries a bare payload has besides."""


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled example: a bare payload, or a whole request."""

    source: str
    """What is reported together: the corpus, or a part of it."""
    is_attack: bool
    category: str
    payload: str = ""
    is_query: bool = False
    """True for a payload that is a query string itself."""
    request: Request | None = None

    @property
    def requests(self) -> tuple[Request, ...]:
        """Return the request, or those that carry the payload in a query, a form and JSON."""
        if self.request is not None:
            return (self.request,)
        raw = _raw(self.payload)
        if self.is_query:
            pairs = raw.replace(b"#", b"%23").replace(b" ", b"%20")
            return (
                Request("GET", b"/search?" + pairs, BROWSER),
                Request("POST", b"/search", (*BROWSER, ("content-type", FORM)), pairs),
            )
        pair = b"q=" + quote(raw, safe="").encode()
        text = json.dumps({"q": self.payload}).encode()
        return (
            Request("GET", b"/search?" + pair, BROWSER),
            Request("POST", b"/search", (*BROWSER, ("content-type", FORM)), pair),
            Request("POST", b"/search", (*BROWSER, ("content-type", b"application/json")), text),
        )

    @property
    def text(self) -> str:
        """Return what a person looks at."""
        if self.request is None:
            return self.payload
        shown = f"{self.request.method} {self.request.target.decode('utf-8', 'replace')}"
        odd = [f"{k}: {v.decode('utf-8', 'replace')}" for k, v in self.request.headers]
        return "\n".join((shown, *odd, self.request.body.decode("utf-8", "replace")))


def row_of(data: Any, source: str) -> Row:
    """Return the row of one line; ``source`` is that of a line which names none.

    Raises ValueError saying what is wrong with the line.
    """
    if not isinstance(data, Mapping):
        raise ValueError("is no JSON object")
    is_attack = _is_attack(data)
    source, category = _text(data, "source", source), _text(data, "category", "")
    for name in ("payload", "text"):
        if name in data:
            return Row(source, is_attack, category, _text(data, name), _is_query(data))
    if "target" not in data:
        raise ValueError("has neither a payload nor a target (with method, headers and body)")
    return Row(source, is_attack, category, request=_request(data))


def _is_attack(data: Mapping[str, Any]) -> bool:
    label = data.get("label")
    if label in ("attack", 1):  # and True
        return True
    if label in ("benign", 0):
        return False
    shown = "missing" if label is None else json.dumps(label)
    raise ValueError(f'label is {shown}: write "attack" or "benign"')


def _is_query(data: Mapping[str, Any]) -> bool:
    shape = _text(data, "shape", "")
    if shape not in ("", "query"):
        raise ValueError(f'shape is {json.dumps(shape)}: the only one is "query"')
    return shape == "query"


def _request(data: Mapping[str, Any]) -> Request:
    headers = tuple((name.lower(), _raw(value)) for name, value in _headers(data.get("headers")))
    return Request(_text(data, "method", "GET"), _raw(_text(data, "target")), headers, _body(data))


def _headers(data: Any) -> Iterable[tuple[str, str]]:
    """Yield the pairs of an object, whose values may be lists, or of a list of pairs."""
    pairs = data.items() if isinstance(data, Mapping) else data or ()
    wrong = ValueError('headers is neither {"name": "value"} nor [["name", "value"]]')
    if not isinstance(pairs, Iterable) or isinstance(pairs, str):
        raise wrong
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise wrong
        name, value = pair
        for each in value if isinstance(value, list) else [value]:
            if not (isinstance(name, str) and isinstance(each, str)):
                raise wrong
            yield name, each


def _body(data: Mapping[str, Any]) -> bytes:
    if "body_base64" in data:
        try:
            return base64.b64decode(_text(data, "body_base64", ""), validate=True)
        except binascii.Error as error:
            raise ValueError(f"body_base64 can't be decoded: {error}") from None
    return _raw(_text(data, "body", ""))


def _text(data: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = data.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise ValueError(f"{name} is no text but {json.dumps(value)[:40]}")
    return value


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
