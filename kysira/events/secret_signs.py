"""What looks like a secret: by the name of a value, or by the value itself.

Rather too much is called one than too little. Work is linear in the length of what is asked about.
"""

import string
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any
from urllib.parse import unquote_to_bytes

import re2

_DECODINGS = 4
_RUN = 20
"""A run of fewer letters and digits may be a word or a number; none as short is called random."""
_FEWEST_WITH_DIGITS = 24
"""Letters of one case and digits in a shorter run are not called random either."""
SHORT = 12
"""No look tells a secret of so few bytes."""
LONGEST_NAME = 256
"""Bytes; what has a longer name is called a secret unread."""
_REMEMBERED = 64
_MOST = 64
"""Of more names, numbers or runs in one value none is looked at: it is called a secret."""


def _options() -> Any:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    return options


def _compile(pattern: str) -> Any:
    return re2.compile(pattern.encode(), options=_options())


def _compile_all(*patterns: str) -> Callable[[bytes], list[int] | None]:
    """Return what tells which of the patterns are in a text, sooner than one search for one.

    It gives their numbers; for none of them an empty list or None.
    """
    made = re2.Set.SearchSet(_options())
    for pattern in patterns:
        made.Add(pattern.encode())
    made.Compile()
    found: Callable[[bytes], list[int] | None] = made.Match
    return found


_NAMES = _compile(
    r"passw|passphrase|pass$|pwd|secret|token|credential|signature|session|sessid|cookie|bearer"
    r"|apikey|key[0-9]*$|auth$|authoriz|authentic|oauth|jwt|otp$|csrf|xsrf|saml|assertion|mnemonic"
    r"|pincode|creditcard|cardn(?:o|um)|ccnum"
    r"|^code[0-9]*$|(?:auth|access|verif[a-z]*|confirm[a-z]*|authori[sz]ation|sms|reset|security"
    r"|login|activation|invite|recovery|backup|pass|device|user|2fa|mfa|otp)code$"
)
"""In a name without its punctuation, in lower case."""
_WORDS = frozenset(
    b"pass pw pin key keys auth sig sign sid otp totp hotp hmac cvv cvc ssn cred creds ticket cc"
    .split()
)  # fmt: skip
"""As whole words of a name."""
_WORD = _compile(r"[A-Z]+[a-z]*|[a-z]+")

_KNOWN = (
    r"eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{2,}"  # JWT, JWS, JWE: {" in base64
    r"|-----BEGIN[A-Z0-9 +]*PRIVATE[ +]KEY"
    r"|\b(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA|ABIA|ACCA)[A-Z0-9]{12}"
    r"|\b(?:gh[pousr]|github_pat)_[A-Za-z0-9_]{16}|\bglpat-[A-Za-z0-9_-]{16}"
    r"|\bxox[a-z]-[A-Za-z0-9-]{8}|\bxapp-[A-Za-z0-9-]{8}"  # Slack
    r"|\b[rs]k_(?:live|test)_[A-Za-z0-9]{8}|\bwhsec_[A-Za-z0-9]{8}"  # Stripe
    r"|\bsk-[A-Za-z0-9_-]{16}|\bAIza[A-Za-z0-9_-]{30}|\bya29\.[A-Za-z0-9_-]{8}"
    r"|\bSG\.[A-Za-z0-9_-]{16}|\bnpm_[A-Za-z0-9]{16}|\bpypi-[A-Za-z0-9_-]{16}"
    r"|(?i:\b(?:bearer|basic)[\s+]+)[A-Za-z0-9+/=._~-]{8}"
    r"|://[^/?#\s:@]*:[^/?#\s@]+@"  # a URL with a password
)
_CARD = r"[0-9](?:[ +.-]?[0-9]){12,}"
_CARD_LIKE = r"(?:^|[^0-9])[2-6][0-9]{3}(?:[ +.-]?[0-9]){9,15}(?:[^0-9]|$)"
"""What every card's number is, by its first digit and its length, and few other numbers are."""
_known = _compile(_KNOWN)
_known_or_card_like = _compile_all(_KNOWN, _CARD_LIKE)
_card = _compile(_CARD)
_named = _compile(r"""(?:(?:^|[?&#;\n])\s*["']?|[{,\[]\s*["'])([^=:&?#;"'{},\s]+)["']?\s*[=:]""")
"""A value that has names and values of its own: a URL's query, JSON, a header's parameters."""
_unicode_escape = _compile(r"%[uU]00([0-9A-Fa-f]{2})")
_digits = _compile(r"[0-9]+")
_CARD_LENGTHS = {
    b"2": (16,), b"3": (14, 15, 16), b"4": (13, 16, 19), b"5": (16,), b"6": (16, 19),
}  # fmt: skip
_DIGITS = string.digits.encode()
_UPPER = string.ascii_uppercase.encode()
_LOWER = string.ascii_lowercase.encode()
_SEPARATORS = b"+/_-"
"""What base64 and tokens have beside letters and digits."""


