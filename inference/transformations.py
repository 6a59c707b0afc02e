"""One decoding step each: bytes in, bytes out, the same object when there is nothing to do.

Every step is linear in its input: ``re`` is used with single character classes or fixed-length
alternatives only.
"""

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Callable
from itertools import chain
from urllib.parse import unquote_to_bytes

Transformation = Callable[[bytes], bytes]

_PERCENT = re.compile(rb"%[0-9A-Fa-f]{2}")
_PERCENT_U = re.compile(rb"%u([0-9A-Fa-f]{4})")
_ENTITY = re.compile(rb"&[#A-Za-z]")
_LEADING_ZEROS = re.compile(rb"(&#[xX]?)0+")
_TOO_LARGE = re.compile(rb"&#[0-9]{8,}")
_ESCAPE = re.compile(
    rb"\\(?:u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{2})|([0-7]{3})|([\"'/\\nrtbf]))"
)
_ESCAPED_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_OVERLONG = re.compile(rb"(?:[\xc0\xc1]|\xe0[\x80\x81]|\xf0\x80[\x80\x81])[\x80-\xbf]")
_SHORT_FORMS = {
    lead + bytes((0x80 | low,)): bytes((high << 6 | low,))
    for high, leads in enumerate(
        ((b"\xc0", b"\xe0\x80", b"\xf0\x80\x80"), (b"\xc1", b"\xe0\x81", b"\xf0\x80\x81"))
    )
    for lead in leads
    for low in range(64)
}
_BLANKS = re.compile(rb"[\x00-\x20\x7f]+")
_ODD_BLANK = re.compile(rb"[\x00-\x1f\x7f]|  ")
_SQL_COMMENT = re.compile(rb"/\*.*?\*/", re.DOTALL)
_SQL_VERSION_COMMENT = re.compile(rb"/\*M?!\d{0,6}")
_SHELL_JOIN = re.compile(rb"[A-Za-z/][\"'\\^`]{1,2}[A-Za-z/]|\$(?:@|\*|\{IFS|IFS)")
_SHELL_SPACE = re.compile(rb"\$(?:\{IFS\}|IFS(?:\$\d)?)|\{IFS[^}]{0,8}\}")
_SHELL_NOISE = re.compile(rb"[\"'\\^`]|\$[@*]")
_BASE64_TOKEN = re.compile(rb"[A-Za-z0-9+/_-]{16,}={0,2}")
_BROKEN_BASE64 = re.compile(rb"[A-Za-z0-9+/_ \t\r\n-]+={0,2}")

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_LOOK_ALIKES = {
    0x2018: "'", 0x2019: "'", 0x201B: "'", 0x02BC: "'", 0x02B9: "'", 0x2032: "'", 0x00B4: "'",
    0x201C: '"', 0x201D: '"', 0x2033: '"', 0x2039: "<", 0x203A: ">", 0x3008: "<", 0x3009: ">",
    0x2216: "\\", 0x2215: "/", 0x2044: "/", 0x2236: ":", 0x037E: ";", 0x2024: ".", 0x3002: ".",
    0x00A0: " ", 0x2003: " ", 0x2028: "\n", 0x2029: "\n", 0x3000: " ", 0x010A: "\n", 0x010D: "\r",
    0x200B: None, 0x200C: None, 0x200D: None, 0x2060: None, 0xFEFF: None, 0x00AD: None,
}  # fmt: skip
# Letters that turn into ASCII when an application folds case or normalises: mathematical, circled,
# the long s, the Kelvin sign and the dotless i.
_LETTERS = {
    code: unicodedata.normalize("NFKC", chr(code))
    for code in chain(range(0x1D400, 0x1D800), range(0x24B6, 0x24EA), (0x017F, 0x212A))
}
# A byte 0xA0 that is no UTF-8 is white space to MySQL.
_FOLD: dict[int, int | str | None] = {
    **_LETTERS, **_FULL_WIDTH, **_LOOK_ALIKES, 0x0131: "i", 0xDCA0: " ",
}  # fmt: skip
_CONTROL_BYTES = bytes(set(range(0x20)) - set(b"\t\n\r")) + b"\x7f"


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
    # int() refuses more than 4300 decimal digits, and html.unescape would raise.
    text = _TOO_LARGE.sub(b"&#1114112", _LEADING_ZEROS.sub(rb"\g<1>0", text))
    decoded = html.unescape(text.decode("utf-8", "surrogateescape"))
    return decoded.encode("utf-8", "surrogateescape")


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
    if text.isascii():
        return text
    return _OVERLONG.sub(lambda match: _SHORT_FORMS[match[0]], text)


def fold_unicode(text: bytes) -> bytes:
    """Replace full-width and look-alike characters by ASCII and drop invisible ones.

    Not NFKC: normalising a long run of combining marks is quadratic in CPython.
    """
    if text.isascii():
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
    opened = _SQL_VERSION_COMMENT.sub(b" ", text)
    end = opened.rfind(b"*/") + 2  # what is left open closes nowhere: no use to look for it
    return (_SQL_COMMENT.sub(b" ", opened[:end]) + opened[end:]).replace(b"*/", b" ")


def shell_quotes(text: bytes) -> bytes:
    r"""Undo quoting inside a shell word: ``c""at``, ``w\hoami``, ``cat$IFS/etc``."""
    if not _SHELL_JOIN.search(text):
        return text
    return _SHELL_NOISE.sub(b"", _SHELL_SPACE.sub(b" ", text))


def base64_text(text: bytes) -> bytes:
    """Decode base64 tokens that turn out to be text; return ``text`` when none does.

    A value that is one base64 text broken into lines, or with its "+" turned into spaces, counts as
    one token.
    """
    # Text in base64 has capitals: without them every third byte would be "h" or above.
    first = None if text.islower() else _BASE64_TOKEN.search(text)
    if not first:
        return text
    if len(first[0]) < len(text) and _BROKEN_BASE64.fullmatch(text.rstrip()):
        broken = text.translate(None, b" \t\r\n")
        unquoted = text.rstrip().replace(b" ", b"+")
        for joined in sorted((broken, unquoted), key=lambda token: len(token) % 4):
            if decoded := _decode_base64(joined):
                return decoded
    tokens = _BASE64_TOKEN.findall(text)
    found = [decoded for token in tokens if (decoded := _decode_base64(token))]
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
    return data if _is_text(data) else b""


def _is_text(data: bytes) -> bool:
    """Return True when at most one character in ten is none that people write."""
    odd = len(data) - len(data.translate(None, _CONTROL_BYTES))
    length = len(data)
    if not data.isascii():
        decoded = data.decode("utf-8", "replace")
        odd += decoded.count("\ufffd")
        length = len(decoded)
    return odd * 10 <= length
