"""Heads go out as they came, with what we add."""

import pytest

from adapter.proxy.heads import parse_request_head, parse_response_head
from adapter.proxy.messages import chunk, encode_request, encode_response, keeps_alive


def test_request_goes_out_as_it_came() -> None:
    """In order, then our lines, then those about the connection to the app."""
    block = b"PUT /x HTTP/1.0\r\nHost: a\r\nConnection: close\r\nCoNtEnT-LeNgTh: 3\r\nX:\t\xff \r\n"
    head = parse_request_head(block)
    assert encode_request(head, b"/p/x", more=(b"A: b",)) == (
        b"PUT /p/x HTTP/1.1\r\nHost: a\r\nCoNtEnT-LeNgTh: 3\r\nX: \xff\r\nA: b\r\n\r\n"
    )
    assert encode_request(head, b"/", more=(), is_chunked=True, upgrade=b"x").endswith(
        b"Transfer-Encoding: chunked\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
    )


def test_answer_goes_out_as_it_came() -> None:
    """Its reason too, if it has one."""
    head = parse_response_head(b"HTTP/1.0 404 N\xf6\r\nA: b\r\nConnection: close\r\n")
    assert encode_response(head, more=(b"C: d",)) == b"HTTP/1.1 404 N\xf6\r\nA: b\r\nC: d\r\n\r\n"
    assert encode_response(parse_response_head(b"HTTP/1.1 200\r\n")) == b"HTTP/1.1 200 \r\n\r\n"


def test_chunk_tells_its_size() -> None:
    """In hexadecimal."""
    assert b"".join(chunk(b"x" * 26)) == b"1a\r\n" + b"x" * 26 + b"\r\n"


@pytest.mark.parametrize(
    ("version", "line", "is_kept"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"Connection: Close\r\n", False),
        (b"1.1", b"Connection: x, close\r\n", False),
        (b"1.1", b"Connection: enclosed\r\n", True),
        (b"1.0", b"", False),
        (b"1.0", b"Connection: Keep-Alive\r\n", True),
        (b"1.0", b"Connection: keep-alive, close\r\n", False),
    ],
)
def test_client_says_whether_it_goes_on(version: bytes, line: bytes, is_kept: bool) -> None:
    """RFC 9112 §9.3."""
    head = parse_request_head(b"GET / HTTP/" + version + b"\r\nHost: a\r\n" + line)
    assert keeps_alive(head) == is_kept