def _all_but(kept: bytes) -> bytes:
    return bytes(code for code in range(256) if code not in kept)


_NOT_HIGH = _all_but(_DIGITS + _UPPER)
_NOT_DIGITS = _all_but(_DIGITS)
_NOT_ALNUM = _all_but(_DIGITS + _UPPER + _LOWER)
_NOT_TOKEN = _all_but(_DIGITS + _UPPER + _LOWER + _SEPARATORS)
_PIECES = bytes.maketrans(_NOT_ALNUM, b" " * len(_NOT_ALNUM))
_TOKENS = bytes.maketrans(_NOT_TOKEN, b" " * len(_NOT_TOKEN))
_HEX_DIGITS = string.hexdigits.encode()
_CLASSES = bytes.maketrans(_DIGITS + _UPPER + _LOWER, b"d" * 10 + b"u" * 26 + b"l" * 26)
_CHANGES = (b"lu", b"ul", b"ld", b"dl", b"ud", b"du")
_PUNCTUATION = bytes(code for code in range(128) if not chr(code).isalnum())
_FEWEST_DIGITS = 13
"""Of a card's number."""


def decoded(text: bytes) -> bytes:
    """Return the text without percent-encoding, however often it was encoded."""
    if b"%" not in text:
        return text
    once = unquote_to_bytes(text)
    if b"%" not in once:  # as of most: no %u was there, which it would have left as it was
        return once
    for _ in range(_DECODINGS):
        if b"%" not in text:
            break
        if b"%u" in text or b"%U" in text:  # as old IIS applications read it
            text = _unicode_escape.sub(rb"%\1", text)
        before, text = text, unquote_to_bytes(text)
        if text == before:
            break
    return text


@lru_cache(4096)
def _is_secret_short_name(name: bytes) -> bool:
    return _is_secret_name(name)


def is_secret_name(name: bytes) -> bool:
    """Return True when a value of this name, as it was sent, is to be kept from everybody."""
    if len(name) > LONGEST_NAME:
        return True
    return _is_secret_short_name(name) if len(name) <= _REMEMBERED else _is_secret_name(name)


def _is_secret_name(name: bytes) -> bool:
    name = decoded(name)
    if not name.isascii():
        text = unicodedata.normalize("NFKC", name.decode("utf-8", "replace"))
        name = text.encode("ascii", "ignore")
    if _NAMES.search(name.translate(None, _PUNCTUATION).lower()):
        return True
    return any(word.lower() in _WORDS for word in _WORD.findall(name))


def looks_secret(value: bytes) -> bool:
    """Return True for a value, as it was sent, that looks like a key, a token or a card's number.

    Or that holds one, under a name that says so too: ``next=/login?token=…``.
    """
    text = decoded(value)
    if (b"=" in text or b":" in text) and _is_any(is_secret_name, _found(_named, text)):
        return True
    return len(text) > SHORT and (is_known_secret(text) or is_random(text))


def is_known_secret(text: bytes) -> bool:
    """Return True when the decoded text holds what a service's keys or tokens look like."""
    return bool(_known.search(text))


def may_hold_known_secret(text: bytes) -> bool:
    """Return False when no part of the decoded text is a known secret or a card's number.

    Parts are what is between any of ``/?&=``. One search for all costs less than one for each.
    """
    signs = _known_or_card_like(text) or ()
    if 0 in signs:
        return True
    return (1 in signs or _may_be_too_much(text)) and _holds_card(text)


