"""What a user lets be read: files and standard input, compressed or not."""

import gzip
import io
import os
import zlib
from typing import IO, Any, BinaryIO, cast

STDIN = "-"
"""What stands for standard input where a file's name is asked for."""
BROKEN = (OSError, EOFError, zlib.error)
"""What reading may raise; ``why`` tells it."""
SAMPLE_BYTES = 1 << 16
_GZIP = b"\x1f\x8b"


def why(error: BaseException) -> str:
    """Return why a file can't be read or written, for people."""
    if isinstance(error, gzip.BadGzipFile | EOFError | zlib.error):
        return "its compressed data are damaged or cut off"
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno).lower()
    return str(error)


def inflated(file: IO[bytes]) -> BinaryIO:
    """Return a file's content, unpacked where it is gzip, whatever its name; raises OSError."""
    is_gzip = cast(Any, file).peek(len(_GZIP))[: len(_GZIP)] == _GZIP
    return cast(BinaryIO, gzip.GzipFile(fileobj=file) if is_gzip else file)


def sampled(file: BinaryIO) -> tuple[bytes, BinaryIO]:
    """Return how a file begins, and the file whole: of a pipe no byte can be read again.

    What is wrong with it comes where it is read, behind all that is good.
    """
    begun = _Begun(file)
    return begun.head, io.BufferedReader(begun, SAMPLE_BYTES)


def skip_line(file: BinaryIO, most: int) -> None:
    """Read up to the end of a line that is too long to be held."""
    while (piece := file.readline(most)) and not piece.endswith(b"\n"):
        pass


class _Begun(io.RawIOBase):
    """A file whose beginning was read already."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = cast(io.BufferedReader, file)
        self._error: BaseException | None = None
        self.head = b""
        try:
            while len(self.head) < SAMPLE_BYTES and (piece := self._file.read1(SAMPLE_BYTES)):
                self.head += piece
        except BROKEN as error:  # gzip takes what follows its own error for a clean end
            self._error = error
        self._left = self.head

    def readable(self) -> bool:
        """Return True, as io asks."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Fill the buffer, as far as there is something; raises what reading the file does."""
        if self._left:
            piece, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        elif self._error:
            raise self._error
        else:
            piece = self._file.read1(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)
