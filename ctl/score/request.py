"""The request that is scored, in each form that a user has it in."""

import re
import sys
from pathlib import Path

from ctl.inputs import STDIN, why
from kysira.errors import RequestError
from kysira.types import Request
from kysira.wire import split_request_text

MOST_BYTES = 1 << 26
_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S.*) HTTP/\d(?:\.\d)?", re.DOTALL)
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*", re.DOTALL)
_BLANK = re.compile(rb"\r?\n\r?\n")


def request_of_text(text: str) -> Request:
    """Return the request of ``GET /x?q=…``, a body after the first line; any other text is one.

    ``-`` is standard input. It is what POST /score/all makes of ``request_text``. Raises
    RequestError.
    """
    if text == STDIN:
        # A line end at the end is the shell's.
        text = _bounded(_stdin()).decode("utf-8", "surrogateescape").removesuffix("\n")
    method, target, body, is_free = split_request_text(text)
    return Request(method, target, body=body, free_text=is_free)


def request_of_file(path: Path) -> Request:
    """Return the request of a file that holds one as it is sent; raises RequestError.

    ``-`` is standard input. Line ends may be bare, as editors write them.
    """
    head, blank, body = _parts(read_bounded(path))
    first, *lines = re.split(rb"\r?\n", head)
    line = _LINE.fullmatch(first)
    if not line:
        raise RequestError(f"{path}: must begin with a line such as GET /path?query HTTP/1.1")
    headers = tuple(_header(path, number, text) for number, text in enumerate(lines, 2) if text)
    request = Request(line[1].decode(), line[2], headers, body if blank else b"")
    if request.header("transfer-encoding"):
        raise RequestError(f"{path}: its body is in chunks; write it as it is, without that header")
    return _cut(request)


def read_bounded(path: Path) -> bytes:
    """Return what a file holds, ``-`` is standard input; raises RequestError, for too much too."""
    if str(path) == STDIN:
        return _bounded(_stdin())
    try:
        with path.open("rb") as file:
            return _bounded(file.read(MOST_BYTES + 1))
    except OSError as error:
        raise RequestError(f"{path}: {why(error)}") from None


def _stdin() -> bytes:
    if sys.stdin is None:
        raise RequestError("standard input is closed")
    return sys.stdin.buffer.read(MOST_BYTES + 1)


def _parts(data: bytes) -> tuple[bytes, bytes, bytes]:
    match = _BLANK.search(data)
    return (data[: match.start()], match[0], data[match.end() :]) if match else (data, b"", b"")


def _header(path: Path, number: int, line: bytes) -> tuple[str, bytes]:
    try:
        return header_of(line)
    except ValueError:
        raise RequestError(
            f"{path}: line {number} is no header, such as Content-Type: text/plain"
        ) from None


def header_of(line: bytes) -> tuple[str, bytes]:
    """Return name and value of ``Name: value``; raises ValueError."""
    match = _HEADER.fullmatch(line)
    if not match:
        raise ValueError("no header")
    return match[1].decode().lower(), match[2]


def _cut(request: Request) -> Request:
    """Return the request without what is after its body: an editor adds a line end."""
    length = request.header("content-length")
    if not length.isdigit() or int(length) >= len(request.body):
        return request
    return Request(request.method, request.target, request.headers, request.body[: int(length)])


def _bounded(data: bytes) -> bytes:
    if len(data) > MOST_BYTES:
        raise RequestError(f"a request of over {MOST_BYTES >> 20} MB is not scored")
    return data
