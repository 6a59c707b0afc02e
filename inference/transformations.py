"""One decoding step each: bytes in, bytes out, the same object when there is nothing to do.

Every step is linear in its input: ``re`` is used with single character classes or fixed-length
alternatives only, everything else goes through RE2.
"""

import base64
import binascii
import html
import re
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

import re2

from inference.matcher import re2_options

Transformation = Callable[[bytes], bytes]

_PERCENT = re.compile(rb"%[0-9A-Fa-f]{2}")
_PERCENT_U = re.compile(rb"%u([0-9A-Fa-f]{4})")
_ENTITY = re.compile(rb"&[#A-Za-z]")
_ESCAPE = re.compile(
    rb"\\(?:u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{2})|([0-7]{3})|([\"'/\\nrtbf]))"
)
_ESCAPED_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_OVERLONG = re.compile(rb"[\xc0\xc1][\x80-\xbf]|\xe0[\x80-\x9f][\x80-\xbf]|\xf0[\x80-\x8f][\x80-\xbf]{2}")
_NON_ASCII = re.compile(rb"[\x80-\xff]")
_BLANKS = re.compile(rb"[\x00-\x20\x7f]+")
_ODD_BLANK = re.compile(rb"[\x00-\x1f\x7f]|  ")
_SQL_VERSION_COMMENT = re2.compile(rb"/\*M?!\d{0,6}", options=re2_options())
_SQL_COMMENT = re2.compile(rb"/\*(?:[^*]|\*+[^*/])*\*+/", options=re2_options())
_SHELL_JOIN = re.compile(rb"[A-Za-z/][\"'\\^`]{1,2}[A-Za-z/]|\$(?:@|\*|\{IFS|IFS)")
_SHELL_SPACE = re.compile(rb"\$(?:\{IFS\}|IFS(?:\$\d)?)|\{IFS[^}]{0,8}\}")
_SHELL_NOISE = re.compile(rb"[\"'\\^`]|\$[@*]")
_BASE64_TOKEN = re.compile(rb"[A-Za-z0-9+/_-]{16,}={0,2}")

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_LOOK_ALIKES = {
    0x2018: "'", 0x2019: "'", 0x201B: "'", 0x02BC: "'", 0x02B9: "'", 0x2032: "'", 0x00B4: "'",
    0x201C: '"', 0x201D: '"', 0x2033: '"', 0x2039: "<", 0x203A: ">", 0x3008: "<", 0x3009: ">",
    0x2216: "\\", 0x2215: "/", 0x2044: "/", 0x2236: ":", 0x037E: ";", 0x2024: ".", 0x3002: ".",
    0x00A0: " ", 0x2003: " ", 0x2028: "\n", 0x2029: "\n", 0x3000: " ", 0x010A: "\n", 0x010D: "\r",
    0x200B: None, 0x200C: None, 0x200D: None, 0x2060: None, 0xFEFF: None, 0x00AD: None,
}  # fmt: skip
_FOLD: dict[int, int | str | None] = {**_FULL_WIDTH, **_LOOK_ALIKES}
_TEXT_BYTES = bytes(range(0x20, 0x7F)) + b"\t\n\r"


def percent(text: bytes) -> bytes:
    """Decode ``%41`` and IIS's ``%u0041``."""
    if b"%" not in text:
        return text
    if _PERCENT_U.search(text):
        text = _PERCENT_U.sub(lambda match: _utf8(int(match[1], 16)), text)
    return unquote_to_bytes(text) if _PERCENT.search(text) else text


def html_entities(text: bytes) -> bytes:
    """Decode ``&lt;``, ``&#60;`` and ``&#x3c;`` (HTML §13.5)."""
    if b"&" not in text or not _ENTITY.search(text):
        return text
    return html.unescape(text.decode("utf-8", "surrogateescape")).encode("utf-8", "replace")


def escapes(text: bytes) -> bytes:
    r"""Decode ``\u0041``, ``\u{41}``, ``\x41``, ``\101`` and JSON's single-letter escapes."""
    if b"\\" not in text:
        return text
    return _ESCAPE.sub(_unescape, text)


def _unescape(match: re.Match[bytes]) -> bytes:
    four, braced, two, octal, letter = match.groups()
    if letter:
        return _ESCAPED_LETTERS.get(letter, letter)
    if octal:
        return _utf8(int(octal, 8))
    return _utf8(int(four or braced or two, 16))


def _utf8(code: int) -> bytes:
    if 0xD800 <= code <= 0xDFFF or code > 0x10FFFF:
        return b"?"
    return chr(code).encode()


def overlong_utf8(text: bytes) -> bytes:
    r"""Decode forbidden long forms of ASCII such as ``\xc0\xaf`` for "/" (RFC 3629 §10)."""
    return _OVERLONG.sub(_shorten, text)


def _shorten(match: re.Match[bytes]) -> bytes:
    code = 0
    for byte in match[0][1:]:
        code = code << 6 | byte & 0x3F
    lead = match[0][0]
    bits = lead & 0x1F if lead < 0xE0 else lead & 0x0F
    code |= bits << 6 * (len(match[0]) - 1)
    return bytes((code,)) if code < 0x80 else match[0]


def fold_unicode(text: bytes) -> bytes:
    """Replace full-width and look-alike characters by ASCII and drop invisible ones.

    Not NFKC: normalising a long run of combining marks is quadratic in CPython.
    """
    if not _NON_ASCII.search(text):
        return text
    decoded = text.decode("utf-8", "surrogateescape")
    return decoded.translate(_FOLD).encode("utf-8", "surrogateescape")


def whitespace(text: bytes) -> bytes:
    """Fold runs of blanks and control characters into one space."""
    return _BLANKS.sub(b" ", text) if _ODD_BLANK.search(text) else text


def null_bytes(text: bytes) -> bytes:
    """Drop NUL bytes, which end or vanish from strings in C libraries."""
    return text.replace(b"\0", b"")


def sql_comments(text: bytes) -> bytes:
    """Open MySQL's executable comments and turn the others into a space."""
    if b"/*" not in text:
        return text
    opened = bytes(_SQL_VERSION_COMMENT.sub(b" ", text))
    return bytes(_SQL_COMMENT.sub(b" ", opened)).replace(b"*/", b" ")


def shell_quotes(text: bytes) -> bytes:
    """Undo quoting inside a shell word: ``c""at``, ``w\\hoami``, ``cat$IFS/etc``."""
    if not _SHELL_JOIN.search(text):
        return text
    return _SHELL_NOISE.sub(b"", _SHELL_SPACE.sub(b" ", text))


def base64_text(text: bytes) -> bytes:
    """Decode base64 tokens that turn out to be text; return ``text`` when none does.

    At most four tokens are tried, so that the work stays linear.
    """
    found: list[bytes] = []
    for number, match in enumerate(_BASE64_TOKEN.finditer(text)):
        if number == 4:
            break
        decoded = _decode_base64(match[0])
        if decoded:
            found.append(decoded)
    return b"\n".join(found) or text


def _decode_base64(token: bytes) -> bytes:
    body = token.rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
    if len(body) % 4 == 1:
        body = body[:-1]
    try:
        data = base64.b64decode(body + b"=" * (-len(body) % 4))
    except (binascii.Error, ValueError):
        return b""
    if len(data) >= 8 and data[1::2].count(0) * 4 >= len(data[1::2]) * 3:
        data = data[0::2]  # UTF-16LE, as PowerShell's -EncodedCommand takes it
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError:
            return b""
    is_text = len(data.translate(None, _TEXT_BYTES)) * 10 <= len(data)
    return data if is_text else b""
