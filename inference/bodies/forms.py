"""multipart/form-data bodies (RFC 7578): names, file names and text parts."""

import re
from collections.abc import Iterator

from inference.bodies.binary import binary_fields, is_binary
from inference.fields import Field, is_plain
from kysira.types import Place, Uninspected

_BOUNDARY = re.compile(rb"boundary\s?=\s?(?:\"([^\"]{1,200})\"|([^;,\s\"]{1,200}))", re.IGNORECASE)
_PARAMETER = re.compile(rb"\b(name|filename\*?)=(?:\"([^\"]{0,1000})\"|([^;\s\"]{1,1000}))", re.IGNORECASE)
_MAX_PARTS = 1000


def multipart_fields(
    body: bytes, content_type: bytes, problems: set[Uninspected]
) -> Iterator[Field]:
    """Yield part names and file names that are not plain, and the content of every text part.

    A body without its boundary is scored raw and adds ``parse`` to ``problems``.
    """
    match = _BOUNDARY.search(content_type)
    mark = b"--" + (match[1] or match[2]) if match else b""
    if not match or mark not in body:
        problems.add(Uninspected.PARSE)
        yield Field(Place.BODY, "", body)
        return
    parts = body.split(mark, _MAX_PARTS + 1)
    if len(parts) > _MAX_PARTS + 1:
        problems.add(Uninspected.BUDGET)
    for part in parts:
        yield from _part_fields(part)


def _part_fields(part: bytes) -> Iterator[Field]:
    head, blank, content = part.partition(b"\r\n\r\n")
    if not blank:
        head, blank, content = part.partition(b"\n\n")
    if not blank:
        if part.strip(b"\r\n- "):  # before the first boundary or a part without a header
            yield Field(Place.MULTIPART, "", part)
        return
    found = {key.lower(): quoted or bare for key, quoted, bare in _PARAMETER.findall(head)}
    name = found.get(b"name", b"").decode("utf-8", "replace")
    for value in found.values():
        if not is_plain(value):
            yield Field(Place.MULTIPART, name, value)
    content = content.removesuffix(b"\n").removesuffix(b"\r")
    if is_binary(content):
        yield from binary_fields(Place.MULTIPART, name, content)
    elif not is_plain(content):
        yield Field(Place.MULTIPART, name, content)
