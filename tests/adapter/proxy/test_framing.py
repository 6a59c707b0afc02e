"""A body is the same however it was cut, and ends where it says."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.proxy.body import Body
from adapter.proxy.errors import MessageError, UpstreamError
from adapter.proxy.framing import (
    Broken,
    Chunked,
    Framing,
    Length,
    UntilClose,
    request_framing,
    response_framing,
)
from adapter.proxy.heads import parse_request_head, parse_response_head


class Source:
    """Is never held back."""

    def pause_reading(self) -> None:
        """Do nothing."""

    def resume_reading(self) -> None:
        """Do nothing."""


def fed(framing: Framing, data: bytes, cuts: list[int]) -> tuple[bytes, bytes | None, Body]:
    """Feed the data in pieces; return the body's bytes, what was left, and the body."""
    body, got, rest = Body(Source()), b"", None
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, end in pairwise(edges):
        if rest is not None:
            rest += data[start:end]
        elif start != end:
            rest = framing.feed(data[start:end], body)
            got += body.take()
    return got, rest, body


CUTS = st.lists(st.integers(0, 10_000), max_size=8)


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), CUTS, st.booleans())
def test_chunks_are_joined(pieces: list[bytes], cuts: list[int], has_trailer: bool) -> None:
    """Whatever the pieces and wherever they are cut; what follows is left alone."""
    data = b"".join(b"%X;x=y\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    data += b"0\r\n" + (b"X-Sum: 1\r\n" if has_trailer else b"") + b"\r\n"
    got, rest, body = fed(Chunked(), data + b"NEXT", cuts)
    assert (got, rest, body.is_over) == (b"".join(pieces), b"NEXT", True)


@given(st.binary(min_size=1, max_size=60), CUTS)
def test_length_is_obeyed(data: bytes, cuts: list[int]) -> None:
    """Not a byte more."""
    got, rest, body = fed(Length(len(data)), data + b"NEXT", cuts)
    assert (got, rest, body.is_over) == (data, b"NEXT", True)


@given(st.binary(max_size=80), CUTS)
def test_any_bytes_are_chunks_or_an_error(data: bytes, cuts: list[int]) -> None:
    """Nothing else is raised."""
    with suppress(MessageError):
        fed(Chunked(), data, cuts)


@pytest.mark.parametrize("framing", [Length(9), Chunked()])
def test_body_cut_short_fails(framing: Framing) -> None:
    """A sender that leaves has not ended it, however peacefully."""
    body = Body(Source())
    framing.feed(b"3\r\nabc", body)
    framing.closed(body, None)
    body.take()
    with pytest.raises(UpstreamError):
        body.take()
    assert not body.is_over


def test_body_until_close_ends_in_peace_alone() -> None:
    """A broken connection is no end."""
    for error in (None, ConnectionResetError()):
        body = Body(Source())
        assert UntilClose().feed(b"abc", body) is None
        UntilClose().closed(body, error)
        assert body.take() == b"abc"
        assert body.is_over == (error is None)


def test_broken_body_takes_nothing() -> None:
    """What follows is nobody's."""
    body = Body(Source())
    assert Broken().feed(b"GET / HTTP/1.1\r\n\r\n", body) is None
    assert not body.has_news


def test_request_without_length_has_no_body() -> None:
    """Unlike an answer, which then ends with its connection (RFC 9112 §6.3)."""
    assert request_framing(parse_request_head(b"POST / HTTP/1.1\r\nHost: a\r\n")) is None
    head = parse_response_head(b"HTTP/1.1 200 OK\r\n")
    assert isinstance(response_framing(head, b"GET"), UntilClose)


@pytest.mark.parametrize("status", [b"204", b"304", b"103"])
def test_some_answers_have_no_body(status: bytes) -> None:
    """Whatever their headers say."""
    head = parse_response_head(b"HTTP/1.1 " + status + b" x\r\nContent-Length: 5\r\n")
    assert response_framing(head, b"GET") is None


def test_chunks_win_in_an_answer() -> None:
    """RFC 9112 §6.3: the length is then not true."""
    head = parse_response_head(
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n"
    )
    assert isinstance(response_framing(head, b"GET"), Chunked)
