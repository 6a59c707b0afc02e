"""Bodies that are no text: images, archives, protobuf, serialised objects."""

import re
from collections.abc import Iterator

from inference.fields import Field
from kysira.types import Place

_LEAD = 256
"""Bytes that are read as they are: serialised data starts with a magic number."""
_TEXT_RUN = re.compile(rb"[\x20-\x7e\t\r\n]{8,}")
_CONTROL_BYTES = bytes(range(9)) + bytes(range(14, 32))


def is_binary(data: bytes) -> bool:
    """Return True when more than one byte in 64 of the first 4 KiB is a control character."""
    sample = data[:4096]
    return len(sample) - len(sample.translate(None, _CONTROL_BYTES)) > len(sample) // 64


def binary_fields(place: Place, name: str, data: bytes) -> Iterator[Field]:
    """Yield the head and the printable runs: random bytes match short patterns by chance."""
    yield Field(place, f"{name}[head]", data[:_LEAD])
    runs = b"\n".join(_TEXT_RUN.findall(data))
    if runs:
        yield Field(place, f"{name}[strings]", runs)
