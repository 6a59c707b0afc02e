"""Headers about one connection end there; nobody can take away or sneak in others."""

import pytest

from adapter.proxy.heads import parse_request_head, parse_response_head
from adapter.proxy.hop_by_hop import (
    expects_continue,
    request_headers,
    response_headers,
    switched_to,
)


def sent_on(*lines: bytes) -> list[bytes]:
    """Return the names that go on to the app."""
    block = b"".join(line + b"\r\n" for line in (b"GET / HTTP/1.1", b"Host: a", *lines))
    return [header.name for header in request_headers(parse_request_head(block))]


def test_connection_headers_end_here() -> None:
    """Those of RFC 9110 §7.6.1, and those that Connection names."""
    assert sent_on(
        b"Connection: close, X-Mine", b"Keep-Alive: 1", b"Proxy-Connection: x", b"TE: trailers",
        b"Trailer: x", b"Upgrade: h2c", b"x-mine: 1", b"X-Other: 2",
    ) == [b"Host", b"X-Other"]  # fmt: skip


def test_connection_can_not_take_everything_away() -> None:
    """Not what says whose request it is, or how long."""
    names = sent_on(b"Connection: host, content-length, cookie", b"Content-Length: 0", b"Cookie: a")
    assert names == [b"Host", b"Content-Length"]


def test_connection_can_not_change_how_a_body_is_read() -> None:
    """What it was scored by has to arrive, and what a trusted proxy says of its client."""
    kept = [b"Content-Type", b"Content-Encoding", b"X-Real-IP", b"CF-Connecting-IP", b"Forwarded"]
    lines = [name + b": x" for name in kept]
    assert sent_on(b"Connection: close, " + b", ".join(kept), *lines) == [b"Host", *kept]


@pytest.mark.parametrize(
    "line",
    [
        b"X-Kysira-Score: 0", b"x_kysira_score: 0", b"X-KYSIRA_MODE: 0", b"X-Forwarded-For: 1",
        b"X_Forwarded_Proto: x", b"Content_Length: 5", b"Transfer_Encoding: chunked", b"H_ost: b",
        b"X.Kysira.Score: 0", b"x~kysira|mode: 0", b"X!Forwarded*For: 1", b"Content.Length: 5",
    ],
)  # fmt: skip
def test_no_header_comes_in_by_the_back_door(line: bytes) -> None:
    """CGI reads "_" as "-", some servers all other signs; an odd name of another sort passes."""
    assert (sent_on(line) == [b"Host"]) == (line != b"H_ost: b")


def test_answers_lose_the_same() -> None:
    """And a length that isn't true."""
    head = parse_response_head(
        b"HTTP/1.1 200 OK\r\nConnection: x-own\r\nX-Own: 1\r\nKeep-Alive: 5\r\nServer: s\r\n"
        b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"
    )
    assert [header.name for header in response_headers(head)] == [b"Server"]
    twice = parse_response_head(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n")
    assert [header.value for header in response_headers(twice)] == [b"3"]


def test_expectation_is_known() -> None:
    """Of HTTP/1.1 alone, and no other one."""
    for line, version, is_expected in (
        (b"Expect: 100-Continue", b"1.1", True),
        (b"Expect: 100-continue", b"1.0", False),
        (b"Expect: more", b"1.1", False),
    ):
        head = parse_request_head(b"PUT / HTTP/%b\r\nHost: a\r\n%b\r\n" % (version, line))
        assert expects_continue(head) == is_expected
        assert len(request_headers(head)) == (1 if is_expected else 2)


@pytest.mark.parametrize(
    ("lines", "protocols"),
    [
        (b"Connection: Upgrade\r\nUpgrade: websocket", b"websocket"),
        (b"Connection: keep-alive, upgrade\r\nUpgrade: a/1, h2c, b", b"a/1, b"),
        (b"Upgrade: websocket", b""),
        (b"Connection: upgrade", b""),
        (b"Connection: upgrade\r\nUpgrade: h2c", b""),
        (b"Connection: upgrade\r\nUpgrade: h2c-14, H2-14, SPDY/3.1", b""),
    ],
)
def test_protocols_to_switch_to(lines: bytes, protocols: bytes) -> None:
    """What is offered, but for HTTP."""
    head = parse_request_head(b"GET / HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n")
    assert switched_to(head) == protocols
    old = parse_request_head(b"GET / HTTP/1.0\r\n" + lines + b"\r\n")
    assert switched_to(old) == b""


@pytest.mark.parametrize("status", [b"204", b"103", b"304", b"200"])
def test_length_that_can_not_be_is_dropped(status: bytes) -> None:
    """Of an answer without a body nobody has read it: clients could take it for a body's."""
    for lines in (b"3\r\n 5", b"3\r\nContent-Length: 5", b"+3", b"3, 3", b"x"):
        head = parse_response_head(
            b"HTTP/1.1 " + status + b" x\r\nContent-Length: " + lines + b"\r\n"
        )
        assert response_headers(head) == []
    twice = parse_response_head(
        b"HTTP/1.1 " + status + b" x\r\nContent-Length: 3\r\nContent-Length: 3\r\n"
    )
    is_kept = status in (b"304", b"200")
    assert [header.value for header in response_headers(twice)] == [b"3"] * is_kept
