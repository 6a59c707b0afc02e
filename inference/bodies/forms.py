"""multipart/form-data bodies (RFC 7578): names, file names and text parts."""

import binascii
import re
from collections.abc import Iterator

from inference.bodies.binary import binary_fields, is_binary
from inference.bodies.charset import decode_charset
from inference.fields import Field, is_plain
from kysira.types import Place, Uninspected

_BOUNDARY = re.compile(rb"boundary\s?=\s?(?:\"([^\"]{1,200})\"|([^;,\s\"]{1,200}))", re.IGNORECASE)
_PARAMETER = re.compile(rb"\b(name|filename\*?)=(?:\"([^\"]*)\"|([^;\s\"]+))", re.IGNORECASE)
# What browsers and libraries write; parsers disagree on anything else.
_PLAIN_HEAD = re.compile(
    rb"\s*content-disposition: form-data; name=\"[^\"\\]*\"(?:; filename=\"[^\"\\]*\")?"
    rb"(?:\r?\ncontent-type: [\w.+/-]+(?:; ?charset=[\w-]+)?)?\s*",
    re.IGNORECASE,
)
_MAX_PARTS = 1000


def multipart_fields(
    body: bytes, content_type: bytes, problems: set[Uninspected]
) -> Iterator[Field]:
    """Yield part names and file names that are not plain, and the content of every text part.

    A body without its boundary, or with more than one declared, is scored raw and adds ``parse`` to
    ``problems``.
    """
    boundaries = [quoted or bare for quoted, bare in _BOUNDARY.findall(content_type)]
    mark = b"--" + boundaries[0] if boundaries else b""
    if len(set(boundaries)) != 1 or mark not in body:
        problems.add(Uninspected.PARSE)
        yield Field(Place.BODY, "", body)
        if not mark:
            return
    parts = body.split(mark, _MAX_PARTS + 1)
    if len(parts) > _MAX_PARTS + 1:
        problems.add(Uninspected.BUDGET)
    for part in parts:
        yield from _part_fields(part, problems)


def _part_fields(part: bytes, problems: set[Uninspected]) -> Iterator[Field]:
    head, blank, content = part.partition(b"\r\n\r\n")
    if not blank:
        head, blank, content = part.partition(b"\n\n")
    if not blank:
        if part.strip(b"\r\n- "):  # before the first boundary or a part without a header
            yield Field(Place.MULTIPART, "", part)
        return
    found = {key.lower(): quoted or bare for key, quoted, bare in _PARAMETER.findall(head)}
    name = found.get(b"name", b"").decode("utf-8", "replace")
    for key, value in found.items():
        if not is_plain(value):
            label = name if key == b"name" else f"{name}[filename]"
            yield Field(Place.MULTIPART, label, value)
    if not _PLAIN_HEAD.fullmatch(head):
        yield Field(Place.MULTIPART, name, head)
    yield from _content_fields(name, head.lower(), content, problems)


def _content_fields(
    name: str, head: bytes, content: bytes, problems: set[Uninspected]
) -> Iterator[Field]:
    content = content.removesuffix(b"\n").removesuffix(b"\r")
    text = decode_charset(content, head, problems)
    readings = [text] if text is content else [text, content]
    if b"quoted-printable" in head:
        readings.append(binascii.a2b_qp(content))
    for reading in readings:
        is_data = is_binary(reading)
        if is_data:
            yield from binary_fields(Place.MULTIPART, name, reading)
        # Control characters must not cut the text of an ordinary field up.
        if not is_plain(reading) and not (is_data and b"filename" in head):
            yield Field(Place.MULTIPART, name, reading)
