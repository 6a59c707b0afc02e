"""How clients and attackers spell a value, and attacks to be spelled."""

import base64
import html
import json
from collections.abc import Callable
from functools import cache
from urllib.parse import quote

from inference.detectors import load_detectors
from kysira.types import DEFAULT_THRESHOLD, Place, Request, ScoreOptions
from tests.detector_cases import load_cases
from tests.fuzz.engines import rules_alone
from tests.placement import request_with

Spelling = Callable[[bytes], bytes]
_PLACES = (Place.QUERY, Place.FORM, Place.JSON, Place.MULTIPART, Place.HEADER, Place.COOKIE)
BASE64_FROM = 12
"""Bytes whose base64 is long enough to be taken for one."""


def text_of(value: bytes) -> str:
    """Return a text that stands for any bytes, one for each where they are no UTF-8."""
    return value.decode("utf-8", "surrogateescape")


def every_byte(form: str) -> Spelling:
    """Return the spelling that writes each byte so."""
    return lambda value: "".join(form.format(byte) for byte in value).encode()


def every_character(form: str) -> Spelling:
    """Return the spelling that writes each character so; bytes that are none stay."""
    return lambda value: b"".join(
        char.encode("utf-8", "surrogateescape") if "\udc80" <= char <= "\udcff"
        else form.format(ord(char)).encode()
        for char in text_of(value)
    )  # fmt: skip


def escaped_html(value: bytes) -> bytes:
    """Return the value as a page shows it."""
    return html.escape(text_of(value)).encode("utf-8", "surrogateescape")


def in_json(value: bytes) -> bytes:
    """Return what stands between the quotes of a JSON string."""
    text = json.dumps(text_of(value), ensure_ascii=False)[1:-1]
    return text.encode("utf-8", "surrogateescape")


def full_width(value: bytes) -> bytes:
    """Return the value in full-width forms, as a browser's user may type it."""
    moved = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
    return text_of(value).translate(moved).encode("utf-8", "surrogateescape")


def overlong(value: bytes) -> bytes:
    """Return each byte of ASCII in two, as a broken decoder accepts."""
    return b"".join(
        bytes((0xC0 | byte >> 6, 0x80 | byte & 0x3F)) if byte < 0x80 else bytes((byte,))
        for byte in value
    )


SPELLINGS: dict[str, Spelling] = {
    "quote": lambda value: quote(value, safe="").encode(),
    "percent": every_byte("%{:02x}"),
    "html": escaped_html,
    "decimal": every_character("&#{};"),
    "hexadecimal": every_character("&#x{:X};"),
    "escape": every_character("\\u{{{:x}}}"),
    "json": in_json,
    "overlong": overlong,
    "base64": base64.b64encode,
    "base64url": lambda value: base64.urlsafe_b64encode(value).rstrip(b"="),
}


def spelled(value: bytes, chain: list[str]) -> bytes:
    """Return the value in all the spellings, the first innermost."""
    for number, name in enumerate(chain):
        is_base64 = name.startswith("base64")
        # What decodes to no text is taken for no base64.
        if is_base64 and (len(value) < BASE64_FROM or "overlong" in chain[:number]):
            continue
        value = SPELLINGS[name](value)
    return value


@cache
def attacks() -> tuple[tuple[bytes, str], ...]:
    """Return the attacks of the tables that are found wherever they stand, and who finds them."""
    found: dict[bytes, str] = {}
    for detector in load_detectors():
        for case in load_cases(detector.slug):
            if case.match and _is_found_anywhere(detector.slug, case.input):
                found[case.input.encode("utf-8", "surrogateescape")] = detector.slug
    return tuple(found.items())


def _is_found_anywhere(slug: str, text: str) -> bool:
    """Return False for what only some places make an attack, such as one word in a path."""
    if "\0" in text:  # which no text in HTML or XML can hold
        return False
    alone = Request("", b"", body=text.encode("utf-8", "surrogateescape"), free_text=True)
    placed = [request_with(place, "q", text) for place in _PLACES]
    verdicts = [rules_alone().score(request, ScoreOptions()) for request in (alone, *placed)]
    return all(verdict.breakdown[slug] >= DEFAULT_THRESHOLD for verdict in verdicts)
