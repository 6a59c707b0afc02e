"""Values and requests that no client would send: spliced, cut, doubled, and wrongly declared."""

import dataclasses
from collections.abc import Callable

from kysira.types import Request
from tests.fuzz.choices import Choices
from tests.fuzz.containers import KINDS, carried
from tests.fuzz.messages import tokens
from tests.fuzz.spellings import SPELLINGS, attacks, spelled

TOKENS = tokens()
_WORDS = (b"a", b"union select", b" or 1=1 ", b"<svg onload=", b"4", b"25", b"x=y", "é".encode())
TYPES = (
    b"application/json", b"application/xml", b"application/x-www-form-urlencoded", b"text/plain",
    b"multipart/form-data; boundary=XyZ", b"multipart/form-data", b"application/graphql",
    b"application/json; charset=utf-16", b"text/xml; charset=utf-7", b"a/b; charset=ibm037",
    b"text/x; charset=x-none", b"text/x; charset=hz; charset=iso-2022-jp", b"image/png", b"",
    b"multipart/mixed; boundary=a; boundary=b", b"application/grpc", b"\xff",
)  # fmt: skip
CODINGS = (b"gzip", b"deflate", b"br", b"zstd", b"gzip, br", b"identity", b"a,b,c,d", b"\xff")
Change = Callable[[Choices, bytes], bytes]


def soup(choices: Choices) -> bytes:
    """Return what parsers and decoders look for, in no order, between other bytes."""
    kinds = (TOKENS, TOKENS, _WORDS)
    pieces = [
        choices.take(6) if choices.happens(4) else choices.pick(choices.pick(kinds))
        for _ in range(choices.number(12))
    ]
    return b"".join(pieces)


def spelled_attack(choices: Choices) -> bytes:
    """Return an attack in up to two spellings, one upon the other."""
    value, _ = choices.pick(attacks())
    return spelled(value, choices.picks(sorted(SPELLINGS), 2))


def value(choices: Choices) -> bytes:
    """Return a value of any kind: soup, an attack in some spelling, or what is left of one."""
    return changed(choices, choices.pick([soup, soup, spelled_attack])(choices))


def cut(choices: Choices, data: bytes) -> bytes:
    """Return the data up to some place."""
    return data[: choices.number(len(data))]


def doubled(choices: Choices, data: bytes) -> bytes:
    """Return the data with a part of it twice."""
    start, end = sorted((choices.number(len(data)), choices.number(len(data))))
    return data[:end] + data[start:]


def spliced(choices: Choices, data: bytes) -> bytes:
    """Return the data with something in its midst."""
    place = choices.number(len(data))
    return data[:place] + soup(choices) + data[place:]


def holed(choices: Choices, data: bytes) -> bytes:
    """Return the data without a part of it."""
    start, end = sorted((choices.number(len(data)), choices.number(len(data))))
    return data[:start] + data[end:]


def flipped(choices: Choices, data: bytes) -> bytes:
    """Return the data with another byte somewhere."""
    place = choices.number(len(data))
    return data[:place] + bytes((choices.number(255),)) + data[place + 1 :]


def grown(choices: Choices, data: bytes) -> bytes:
    """Return the data with a few bytes of it many times over."""
    start = choices.number(len(data))
    part = data[start : start + 1 + choices.number(7)]
    return data[:start] + part * (_GROWN // max(1, len(part))) + data[start:]


_GROWN = 5000
"""Bytes: more digits than ``int`` takes, more brackets than a parser nests."""
_OFTEN: tuple[Change, ...] = (cut, doubled, spliced, holed, flipped)
CHANGES = (*_OFTEN, *_OFTEN, *_OFTEN, *_OFTEN, grown)


def changed(choices: Choices, data: bytes) -> bytes:
    """Return the data after up to three changes."""
    for change in choices.picks(CHANGES, 3):
        data = change(choices, data)
    return data


def _with_headers(choices: Choices, request: Request) -> Request:
    """Return the request with headers that it should not have, or without some."""
    headers = [pair for pair in request.headers if not choices.happens(8)]
    if choices.happens():
        headers.append(
            ("content-type", soup(choices) if choices.happens(4) else choices.pick(TYPES))
        )
    if choices.happens():
        headers.append(("content-encoding", choices.pick(CODINGS)))
    if choices.happens(4):
        headers.append((choices.pick(["cookie", "host", "x-a", ":path"]), value(choices)))
    return dataclasses.replace(request, headers=tuple(headers))


def request(choices: Choices) -> Request:
    """Return a request of any bytes; most were well-formed once."""
    well_formed = carried(choices, choices.pick(KINDS), value(choices))
    if choices.happens():
        well_formed = _with_headers(choices, well_formed)
    return dataclasses.replace(
        well_formed,
        target=changed(choices, well_formed.target),
        body=changed(choices, well_formed.body),
        body_truncated=choices.happens(),
        free_text=choices.happens(16),
    )
