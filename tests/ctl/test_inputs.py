"""Files and pipes are read to where they are good, and what is wrong is told in words."""

import errno
import gzip
import io
import zlib
from typing import Any

import pytest

from ctl.inputs import SAMPLE_BYTES, inflated, sampled, skip_line, why

TEXT = b"one\ntwo\n"


class Trickle(io.RawIOBase):
    """A pipe that gives a byte at a time."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def readable(self) -> bool:
        """Return True, as io asks."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Give one byte."""
        piece, self._data = self._data[:1], self._data[1:]
        buffer[: len(piece)] = piece
        return len(piece)


@pytest.mark.parametrize("data", [TEXT, gzip.compress(TEXT)], ids=["plain", "gzip"])
def test_inflated_is_seen_by_content(data: bytes) -> None:
    """No name is needed to know what is packed."""
    assert inflated(io.BufferedReader(io.BytesIO(data))).read() == TEXT


def test_sampled_gives_all_of_a_slow_pipe() -> None:
    """The beginning is looked at as far as it goes, and read again."""
    head, file = sampled(io.BufferedReader(Trickle(TEXT)))
    assert head == TEXT
    assert file.read() == TEXT


def test_sampled_gives_what_lies_behind_the_sample() -> None:
    """A long file is whole."""
    data = bytes(range(256)) * (SAMPLE_BYTES // 128)
    head, file = sampled(io.BufferedReader(io.BytesIO(data)))
    assert (head, file.read()) == (data[:SAMPLE_BYTES], data)


@pytest.mark.parametrize("cut", [slice(0, -8), slice(0, -1)])
def test_sampled_raises_behind_what_is_good(cut: slice) -> None:
    """The damage is not taken for a clean end, even where gzip would go on."""
    packed = io.BufferedReader(io.BytesIO(gzip.compress(TEXT)[cut]))
    head, file = sampled(inflated(packed))
    assert head == TEXT
    assert [file.readline(), file.readline()] == [b"one\n", b"two\n"]
    with pytest.raises(EOFError):
        file.readline()


def test_sampled_raises_for_a_wrong_checksum() -> None:
    """What follows is no new member to gzip, and the error still comes."""
    data = bytearray(gzip.compress(TEXT))
    data[-8] ^= 0xFF
    _, file = sampled(inflated(io.BufferedReader(io.BytesIO(data))))
    assert file.readline() == b"one\n"
    with pytest.raises(gzip.BadGzipFile):
        file.read()


def test_skip_line_stops_at_its_end() -> None:
    """The next line is left."""
    file = io.BytesIO(b"x" * 99 + b"\nnext\n")
    file.read(3)
    skip_line(file, 10)
    assert file.read() == b"next\n"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.EACCES, "x"), "permission denied"),
        (OSError("odd"), "odd"),
        (gzip.BadGzipFile("CRC check failed 0x1"), "its compressed data are damaged or cut off"),
        (EOFError("Compressed file ended"), "its compressed data are damaged or cut off"),
        (zlib.error("Error -3"), "its compressed data are damaged or cut off"),
    ],
)
def test_why_is_for_people(error: BaseException, told: str) -> None:
    """No number, and no word of a library."""
    assert why(error) == told
