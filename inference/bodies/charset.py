"""Character sets: any body becomes UTF-8 before it is parsed."""

import codecs
import re
from encodings.aliases import aliases

from kysira.types import Uninspected

_CHARSET = re.compile(rb"charset\s?=\s?[\"']?([a-z0-9_:.-]{1,40})")
_PROLOG = re.compile(rb"<\?xml[^>]{1,200}?encoding\s?=\s?[\"']([A-Za-z0-9_:.-]{1,40})")
_ODD = re.compile(r"[^a-z0-9]")
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf_32_le"),
    (codecs.BOM_UTF32_BE, "utf_32_be"),
    (codecs.BOM_UTF16_LE, "utf_16_le"),
    (codecs.BOM_UTF16_BE, "utf_16_be"),
)
_JSON_LEAD = b' \t\r\n{["<'
# Python's codecs also hold compressions and escapes; only these spell ASCII differently.
_DECODED = (
    "utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be", "utf_7", "hz",
    "cp037", "cp273", "cp424", "cp500", "cp875", "cp1026", "cp1140", "iso2022_kr",
    "iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_2004", "iso2022_jp_3",
    "iso2022_jp_ext",
)  # fmt: skip
_NO_CHARSETS = {
    "base64_codec", "bz2_codec", "hex_codec", "quopri_codec", "rot_13", "uu_codec", "zlib_codec",
    "mbcs",
}  # fmt: skip
# As Java and .NET call them.
_FOREIGN = {
    "unicode": "utf_16_le", "unicodelittle": "utf_16_le", "unicodelittleunmarked": "utf_16_le",
    "x_utf_16le_bom": "utf_16_le", "ucs_2": "utf_16", "iso_10646_ucs_2": "utf_16",
    "unicodefffe": "utf_16_be", "unicodebig": "utf_16_be", "unicodebigunmarked": "utf_16_be",
    "ucs_4": "utf_32_be", "iso_10646_ucs_4": "utf_32_be",
}  # fmt: skip
_CODECS = {
    **{name: codec for name, codec in aliases.items() if codec in _DECODED},
    **{codec: codec for codec in _DECODED},
    **_FOREIGN,
}
_HARMLESS = {*aliases, *aliases.values(), "utf_8_sig", "cp720", "cp737", "cp874", "koi8_u"}
_KNOWN = {name for name in _HARMLESS if aliases.get(name, name) not in _NO_CHARSETS} | {*_CODECS}


def decode_charset(body: bytes, content_type: bytes, problems: set[Uninspected]) -> bytes:
    """Return the body as UTF-8: by its byte order mark, look, declared charset or XML prolog.

    The same object when nothing is to decode. ``content_type`` is in lower case. More than one
    charset, or an unknown one, adds ``encoding`` to ``problems``.
    """
    codec = _declared(content_type, problems) if b"charset" in content_type else ""
    if not codec and body.startswith(b"<?xml"):
        codec = _of_prolog(body)
    lead = body[:4]
    if not codec and lead.isascii() and 0 not in lead:
        return body
    for mark, name in _BOMS:
        if body.startswith(mark):
            return _to_utf8(body[len(mark) :], name)
    look = _by_look(body)
    if codec == "utf_16":
        codec = look or "utf_16_le"
    elif not codec:
        codec = look
    return _to_utf8(body, codec) if codec else body


def _declared(content_type: bytes, problems: set[Uninspected]) -> str:
    """Return the codec of a charset that spells ASCII differently, else ""."""
    names = {_ODD.sub("_", name.decode()) for name in _CHARSET.findall(content_type)}
    if len(names) != 1 or not names <= _KNOWN:
        problems.add(Uninspected.ENCODING)
    return next((_CODECS[name] for name in sorted(names) if name in _CODECS), "")


def _of_prolog(body: bytes) -> str:
    """Return the codec of a document that declares another than it begins in, such as UTF-7."""
    match = _PROLOG.match(body)
    codec = _CODECS.get(_ODD.sub("_", match[1].decode().lower()), "") if match else ""
    return "" if codec.startswith(("utf_16", "utf_32")) else codec


def _by_look(body: bytes) -> str:
    """Return the byte order of UTF-16 or UTF-32 that is ASCII at heart, else ""."""
    sample = body[:64]
    if len(sample) < 4 or 0 not in sample[:2]:
        return ""
    # JSON parsers go by the NULs of the first characters (RFC 4627 §3).
    if sample[0] and sample[0] in _JSON_LEAD:
        return "utf_16_le" if sample[2] or sample[3] else "utf_32_le"
    if sample[1] and sample[1] in _JSON_LEAD:
        return "utf_16_be"
    if sample[:3] == b"\0\0\0" and sample[3] in _JSON_LEAD:
        return "utf_32_be"
    even, odd = sample[0::2], sample[1::2]
    if odd.count(0) == len(odd) and not even.count(0):
        return "utf_16_le"
    if even.count(0) == len(even) and not odd.count(0):
        return "utf_16_be"
    return ""


def _to_utf8(body: bytes, codec: str) -> bytes:
    return body.decode(codec, "replace").encode("utf-8", "replace")
