"""Heads keep every byte; requests are read strictly, answers leniently."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.proxy import heads
from adapter.proxy.errors import MessageError, UpstreamError
from adapter.proxy.heads import Header, lower, parse_request_head, parse_response_head

TOKEN = st.text("!#$%&'*+-.^_`|~09azAZ", min_size=1, max_size=12).map(str.encode)
VALUE = st.binary(max_size=20).map(
    lambda raw: bytes(byte for byte in raw if byte == 9 or (byte > 31 and byte != 127))
)


def test_request_head_keeps_every_byte() -> None:
    """Only the white space around a value goes."""
    head = parse_request_head(
        b"PoSt /a\xff?b HTTP/1.1\r\nHoSt: a\r\nX-\xc3: \r\n".replace(b"\xc3", b"C")
    )
    assert (head.method, head.target, head.minor) == (b"PoSt", b"/a\xff?b", 1)
    assert head.headers == [Header(b"HoSt", "host", b"a"), Header(b"X-C", "x-c", b"")]
    assert head.controls == {"host": [b"a"]}


@given(st.lists(st.tuples(TOKEN, VALUE), max_size=20))
def test_any_valid_header_comes_through(rows: list[tuple[bytes, bytes]]) -> None:
    """Whatever is a header by RFC 9110 is kept, in order."""
    rows = [row for row in rows if row[0].lower() != b"host"]
    block = b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(n + b": " + v + b"\r\n" for n, v in rows)
    parsed = parse_request_head(block).headers[1:]
    assert [(header.name, header.value) for header in parsed] == [
        (name, value.strip(b" \t")) for name, value in rows
    ]


@given(st.binary(max_size=60))
def test_any_bytes_are_a_head_or_an_error(data: bytes) -> None:
    """Nothing else is ever raised, and no line break or NUL gets into a value."""
    for block in (data + b"\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n" + data + b"\r\n"):
        try:
            head = parse_request_head(block)
        except MessageError:
            continue
        for name, _, value in head.headers:
            assert not set(name + value) & {0, 10, 13}


@given(st.binary(max_size=60))
def test_any_bytes_are_an_answer_or_an_error(data: bytes) -> None:
    """The same of what the app sends: nothing can split what we pass on."""
    for block in (data + b"\r\n", b"HTTP/1.1 200 OK\r\n" + data + b"\r\n"):
        try:
            head = parse_response_head(block)
        except UpstreamError:
            continue
        for name, _, value in head.headers:
            assert not set(name + value) & {0, 10, 13}
        assert not set(head.reason) & {0, 10, 13}


@pytest.mark.parametrize(
    ("block", "headers"),
    [
        (b"HTTP/1.1 200 OK\r\nA: 1\r\n", [(b"A", b"1")]),
        (b"HTTP/1.1 200\r\n", []),
        (b"HTTP/1.1 200 OK\nA: 1\nB:2\n", [(b"A", b"1"), (b"B", b"2")]),
        (b"HTTP/1.1 200 OK\r\nA: 1\r\n  2\r\n\t3\r\nB: 4\r\n", [(b"A", b"1 2 3"), (b"B", b"4")]),
        (b"HTTP/1.1 200 OK\r\nA : 1\r\n", [(b"A", b"1")]),
        (b"HTTP/1.1 200 OK\r\nA: \x01\x7f\r\n", [(b"A", b"\x01\x7f")]),
    ],
)
def test_answer_is_read_leniently(block: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    """Bare line feeds, folds and spaces before the colon are the app's, and are mended."""
    head = parse_response_head(block)
    assert head.status == 200
    assert [(header.name, header.value) for header in head.headers] == headers


def test_names_are_remembered_within_bounds() -> None:
    """Whoever sends many names makes nothing grow."""
    for number in range(5000):
        assert lower(b"X-%d" % number) == f"x-{number}"
    assert len(heads._lower_names) <= 2048
