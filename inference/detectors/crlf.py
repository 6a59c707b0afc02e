r"""CRLF injection: a line break that ends one header, command or log line and begins another.

CRS 921120-921190; CWE-93, CWE-113, CWE-117; RFC 9112 §2.2. Line breaks are ordinary in what people
type, so a break alone says nothing: what follows has to be a header line, a status line or a
command. Bodies hold HTTP examples, emails and YAML; there the whole value must have the shape of an
injection: one short line, then nothing but headers.
"""

import re

import re2

from inference import mail_commands
from inference.detector import Detector, Rule, confirmed_by
from inference.fields import Field
from inference.matcher import re2_options
from kysira.types import Place

_HEAD = frozenset({Place.QUERY, Place.PATH, Place.HEADER, Place.COOKIE})
_BODY = frozenset({Place.FORM, Place.JSON, Place.MULTIPART, Place.XML, Place.BODY})
_URL = frozenset({Place.QUERY, Place.PATH, Place.COOKIE})

# U+560A and U+560D lose their high byte in some servers and become LF and CR; U+0085 and U+2028 are
# line ends in others. "\0" and blanks may stand around a break.
_BREAK = (
    r"(?:%[\r\n]0[ad]|[\r\n\x0b\x85]|\xe5\x98[\x8a\x8d]|\xe2\x80[\xa8\xa9]|\xc4"
    r"[\x8a\x8d])[\r\n\t \x00\xe2\x80\xa8\xe5\x98\x8a\x8d]*"
)
_STRONG = (
    r"(?:set-cookie2?\s*:|location\s*:\s*(?:[a-z][a-z0-9+.-]*:|[/\\])|refresh\s*:\s*\d"
    r"|content-(?:type\s*:\s*[\w*]+/|length\s*:\s*\d|encoding\s*:\s*\w|disposition\s*:"
    r"\s*\w|security-policy\s*:|location\s*:)"
    r"|transfer-encoding\s*:|access-control-[\w-]+\s*:|x-(?:xss-protection|forwarded-"
    r"[\w-]+|frame-options|content-type-options|http-[\w-]+|original-url|rewrite-url"
    r"|real-ip)\s*:"
    r"|clear-site-data\s*:|www-authenticate\s*:|strict-transport-security\s*:"
    r"|cache-control\s*:\s*[\w-]+|cookie\s*:\s*[\w.-]+=|last-modified\s*:\s*\w{3},|etag"
    r"\s*:\s*[\"w]"
    r"|host\s*:\s*[\w.-]+\s*[\r\n]|connection\s*:\s*(?:close|keep-alive)|proxy-[\w-]+"
    r"\s*:|link\s*:\s*<)"
)
# Signs that several rules share; the first is one of every strong line.
_LINE_SIGN = (
    rf"{_BREAK}(?:set-|location|refresh|content-|transfer-|access-|x-|clear-|www-|strict-|cache-"
    r"|cookie|last-|etag|host|connection|proxy-|link)"
)
_REQUEST_SIGN = r"\shttp/[0-3]\.\d"
_ANY_LINE = rf"{_BREAK}[a-z][a-z0-9-]+\s*:"
_STATUS = r"http/[0-3](?:\.\d)?\s{1,4}\d{3}\b"
_REQUEST = r"(?:get|head|post|put|delete|options|trace|connect|patch)\s+[^\s]+\s+http/[0-3]\.\d"

_LINES = re.compile(rb"[\r\n]+")
_HEADER_LINE = re2.compile(rb"\s*[a-z$][a-z0-9_-]{1,40}[ \t]*:.*", options=re2_options())
_MESSAGE = re2.compile(
    rb"\s*(?:http/|--|(?:get|head|post|put|delete|options|patch)\s)", options=re2_options()
)
_ADDRESS = re2.compile(rb"[\w.+%-]{1,64}@[\w.-]{1,255}", options=re2_options())
_HEADING_ENDS = (b":", b"`", b"{", b"-", b"|")


def _split(text: bytes) -> tuple[bytes, list[bytes]]:
    """Return what stands before the first break, and the lines up to the first empty one."""
    head = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    first, _, rest = head.partition(b"\n")
    rest = rest.lstrip(b"\n").partition(b"\n\n")[0]
    return first, [line for line in rest.split(b"\n") if line.strip()]


def _is_opening(line: bytes) -> bool:
    """Return True for the first line of an HTTP message, a header block, YAML or a listing."""
    if line.rstrip().endswith(_HEADING_ENDS) or _MESSAGE.match(line):
        return True
    return b"://" not in line and bool(_HEADER_LINE.fullmatch(line))


def _is_value(field: Field, text: bytes) -> bool:
    """Return True when an ordinary value stands before the break, not the start of a message."""
    return field.place is Place.PATH or not _is_opening(_split(text)[0])


def _is_word(field: Field, text: bytes) -> bool:
    """Tell ``en%0d%0aLocation:`` from a note of several lines: one word before the break."""
    first = _split(text)[0].strip()
    return field.place is Place.PATH or not (b" " in first or _is_opening(first))


