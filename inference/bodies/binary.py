"""Bodies that are no text: images, archives, protobuf, serialised objects."""

import re
from collections.abc import Iterator

from inference.fields import Field
from kysira.types import Place

_LEAD = 256
"""Bytes that are read as they are: serialised data starts with a magic number."""
# 0x0B, 0x0C and 0xA0 are white space to MySQL.
_TEXT_RUN = re.compile(rb"[\x20-\x7e\t\r\n\x0b\x0c\xa0]{8,}")
_CONTROL_BYTES = bytes(range(9)) + bytes(range(14, 32))


def is_binary(data: bytes) -> bool:
    """Return True when more than one byte in 64 of the first 4 KiB is a control character."""
    sample = data[:4096]
    return len(sample) - len(sample.translate(None, _CONTROL_BYTES)) > len(sample) // 64


def printable(data: bytes) -> bytes:
    """Return the runs of at least eight printable characters, one a line."""
    return b"\n".join(_TEXT_RUN.findall(data))


def binary_fields(place: Place, name: str, data: bytes) -> Iterator[Field]:
    """Yield the head and the printable runs: random bytes match short patterns by chance."""
    yield Field(place, f"{name}[head]", data[:_LEAD])
    if runs := printable(data):
        yield Field(place, f"{name}[strings]", runs)
