"""Header rows: what is remembered says the same as what is read, and never hides a spoofed one."""

import pytest
from google.protobuf.message import DecodeError

from extproc.headers import HeaderReader
from extproc.proto import ext_proc_pb2 as pb


def row(name: str, value: bytes = b"", text: str = "") -> bytes:
    """Return a row as protobuf writes it."""
    return pb.HeaderValue(key=name, raw_value=value, value=text).SerializeToString()


def test_value_of_an_older_envoy_is_read() -> None:
    """It is text, in a field of its own."""
    assert HeaderReader().read([row("a", text="\xe4")])[0] == (("a", "\xe4".encode()),)


def test_known_header_is_read_once() -> None:
    """A header that comes again is the same object, and new no more."""
    reader = HeaderReader()
    rows = [row("accept", b"*/*"), row(":path", b"/"), row("accept", b"*/*")]
    first, new = reader.read(rows)
    assert first == (("accept", b"*/*"), (":path", b"/"), ("accept", b"*/*"))
    assert new == [("accept", b"*/*"), (":path", b"/")]
    again, new = reader.read([bytes(bytearray(each)) for each in rows])
    assert again == first
    assert again[0] is first[0]
    assert new == [(":path", b"/")]


@pytest.mark.parametrize("name", ["x-kysira-score", "x_kysira_mode", "x.kysira.new"])
def test_own_header_is_always_new(name: str) -> None:
    """One that only Kysira may set is named every time, however often it is sent."""
    reader = HeaderReader()
    for _ in range(3):
        assert reader.read([row(name, b"0")])[1] == [(name, b"0")]


@pytest.mark.parametrize(
    "data",
    [row("cookie", b"sid=1"), row("authorization", b"Basic x"), row("accept", b"x" * 600)],
)
def test_secret_or_long_row_is_not_remembered(data: bytes) -> None:
    """It is a client's own, or takes much memory."""
    reader = HeaderReader()
    for _ in range(2):
        assert len(reader.read([data])[1]) == 1


def test_memory_is_bounded() -> None:
    """When there are too many rows all are forgotten, and read again."""
    reader = HeaderReader(most=2)
    one, two, three = [row("accept", value) for value in (b"1", b"2", b"3")]
    reader.read([one, two])
    assert reader.read([one, two])[1] == []
    assert reader.read([three])[1] == [("accept", b"3")]
    assert reader.read([three, one]) == ((("accept", b"3"), ("accept", b"1")), [("accept", b"1")])


def test_broken_row_is_not_remembered() -> None:
    """What protobuf refuses it refuses every time."""
    reader = HeaderReader()
    for _ in range(2):
        with pytest.raises(DecodeError):
            reader.read([b"\x0a\x01\xff"])
