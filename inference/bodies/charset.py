"""Character sets: any body becomes UTF-8 before it is parsed."""

import codecs
import re

_CHARSET = re.compile(rb"charset\s?=\s?[\"']?([A-Za-z0-9_:.-]{1,40})")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Python's codecs also hold compressions and escapes; only these change how ASCII is spelt.
_WIDE = ("utf-16", "utf-16le", "utf-16be", "utf-16-le", "utf-16-be", "utf-32", "utf-32le",
         "utf-32be", "utf-32-le", "utf-32-be", "utf-7", "ibm037", "cp037", "ibm500", "cp500",
         "ibm1140", "cp1140")  # fmt: skip


def decode_charset(body: bytes, content_type: bytes) -> bytes:
    """Return the body as UTF-8: by its byte order mark, its declared charset, or its look."""
    for mark, name in _BOMS:
        if body.startswith(mark):
            return _to_utf8(body[len(mark) :], name)
    match = _CHARSET.search(content_type)
    if match:
        name = match[1].decode().lower()
        if name in _WIDE:
            return _to_utf8(body, _by_look(body) or "utf-16-le" if name == "utf-16" else name)
    look = _by_look(body)
    return _to_utf8(body, look) if look else body


def _by_look(body: bytes) -> str:
    """Return the UTF-16 byte order of text that is ASCII at heart, else ""."""
    sample = body[:64]
    if len(sample) < 4:
        return ""
    even, odd = sample[0::2], sample[1::2]
    if odd.count(0) == len(odd) and not even.count(0):
        return "utf-16-le"
    if even.count(0) == len(even) and not odd.count(0):
        return "utf-16-be"
    return ""


def _to_utf8(body: bytes, name: str) -> bytes:
    if name == "utf-8":
        return body
    return body.decode(name, "replace").encode("utf-8", "replace")