def _may_be_too_much(text: bytes) -> bool:
    """Return False when no part has more groups of digits, or numbers, than are looked at."""
    # Between two groups is something else.
    return len(text) > 2 * _MOST and len(text.translate(None, _NOT_DIGITS)) > _MOST


def random_runs(text: bytes) -> list[bytes]:
    """Return what makes parts of the decoded text random, but for cards' numbers.

    Parts are what is between any of ``?&=``; no slash may be between two. It is too much where
    there is too much to look at.
    """
    runs = _runs(text, _TOKENS)
    return runs if len(runs) > _MOST else [run for run in runs if _is_random(run)]


def is_random(text: bytes) -> bool:
    """Return True when the decoded text holds a card's number, or what nobody writes by hand."""
    high = text.translate(None, _NOT_HIGH)
    if not high:  # as of words in lower case
        return False
    digits = len(high.translate(None, _NOT_DIGITS))
    if digits >= _FEWEST_DIGITS and _holds_card(text):
        return True
    return bool(random_runs(text))


def _holds_card(text: bytes) -> bool:
    return _is_any(_has_card, _found(_card, text))


def _runs(text: bytes, separate: bytes) -> list[bytes]:
    """Return the runs of _RUN and more bytes that the table does not make spaces of."""
    return [run for run in text.translate(separate).split(b" ") if len(run) >= _RUN]


def _found(pattern: Any, text: bytes) -> list[bytes]:
    """Return what the pattern's group, or all of it, matched, one more than ``_MOST`` at most."""
    return [match[pattern.groups] for match in islice(pattern.finditer(text), _MOST + 1)]


def _is_any(is_secret: Callable[[bytes], bool], found: Sequence[bytes]) -> bool:
    return len(found) > _MOST or any(map(is_secret, found))


def _has_card(text: bytes) -> bool:
    """Return True when some groups of digits in a row are a payment card's number."""
    groups = _found(_digits, text)
    if len(groups) > _MOST:
        return True
    for first, group in enumerate(groups):
        if len(group) < 4:  # the first group of a number has four and more
            continue
        number = b""
        for more in groups[first : first + 5]:
            number += more
            if _is_card(number):
                return True
    return False


def _is_card(number: bytes) -> bool:
    """Return True for a length and first digit that are in use, and Luhn's sum (ISO/IEC 7812).

    Milliseconds since 1970 begin with 1, as no card does.
    """
    if len(number) not in _CARD_LENGTHS.get(number[:1], ()):
        return False
    digits = [code - ord("0") for code in number]
    doubled = (2 * digit - 9 * (digit > 4) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_random(token: bytes) -> bool:
    """Return True for what nobody would write by hand: long hex, or base64 of random bytes."""
    high = token.translate(None, _NOT_HIGH)
    if not high or (len(token) < _FEWEST_WITH_DIGITS and high.isdigit()):  # as of most
        return False
    run = token.translate(None, _SEPARATORS)
    separators = len(token) - len(run)
    if separators * 10 <= len(token):
        return _is_mixed(run)
    # A path, or words: what is between them counts, unless it is too mixed for words.
    is_text = separators * 4 > len(token) or _changes(run) < 0.5
    return _is_any(_is_mixed, _runs(token, _PIECES)) if is_text else _is_mixed(run)


def _is_mixed(run: bytes) -> bool:
    digits = len(run.translate(None, _NOT_DIGITS))
    if 0 < digits < len(run) and not run.translate(None, _HEX_DIGITS):
        return len(run) >= 32  # 24 digits are a database's id, in many a path
    if run != run.upper() and run != run.lower():
        return len(run) >= 16 and _changes(run) >= (0.35 if digits > 1 else 0.45)
    if run.isupper():  # base32; nobody writes so many capitals and digits in one word
        return len(run) >= _FEWEST_WITH_DIGITS and digits > 0
    return len(run) >= _FEWEST_WITH_DIGITS and digits > 1 and _changes(run) >= 0.1


def _changes(run: bytes) -> float:
    """Return how many neighbours are of different classes: two in three in random base64."""
    classes = run.translate(_CLASSES)
    return sum(map(classes.count, _CHANGES)) / max(len(run) - 1, 1)
