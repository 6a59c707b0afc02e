"""Which values could be SQL: the gate in front of the sqli model, and its first judge.

It asks for a word or operator of SQL *and* a sign that something is broken out of, or for a comment
behind a quote. Quotes alone, brackets alone and words alone are what prose and code are made of:
with less asked, half of the prose that people send would reach the model.
"""

import re

from inference.fields import CHAT_PLACES, Field
from kysira.types import Place

_TAME = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:,~!?"
"""What makes no sign of SQL, unless it is two dashes."""
_HEADER_SIGNS = re.compile(rb"'|--|\b(?:select|union|sleep|waitfor|or)\b", re.IGNORECASE)
_COMMENT = re.compile(rb"--|#|/\*")
# An apostrophe within a word is none.
_OUTER_QUOTE = rb"(?<![a-z])'|'(?![a-z])"
_QUOTE = re.compile(rb"[\"`)]|" + _OUTER_QUOTE, re.IGNORECASE)
_SIGN = re.compile(rb"[\"`();<>=]|0x|" + _OUTER_QUOTE, re.IGNORECASE)
_WORD = re.compile(
    rb"\b(?:select|union|insert|update|delete|drop|alter|create|exec(?:ute)?|declare|x?or|and|not"
    rb"|like|rlike|regexp|where|having|order|group|limit|sleep|benchmark|waitfor|between|null|case"
    rb"|when|from|table|div|in|is|concat\w*|cha?r|version|user|database|schema|\w+_schema|pg_\w+"
    rb"|[xs]p_\w+|sys\w*|count|substr\w*|ascii|ord|unhex|hex|load_file|extractvalue|updatexml"
    rb"|convert|cast|into|procedure|analyse|mid|iif|if|true|false|end|begin|merge|grant|truncate"
    rb"|handler|dual|distinct|asc|desc|by|all|as|top|offset|join|natural|collate)\b"
    rb"|\|\||&&|@@",
    re.IGNORECASE,
)
_STRONG = re.compile(
    rb"\b(?:select|union|having|waitfor|exec(?:ute)?|declare|rlike|xor|procedure|benchmark"
    rb"|(?:or|and|not|order\s+by|group\s+by|limit|between|like|div|in)[\s+]+[\d-])"
    rb"|\|\||&&|@@",
    re.IGNORECASE,
)
"""What needs no sign beside it: after a number nothing has to be closed."""


def may_be_sql(field: Field, text: bytes) -> bool:
    """Return True for a value that the model should see; of headers, fewer signs count."""
    if field.place in CHAT_PLACES:  # its parts are values of their own
        return False
    if field.place is Place.HEADER:
        return bool(_HEADER_SIGNS.search(text))
    # It is asked of every new value of every request, and most hold nothing but these.
    odd = text.translate(None, _TAME)
    if not odd.strip(b" +") and b"--" not in text:
        return bool(odd and _STRONG.search(text))
    if _COMMENT.search(text) and _QUOTE.search(text):
        return True
    return bool(_WORD.search(text) and (_SIGN.search(text) or _STRONG.search(text)))


def signs_of_sql(text: str) -> float:
    """Return how much of SQL a text has, to rank texts by: words count more than signs."""
    raw = text.encode("utf-8", "replace")
    return 2.0 * len(_WORD.findall(raw)) + len(_SIGN.findall(raw)) + len(_COMMENT.findall(raw))
