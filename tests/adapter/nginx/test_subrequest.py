"""Subrequests are read as nginx writes them, and answered with exactly 200 or 403."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.nginx.subrequest import (
    Answer,
    Subrequest,
    UnreadableError,
    encode_answer,
    parse_subrequest,
)


def test_head_is_read_byte_for_byte() -> None:
    """Names are lower case, values raw, whatever bytes they hold; the path has no query."""
    block = (
        b"POST /check?x HTTP/1.1\r\nX-Original-URI: /a%2Fb?\xff\r\nX-\x01(A:  a\x07\x7fb \r\n"
        b"novalue\r\nContent-Length: 12"
    )
    assert parse_subrequest(block) == Subrequest(
        b"/check",
        (
            ("x-original-uri", b"/a%2Fb?\xff"), ("x-\x01(a", b"a\x07\x7fb"), ("novalue", b""),
            ("content-length", b"12"),
        ),
        12,
        is_last=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("block", "body_bytes", "is_last"),
    [
        (b"GET / HTTP/1.1", 0, False),
        (b"GET / HTTP/1.1\r\nConnection: close", 0, True),
        (b"GET / HTTP/1.0", 0, True),
        (b"GET / HTTP/1.0\r\nConnection: Keep-Alive", 0, False),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked", None, False),
        (b"GET / HTTP/1.1\r\nContent-Length: 0", 0, False),
    ],
)
def test_end_of_body_and_connection(block: bytes, body_bytes: int | None, is_last: bool) -> None:
    """The framing is HTTP's."""
    subrequest = parse_subrequest(block)
    assert (subrequest.body_bytes, subrequest.is_last) == (body_bytes, is_last)


@pytest.mark.parametrize(
    "block",
    [
        b"", b"GET /", b"GET  / HTTP/1.1", b"GET / HTTP/2", b"GET / HTTP/1.1 x",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1",
        b"GET / HTTP/1.1\r\nContent-Length: +1", b"GET / HTTP/1.1\r\nContent-Length: ",
        b"GET / HTTP/1.1\r\nContent-Length: " + b"9" * 19,
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    ],
)  # fmt: skip
def test_ambiguous_framing_is_unreadable(block: bytes) -> None:
    """What could end at two places is not guessed at."""
    with pytest.raises(UnreadableError):
        parse_subrequest(block)


_ANY = st.binary(max_size=60)
_NAME = _ANY.filter(lambda name: not set(name) & set(b"\r\n:") and b"content" not in name.lower())
_VALUE = _ANY.filter(lambda value: not set(value) & set(b"\r\n"))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(block: bytes) -> None:
    """No other error, whatever comes."""
    try:
        subrequest = parse_subrequest(block)
    except UnreadableError:
        return
    assert subrequest.body_bytes is None or subrequest.body_bytes >= 0


@given(st.lists(st.tuples(_NAME, _VALUE), max_size=5))
def test_every_header_is_kept(headers: list[tuple[bytes, bytes]]) -> None:
    """Whatever name and value nginx lets through is there to be scored."""
    rows = [b"%s: %s" % row for row in headers]
    found = parse_subrequest(b"\r\n".join([b"GET /check HTTP/1.1", *rows])).headers
    assert found == tuple(
        (name.decode("latin-1").lower(), value.strip(b" \t")) for name, value in headers
    )


def test_answer_is_written_whole() -> None:
    """Status, headers, length and body; the end of the connection is announced."""
    passed = encode_answer(Answer(False, (("x-kysira-score", "0.0100"),)), is_last=False)
    assert passed == b"HTTP/1.1 200 OK\r\nx-kysira-score: 0.0100\r\ncontent-length: 0\r\n\r\n"
    refused = encode_answer(Answer(True, body=b"{}"), is_last=True)
    assert refused == (
        b"HTTP/1.1 403 Forbidden\r\ncontent-type: application/json\r\ncontent-length: 2\r\n"
        b"connection: close\r\n\r\n{}"
    )