def _is_all_headers(field: Field, text: bytes) -> bool:
    """Return True for one short ordinary line and then nothing but headers."""
    first, lines = _split(text)
    if field.place is Place.MULTIPART and not first.strip():
        return False  # the head of a part that was cut in an odd place
    if len(first) > 64 or _is_opening(first):
        return False
    return bool(lines) and all(_HEADER_LINE.fullmatch(line) for line in lines)


def _is_mail_address(field: Field, text: bytes) -> bool:
    """Return True when the line before the break is an address and nothing else."""
    return bool(_ADDRESS.fullmatch(_split(text)[0].strip()))


DETECTOR = Detector(
    slug="crlf",
    rules=(
        Rule("set_cookie", rf"{_BREAK}set-cookie2?\s*:", places=_HEAD, check=_is_value),
        Rule(
            "header",
            _LINE_SIGN,
            places=_HEAD,
            check=confirmed_by(rf"^[^\r\n]*{_BREAK}{_STRONG}", after=_is_word),
        ),
        Rule(
            "header",
            _LINE_SIGN,
            0.7,
            places=_HEAD,
            check=confirmed_by(rf"^[^\r\n]*{_BREAK}{_STRONG}", after=_is_value),
        ),
        Rule(
            "other_header",
            _ANY_LINE,
            places=_URL,
            check=confirmed_by(
                rf"^[^\r\n]*{_BREAK}(?:x-[a-z]|[a-z][a-z0-9]+-)[a-z0-9-]+\s*:\s*[^\s]",
                after=_is_word,
            ),
        ),
        Rule("any_header", r"^[^\r\n]*\r\n[a-z][a-z-]+:\s*[^\s]", 0.9, places=_URL, check=_is_word),
        Rule("response_splitting", rf"[\r\n]\s*{_STATUS}", places=_HEAD, check=_is_value),
        Rule(
            "request_splitting",
            rf"^[^\r\n]*[\r\n]\s*{_REQUEST}|\shttp/[01]\.\d[\r\n]+(?:[\w-]+\s*:|[\r\n])",
            places=_HEAD,
            check=_is_value,
        ),
        Rule("request_splitting", rf"^[^\s]+[\r\n]\s*{_REQUEST}", places=_BODY, check=_is_word),
        Rule(
            "body_injection",
            r"^[^\r\n]*(?:\r\n\r\n|\n\n|\r\r|\n\r\n|\xe5\x98\x8d\xe5\x98\x8a\xe5\x98\x8d\xe5\x98"
            r"\x8a)\s*<(?:!doctype|html|head|body|script|svg|img|iframe|h1|meta|form|a\s)",
            places=_URL,
            check=_is_word,
        ),
        Rule(
            "body_value",
            _LINE_SIGN,
            places=_BODY,
            check=confirmed_by(rf"^[^\r\n]*{_BREAK}{_STRONG}", after=_is_all_headers),
        ),
        Rule(
            "mail_header",
            _ANY_LINE,
            check=confirmed_by(
                r"^[^\r\n]+[\r\n]\s*(?:b?cc|to|subject|reply-to|from|mime-version|content-type"
                r"|x-mailer)\s*:\s*[^\s]",
                after=_is_mail_address,
            ),
        ),
        Rule(
            "mail_command",
            r"[\r\n]\s*(?:rcpt\s+to\s*:|mail\s+from\s*:)\s*<?[\w.+-]+@|[\r\n]\.[\r\n]+(?:mail"
            r"\s+from|quit|rset)\b",
            places=_HEAD,
            check=_is_value,
        ),
        # Redis and memcached read commands line by line
        Rule(
            "text_protocol",
            r"[\r\n]\*\d+\r?\n\$\d+\r?\n|\r?\n(?:flushall|slaveof\s+[\w.-]+\s+\d+|config\s+set"
            r"\s+(?:dir|dbfilename))\b"
            r"|\r\n(?:set|add|replace)\s+[^\s]+\s+\d+\s+\d+\s+\d+(?:\s+noreply)?\r\n",
            places=_HEAD,
        ),
        # CWE-117: a forged line in a log
        Rule(
            "log_line",
            r"^[^\s:=]*[\r\n]\s*(?:\[?\d{4}-\d\d-\d\d[t ]\d\d:\d\d"
            r"|\[?\d{1,2}/\w{3}/\d{4}:\d\d:\d\d|\d{1,3}(?:\.\d{1,3}){3}\s+-\s+[\w-]+\s+\[)",
            places=_URL,
        ),
        Rule(
            "log_line",
            r"^[A-Za-z0-9_.@-]+[\r\n]\s*(?:\[?(?:INFO|WARN(?:ING)?|ERROR|DEBUG|FATAL|CRITICAL"
            r"|NOTICE|ALERT)\b|[A-Z][A-Z_]+(?: [A-Z]{2,20}){0,3}\s*:)\s*[^\s]",
            places=_URL,
            is_case_sensitive=True,
        ),
        # A break in a path; a lone one at its end is a copying mistake. CVE-2019-11043: PHP-FPM.
        Rule(
            "break_in_path",
            r"php_(?:admin_)?value[\r\n]|\r\n[\w-]+:|\r\n\r\n[^\s]",
            places=frozenset({Place.PATH}),
        ),
        Rule("break_in_path", r"[\r\n][^\s]", 0.5, places=frozenset({Place.PATH})),
        *mail_commands.RULES,
    ),
)
