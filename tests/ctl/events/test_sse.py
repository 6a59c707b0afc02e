"""Server-sent events, however the pieces are cut."""

import pytest

from ctl.events.sse import Message, Parser

STREAM = (
    b": keepalive\n\nid: 1\ndata: one\n\nid: 2\r\ndata:two\r\ndata:  lines\r\n\r\n"
    b"event: x\rdata: three\r\rretry: 5\n\ndata\n\nid: 4\n\n"
)
MESSAGES = [
    Message("1", b"one"), Message("2", b"two\n lines"), Message("2", b"three"), Message("2", b""),
]  # fmt: skip


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_messages_do_not_depend_on_pieces(size: int) -> None:
    """Every line end, comments, and fields that mean nothing here."""
    parser = Parser()
    pieces = [STREAM[start : start + size] for start in range(0, len(STREAM), size)]
    assert [message for piece in pieces for message in parser.feed(piece)] == MESSAGES


@pytest.mark.parametrize("size", [7, 64, 1000])
def test_too_long_message_is_left_out(size: int) -> None:
    """A message over the limit is skipped, in flat memory, and the next is read."""
    parser = Parser(most=100)
    stream = b"data: a\n\ndata: " + b"x" * 500 + b"\n\ndata: b\n\n"
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    found = [message.data for piece in pieces for message in parser.feed(piece)]
    assert found == [b"a", b"b"]


def test_endless_message_of_nothing_is_left_out() -> None:
    """Empty lines of data take room too."""
    parser = Parser(most=100)
    assert list(parser.feed(b"data:\n" * 1000)) == []
    assert len(parser._data) <= 100
    assert [each.data for each in parser.feed(b"\ndata: b\n\n")] == [b"b"]
