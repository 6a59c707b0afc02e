"""Requests of HTTP archives."""

import base64
import gzip
import io
import json
from typing import Any, BinaryIO, cast

import pytest

from ctl.replay.har import har_items
from ctl.replay.item import Broken, Item, Unread
from inference.engine import Engine
from kysira.types import Request, ScoreOptions


def archive(*requests: Any) -> bytes:
    """Return an archive of these requests."""
    entries = [{"startedDateTime": "x", "request": each, "response": {}} for each in requests]
    log = {"version": "1.2", "creator": {"name": '"entries": ['}, "pages": [], "entries": entries}
    return json.dumps({"log": log}).encode()


def items(data: bytes) -> list[Any]:
    """Return what is read of an archive."""
    return list(har_items(io.BytesIO(data), "a.har"))


def only(**request: Any) -> Request:
    """Return the one request of an archive."""
    (item,) = items(archive({"method": "GET", "url": "https://shop.example/", **request}))
    assert isinstance(item, Item)
    return item.request


def test_request_is_made_of_an_entry() -> None:
    """Method, target and headers as they were sent, with the host where none is told."""
    request = only(
        method="PUT", url="https://u:p@shop.example:8443/é?q=a b&r=%27#f",
        headers=[{"name": "Accept", "value": "*/*"}, {"name": "Cookie", "value": "a=1"}],
        cookies=[{"name": "b", "value": "2"}],
    )  # fmt: skip
    assert (request.method, request.target) == ("PUT", b"/%C3%A9?q=a%20b&r=%27")
    assert request.headers == (
        ("host", b"shop.example:8443"), ("accept", b"*/*"), ("cookie", b"a=1"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("url", "target"),
    [("https://h", b"/"), ("https://h?x=1", b"/?x=1"), ("/p?x", b"/p?x"), ("wss://h/ws", b"/ws")],
)
def test_url_becomes_a_target(url: str, target: bytes) -> None:
    """The authority is not part of what is scored."""
    assert only(url=url).target == target


def test_http2_host_and_cookies() -> None:
    """A pseudo-header is the host; cookies that only the list has are a header."""
    request = only(
        headers=[{"name": ":authority", "value": "h2"}], cookies=[{"name": "a", "value": "b"}]
    )
    assert request.headers == ((":authority", b"h2"), ("cookie", b"a=b"))


@pytest.mark.parametrize(
    ("posted", "body"),
    [
        ({"mimeType": "text/plain", "text": "é"}, "é".encode()),
        ({"text": base64.b64encode(b"\x00\xff").decode(), "encoding": "base64"}, b"\x00\xff"),
        ({"params": [{"name": "a b", "value": "'&"}]}, b"a+b=%27%26"),
        ({"mimeType": "text/plain"}, b""),
    ],
)
def test_body_is_what_was_posted(posted: dict[str, Any], body: bytes) -> None:
    """Text, base64, or parameters."""
    assert only(method="POST", postData=posted).body == body


def test_multipart_parameters_are_scored(engine: Engine) -> None:
    """A form of parts is made anew, so that a value is found in its field."""
    request = only(
        method="POST",
        postData={
            "mimeType": "multipart/form-data; boundary=other",
            "params": [{"name": "bio", "value": "<script>alert(1)</script>"},
                       {"name": "f", "fileName": "a.txt", "contentType": "text/plain"}],
        },
    )  # fmt: skip
    verdict = engine.score(request, ScoreOptions())
    assert [(f.detector, f.location) for f in verdict.findings] == [("xss", "multipart:bio")]


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (None, "no request"), ({"method": "GET"}, "no URL"), ({"url": "https://h/"}, "no method"),
        ({"method": "GET", "url": "data:text/plain,x"}, "no http one"),
        ({"method": "GET", "url": "http://[::1"}, "can't be read"),
        ({"method": "POST", "url": "https://h/", "postData": {"text": "!", "encoding": "base64"}},
         "body can't be read"),
    ],
)  # fmt: skip
def test_odd_entry_is_left_out(request_: Any, why: str) -> None:
    """An entry that is no request is told with its place; the next is read."""
    odd, fine = items(archive(request_, {"method": "GET", "url": "https://h/"}))
    assert isinstance(odd, Unread)
    assert (odd.where, why in odd.why) == ("a.har[0]", True)
    assert isinstance(fine, Item)


def test_broken_archive_is_read_up_to_there() -> None:
    """One that is cut off gives its first requests, and says that it is."""
    data = archive(*[{"method": "GET", "url": f"https://h/{n}"} for n in range(3)])
    *first, last = items(data[:-60])
    assert [item.path for item in first] == ["/0", "/1"]
    assert isinstance(last, Broken)
    (none,) = items(b'{"log": "\xff"}')
    assert none == Broken("a.har", "not read to its end: it is not UTF-8")


def test_multipart_made_anew_is_read(engine: Engine) -> None:
    """The recorded header names another boundary than the body that is made of the parameters."""
    request = only(
        method="POST",
        headers=[{"name": "Content-Type", "value": "multipart/form-data; boundary=x"}],
        postData={
            "mimeType": "multipart/form-data; boundary=x",
            "params": [{"name": "a", "value": "' UNION SELECT a FROM b--"}],
        },
    )
    assert request.header("content-type") == b"multipart/form-data; boundary=kysira-replay"
    (found, *_) = engine.score(request, ScoreOptions()).findings
    assert found.location == "multipart:a"


def test_half_of_a_character_in_an_address_is_no_crash() -> None:
    """JSON may hold one; its bytes are escaped."""
    assert only(url="https://h/\ud800?a=é").target == b"/%ED%A0%80?a=%C3%A9"


def test_damaged_compression_is_told() -> None:
    """A file whose compressed data are cut ends with why."""
    data = gzip.compress(archive({"method": "GET", "url": "https://h/"}))[:-20]
    file = cast(BinaryIO, gzip.GzipFile(fileobj=io.BytesIO(data)))
    assert isinstance(list(har_items(file, "a.har"))[-1], Broken)
