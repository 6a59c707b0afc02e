"""Which values are prose that a language model may read: the gate of the prompt-injection model."""

import re

from inference.fields import Field
from kysira.types import Place

_WORDS = 5
_JOINED_WORDS = 7
"""Of words without blanks: paths and slugs have fewer, as a rule."""
_CJK_CHARACTERS = 8
# Scripts that are written without blanks: kana, Han, Hangul, Thai.
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_JOINED = re.compile(rb"[A-Za-z]{2,}[-_./,+|:;~]")
_WORD = re.compile(r"[^\W_]{2,}")
_ALPHANUMERIC = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_MACHINE_HEADERS = frozenset(
    {
        "user-agent", "referer", "origin", "authorization", "dnt", "priority", "range", "via",
        "forwarded", "if-none-match", "if-modified-since", "cache-control", "pragma",
        "content-type", "content-encoding", "content-disposition", "traceparent", "tracestate",
    }
)  # fmt: skip


def is_prose(field: Field, text: bytes) -> bool:
    """Return True for text by people that has enough words for the model to judge.

    A language model reads ``ignore_all_rules`` as well as it reads blanks between the words.
    """
    if field.place is Place.HEADER and (
        field.name in _MACHINE_HEADERS or field.name.startswith(("accept", "sec-", "x-amz-", "cf-"))
    ):
        return False
    if len(text.split(None, _WORDS - 1)) >= _WORDS:
        return True
    if text.isascii():
        # It is asked of every new value of every request, and most have few of these.
        joints = len(text.translate(None, _ALPHANUMERIC))
        return joints >= _JOINED_WORDS - 1 and len(_JOINED.findall(text)) >= _JOINED_WORDS - 1
    decoded = text.decode("utf-8", "replace")
    return len(_WORD.findall(decoded)) >= _WORDS or len(_CJK.findall(decoded)) >= _CJK_CHARACTERS
