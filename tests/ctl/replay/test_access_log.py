"""Requests of access logs."""

import io
import json
from typing import Any

import pytest

from ctl.replay import access_log
from ctl.replay.access_log import log_items, unescaped
from ctl.replay.item import Item, Unread
from kysira.types import Request

HEAD = b"192.0.2.7 - - [10/Oct/2026:13:55:36 +0000] "


def read(*lines: bytes) -> list[Any]:
    """Return what is read of a log."""
    return list(log_items(io.BytesIO(b"".join(line + b"\n" for line in lines)), "a.log"))


def only(line: bytes) -> Request:
    """Return the request of one line."""
    (item,) = read(line)
    assert isinstance(item, Item), item
    return item.request


def test_common_line_is_a_request() -> None:
    """Of the common format there is the request line, and who sent it."""
    request = only(HEAD + b'"GET /a?q=%27 HTTP/1.1" 200 2326')
    assert request == Request("GET", b"/a?q=%27", source_ip="192.0.2.7")


def test_combined_line_has_two_headers() -> None:
    """Of the combined format there are Referer and User-Agent; what follows is not read."""
    request = only(
        b'2001:db8::1 - bob smith [x] "POST /p HTTP/2.0" 201 - "https://h/?a" "Moz\\"illa" "y" 0.1'
    )
    assert request.headers == (("referer", b"https://h/?a"), ("user-agent", b'Moz"illa'))
    assert (request.method, request.source_ip) == ("POST", "2001:db8::1")


def test_address_without_user_is_no_host() -> None:
    """An IPv6 address is not taken for a name with a port."""
    assert only(b'2001:db8::1 - - [x] "GET / HTTP/1.1" 200 1').headers == ()
    request = only(b'shop.example:443 192.0.2.7 - - [x] "GET / HTTP/1.1" 200 1 "-" "-"')
    assert (request.headers, request.source_ip) == ((("host", b"shop.example"),), "192.0.2.7")


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        (rb"a\x22b", b'a"b'), (rb"\x5C\x0a\xFF", b"\\\n\xff"), (rb"a\"\\\n\t", b'a"\\\n\t'),
        (rb"\q", b"q"), (b"plain", b"plain"), (rb"\x2", b"x2"),
    ],
)  # fmt: skip
def test_escapes_are_undone(written: bytes, sent: bytes) -> None:
    """What nginx and Apache write for odd bytes is what was sent."""
    assert unescaped(written) == sent


@pytest.mark.parametrize(
    ("written", "address"),
    [(b"[2001:db8::1]", "2001:db8::1"), (b"2001:db8::1", "2001:db8::1"),
     (b"192.0.2.7,", "192.0.2.7"), (b"\xef\xbb\xbf192.0.2.7", "192.0.2.7")],
)  # fmt: skip
def test_address_is_read_in_each_form(written: bytes, address: str) -> None:
    """In brackets, first of a list, and behind a mark of the byte order."""
    assert only(written + b' - - [x] "GET / HTTP/2.0" 200 1').source_ip == address


def test_escaped_attack_is_the_attack() -> None:
    """A quote in the request line does not end it."""
    request = only(HEAD + rb'"GET /a?q=\x22><script>alert(1)</script> HTTP/1.1" 400 0 "-" "x"')
    assert request.target == b'/a?q="><script>alert(1)</script>'
    assert only(HEAD + b'"GET /a b c HTTP/1.1" 400 0').target == b"/a b c"
    assert only(HEAD + b'"GET /nine" 200 1').target == b"/nine"


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        (
            {"request": "GET /a?q=' HTTP/1.1", "remote_addr": "1.2.3.4", "http_user_agent": "u"},
            Request("GET", b"/a?q='", (("user-agent", b"u"),), source_ip="1.2.3.4"),
        ),
        (
            {"request_method": "PUT", "request_uri": "/k", "host": "h", "status": 200},
            Request("PUT", b"/k", (("host", b"h"),)),
        ),
    ],
)
def test_json_line_is_a_request(row: dict[str, Any], wanted: Request) -> None:
    """Nginx's variables, as escape=json writes them."""
    assert only(json.dumps(row).encode()) == wanted
    assert only(b'{"request":"GET /\xff HTTP/1.1"}').target == b"/\xff"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"garbage", "no line of a common or combined log"),
        (HEAD + b'"-" 408 0 "-" "-"', "no request line"),
        (HEAD + rb'"\x16\x03\x01" 400 0', "no request line"),
        (b'{"a":', "no JSON"), (b'{"a": 1}', "names no request"),
    ],
)  # fmt: skip
def test_odd_line_is_told_with_its_number(line: bytes, why: str) -> None:
    """What is no request is left out by its line; the next is read."""
    first, odd, last = read(HEAD + b'"GET /1 HTTP/1.1" 200 1', line, HEAD + b'"GET /3" 200 1')
    assert isinstance(odd, Unread)
    assert (odd.where, why in odd.why) == ("a.log:2", True)
    assert (first.where, last.where) == ("a.log:1", "a.log:3")


def test_endless_line_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line without an end takes no memory, and counts as one."""
    monkeypatch.setattr(access_log, "MOST_BYTES", 64)
    found = read(b"x" * 1000, HEAD[:20] + b'[x] "GET /2" 200 1')
    assert [type(each) for each in found] == [Unread, Item]
    assert found[1].where == "a.log:2"
