"""Requests as bytes that a fuzzer can change, and the requests that it starts from.

A message is a request line, headers and a body, as in HTTP/1.1 with bare line feeds, then seven
bytes that say what is done to the body; they are read from the end, as libFuzzer's provider reads.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from inference.detectors import load_detectors
from kysira.types import Request
from tests.bypass_cases import PACKERS, load_bypasses
from tests.detector_cases import load_cases

CODINGS: tuple[str, ...] = ("", *(name for name in PACKERS if name != "members"))
NAMES = {"": b"", "raw_deflate": b"deflate"}
CHARSETS = ("", "utf-16-le", "utf-16-be", "utf-32-le", "utf-7", "cp037", "iso2022_jp", "hz")
REPEATS = (1, 1, 1, 1, 1, 1, 16, 1024)
MAX_REPEATED_BYTES = 1 << 17
TRAILER = 7
_TOKENS = Path(__file__).parent / "tokens.txt"


def parsed(head_and_body: bytes) -> tuple[str, bytes, list[tuple[str, bytes]], bytes]:
    """Return method, target, headers and body of a message without its trailer."""
    head, _, body = head_and_body.partition(b"\n\n")
    line, *lines = head.split(b"\n")
    method, _, target = line.partition(b" ")
    headers = [name_and_value(each) for each in lines]
    return method.decode("latin-1"), target, headers, body


def name_and_value(line: bytes) -> tuple[str, bytes]:
    """Return a header of which the name is lower case, as every front-end hands it over."""
    name, _, value = line.partition(b":")
    return name.decode("latin-1").lower(), value.strip(b" ")


def packed(body: bytes, charset: str, coding: str, repeats: int) -> bytes:
    """Return the body over and over, in a charset and a content coding."""
    body = body[: MAX_REPEATED_BYTES // repeats] * repeats
    if charset:
        body = body.decode("latin-1").encode(charset, "replace")
    return PACKERS[coding](body) if coding else body


def message(request: Request) -> bytes:
    """Return the bytes from which the request is read as it is."""
    lines = [request.method.encode() + b" " + request.target]
    lines += [name.encode() + b": " + value for name, value in request.headers]
    return b"\n".join(lines) + b"\n\n" + request.body + bytes(TRAILER)


def seeds() -> Iterator[bytes]:
    """Yield a message for each case of the detectors' tables and of the bypass suite."""
    for detector in load_detectors():
        yield from (message(case.request) for case in load_cases(detector.slug))
    yield from (message(case.request) for case in load_bypasses())
    for charset in range(len(CHARSETS)):
        for coding in range(len(CODINGS)):
            sample = Request("POST", b"/", (), json.dumps({"q": "1' or 1=1--"}).encode())
            yield message(sample)[:-TRAILER] + bytes((0, 0, 0, 0, 0, coding, charset))


def tokens() -> tuple[bytes, ...]:
    """Return the words that parsers and decoders look for, one for each line of tokens.txt."""
    lines = _TOKENS.read_text("ascii").splitlines()
    return tuple(line.encode().decode("unicode_escape").encode("latin-1") for line in lines)
