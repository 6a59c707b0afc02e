"""Requests are written as they are, and what can't be is said to be so."""

import pytest

from ctl.bench.wire import NotExpressibleError, wire_bytes
from kysira.types import Request


def test_request_is_written_byte_for_byte() -> None:
    """No path is normalised, no escape corrected, no header left out or put in order."""
    headers = (("host", b"a"), ("x-odd", b"\x01\xff  "), ("x-odd", b""), ("cookie", b"a=b;;"))
    request = Request("PROPFIND", b"/a/../b//%zz;x?q=<\xff>#f", headers)
    assert wire_bytes(request, "shop.example") == (
        b"PROPFIND /a/../b//%zz;x?q=<\xff>#f HTTP/1.1\r\nhost: a\r\nx-odd: \x01\xff  \r\n"
        b"x-odd: \r\ncookie: a=b;;\r\nconnection: close\r\n\r\n"
    )


@pytest.mark.parametrize("target", [b"*", b"http://a/b", b"a:443", b"no-slash"])
def test_target_may_have_any_form(target: bytes) -> None:
    """As proxies and OPTIONS have them."""
    assert wire_bytes(Request("OPTIONS", target), "a").startswith(b"OPTIONS " + target + b" HTTP")


@pytest.mark.parametrize(
    ("headers", "is_forced", "line"),
    [
        ((), False, b"\r\nhost: here\r\n"),
        ((("host", b"row"),), False, b"\r\nhost: row\r\n"),
        ((("host", b"row"),), True, b"\r\nhost: here\r\n"),
    ],
)
def test_host_is_the_rows_unless_forced(
    headers: tuple[tuple[str, bytes], ...], is_forced: bool, line: bytes
) -> None:
    """There is one Host in any case."""
    sent = wire_bytes(Request("GET", b"/", headers), "here", is_host_forced=is_forced)
    assert line in sent
    assert sent.count(b"host:") == 1


@pytest.mark.parametrize(
    ("method", "body", "length"),
    [("POST", b"abc", b"3"), ("GET", b"abc", b"3"), ("PUT", b"", b"0"), ("DELETE", b"", None)],
)
def test_length_is_the_bodys(method: str, body: bytes, length: bytes | None) -> None:
    """What a row says of it, or of the connection, would leave the server waiting."""
    headers = (("content-length", b"999"), ("connection", b"keep-alive"))
    head, _, rest = wire_bytes(Request(method, b"/", headers, body), "a").partition(b"\r\n\r\n")
    lengths = [line for line in head.split(b"\r\n") if line.startswith(b"content-length")]
    assert lengths == ([] if length is None else [b"content-length: " + length])
    assert head.count(b"connection") == 1
    assert rest == body


def test_chunked_body_is_sent_as_it_stands() -> None:
    """It brings its own framing."""
    request = Request("POST", b"/", (("transfer-encoding", b"chunked"),), b"1\r\na\r\n0\r\n\r\n")
    sent = wire_bytes(request, "a")
    assert b"content-length" not in sent
    assert sent.endswith(b"\r\n\r\n1\r\na\r\n0\r\n\r\n")


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (Request("", b"/"), "method"),
        (Request("GET /x", b"/"), "method"),
        (Request("GÉT", b"/"), "method"),
        (Request("GET", b""), "target"),
        (Request("GET", b"/a b"), "target"),
        (Request("GET", b"/a\r\nx: y"), "target"),
        (Request("GET", b"/", (("", b"x"),)), "header name"),
        (Request("GET", b"/", (("a:b", b"x"),)), "header name"),
        (Request("GET", b"/", (("a", b"x\ny"),)), "header value"),
        (Request("GET", b"/", (("host", b"x\0"),)), "header value"),
    ],
)
def test_what_can_not_be_written_is_told(request_: Request, why: str) -> None:
    """It would be another request, or two."""
    with pytest.raises(NotExpressibleError, match=why):
        wire_bytes(request_, "a")
