"""Requests that carry a value, written by the grammar of each kind of container."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus

from kysira.types import Request
from tests.bypass_cases import PACKERS
from tests.fuzz.choices import Choices
from tests.fuzz.messages import CODINGS, NAMES
from tests.fuzz.spellings import escaped_html, text_of

SEGMENT_FROM = 16
"""Bytes of a segment that is a value by itself; shorter ones are read with the path around them."""


class Body(NamedTuple):
    """A body and the type that it is declared to be."""

    content_type: bytes
    data: bytes


FORM = b"application/x-www-form-urlencoded"
FIELDS = ("q", "id", "user.name", "a[b]", "items[0]", "x-y", "größe")
"""Ordinary names of fields."""
PLAIN = ("red", "1", "two words", "a@example.org", "", "café", "2026-01-31")
"""Ordinary values beside the one that counts."""
_BOUNDARY = "abXYZ019'()+_-./:?"
CHARSETS = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-7", "cp037", "utf-16")


def pairs(choices: Choices, value: bytes) -> bytes:
    """Return ``a=1&b=2`` with the value in it."""
    beside = [(name, choices.pick(PLAIN).encode()) for name in choices.picks(FIELDS, 4)]
    beside.insert(choices.number(len(beside)), (choices.pick(FIELDS), value))
    escape: Callable[[bytes], str] = choices.pick([quote, quote_plus])
    return "&".join(f"{quote(name)}={escape(each)}" for name, each in beside).encode()


def form_body(choices: Choices, value: bytes) -> Body:
    """Return a form that a browser may send, or one without a type."""
    kinds = ["application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded", ""]
    return Body(choices.pick(kinds).encode(), pairs(choices, value))


def json_document(choices: Choices, node: Any) -> str:
    """Return a document that holds the node at any depth."""
    for _ in range(choices.number(6)):
        beside = choices.pick(PLAIN)
        wrappers: list[Callable[[Any], Any]] = [
            lambda inner, beside=beside: [beside, inner],  # type: ignore[misc]
            lambda inner: [inner],
            lambda inner, beside=beside: {"a": beside, "b": inner, "c": None},  # type: ignore[misc]
            lambda inner, beside=beside: {"key of words": inner, "n": -1.5e3},  # type: ignore[misc]
        ]
        node = choices.pick(wrappers)(node)
    separators = choices.pick([(",", ":"), (", ", ": "), (" ,\n", "\t: ")])
    return json.dumps(node, ensure_ascii=choices.happens(), separators=separators)


def json_body(choices: Choices, value: bytes) -> Body:
    """Return one or more documents of which one holds the value."""
    kinds = ["application/json", "application/problem+json", "text/plain", ""]
    text = json_document(choices, {choices.pick(FIELDS): text_of(value)})
    if choices.happens():
        text = '{"a": "b c"}\n' + text
    return Body(choices.pick(kinds).encode(), text.encode("utf-8", "surrogateescape"))


def multipart_body(choices: Choices, value: bytes) -> Body:
    """Return a form of parts, one of which holds the value."""
    boundary = f"x{''.join(choices.picks(_BOUNDARY, 10))}x".encode()
    name = choices.pick(FIELDS).encode()
    more = choices.pick([b"", b"\r\nContent-Type: text/plain", b'; filename="a.txt"'])
    head = b'Content-Disposition: form-data; name="%s"%s'
    parts = [(head % (each.encode(), b""), b"two words") for each in choices.picks(FIELDS, 3)]
    parts.insert(choices.number(len(parts)), (head % (name, more), value))
    lines = [b"--%s\r\n%s\r\n\r\n%s\r\n" % (boundary, *part) for part in parts]
    data = b"".join(lines) + b"--" + boundary + b"--\r\n"
    quotes = b'"' if choices.happens() else b""
    return Body(b"multipart/form-data; boundary=" + quotes + boundary + quotes, data)


def escaped_xml(value: bytes) -> bytes:
    """Return the value so that no line break of it is read as a blank."""
    return escaped_html(value).replace(b"\r", b"&#13;").replace(b"\n", b"&#10;")


def xml_body(choices: Choices, value: bytes) -> Body:
    """Return a document that holds the value in a text, an attribute or a CDATA section."""
    shapes = [b"<q>%s</q>", b'<q a="1" b="%s"/>', b"<q><r/>%s<r/></q>", b"<q a='%s'>x y</q>"]
    node = choices.pick(shapes) % escaped_xml(value)
    for _ in range(choices.number(12)):
        node = b"<n:e>" + node + b"</n:e>"
    prolog = choices.pick([b"", b'<?xml version="1.0"?>', b"<!-- a b -->\n"])
    kinds = ["application/xml", "text/xml", "application/soap+xml", ""]
    return Body(choices.pick(kinds).encode(), prolog + node)


def graphql_body(choices: Choices, value: bytes) -> Body:
    """Return an operation that holds the value as a literal or a variable."""
    literal = json.dumps(text_of(value), ensure_ascii=False)
    document = 'query Find { user(a: 1, q: %s) { id, n: name(b: "x y") } }' % literal  # noqa: UP031
    how = choices.pick(["document", "member", "variable"])
    if how == "document":
        return Body(b"application/graphql", document.encode("utf-8", "surrogateescape"))
    member = document if how == "member" else "query Find($q: String) { user(q: $q) { id } }"
    variables = {"q": "x y" if how == "member" else text_of(value)}
    text = json.dumps({"query": member, "variables": variables}, ensure_ascii=False)
    return Body(b"application/json", text.encode("utf-8", "surrogateescape"))


def text_body(choices: Choices, value: bytes) -> Body:
    """Return the value itself, under any type or none; as JSON where it looks like JSON."""
    if value.lstrip()[:1] in (b"{", b"[", b'"'):
        return json_body(choices, value)
    kinds = [b"text/markdown", b"application/x-unknown", b"text/plain", b""]
    is_like_form = b"=" in value.rstrip(b"=")  # without a type, or as plain text, it is read as one
    return Body(choices.pick(kinds[: 2 if is_like_form else 4]), value)


BODIES: dict[str, Callable[[Choices, bytes], Body]] = {
    "form": form_body,
    "json": json_body,
    "multipart": multipart_body,
    "xml": xml_body,
    "graphql": graphql_body,
    "text": text_body,
}


def in_charset(choices: Choices, body: Body) -> Body:
    """Return the body in a charset that is declared, where it can be written in one."""
    charset = choices.pick(CHARSETS)
    try:
        data = body.data.decode("utf-8").encode(charset)
    except UnicodeError:
        return body
    kind = body.content_type or b"text/plain"
    return Body(kind + b"; charset=" + charset.encode(), data)


def posted(choices: Choices, body: Body) -> Request:
    """Return the request that sends the body, perhaps in a charset, perhaps compressed."""
    if choices.happens():
        body = in_charset(choices, body)
    data, codings = body.data, []
    for coding in choices.picks(CODINGS[1:], 2):
        data = PACKERS[coding](data)
        codings.append(NAMES.get(coding, coding.encode()))
    headers = [("accept", b"*/*")]
    headers += [("content-type", body.content_type)] if body.content_type else []
    headers += [("content-encoding", b", ".join(codings))] if codings else []
    return Request("POST", b"/api/items", tuple(headers), data)


def head_request(choices: Choices, value: bytes) -> Request:
    """Return a request without a body that holds the value."""
    clear = quote(value, safe="").encode()
    places = ["query", "cookie", "header", "path"]
    place = choices.pick(places[: 4 if len(value) >= SEGMENT_FROM else 3])
    if place == "query":
        return Request("GET", b"/find?" + pairs(choices, value))
    if place == "path":
        return Request("GET", b"/files/" + clear + b"/view")
    header = ("cookie", b"theme=light; q=" + clear) if place == "cookie" else ("x-note", clear)
    return Request("GET", b"/", (header,))


KINDS = ("head", *BODIES)


def carried(choices: Choices, kind: str, value: bytes) -> Request:
    """Return a well-formed request that carries the value in a container of the kind."""
    return (
        head_request(choices, value)
        if kind == "head"
        else posted(choices, BODIES[kind](choices, value))
    )
