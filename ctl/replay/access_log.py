r"""Requests of an access log: common or combined format, or a JSON object a line.

https://httpd.apache.org/docs/2.4/logs.html and nginx's log_format: both write what is no plain
character as ``\xHH``. Of a request there is its line, and with luck its Referer and User-Agent.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from ctl.inputs import BROKEN, skip_line, why
from ctl.replay.item import Broken, Item, Read, Unread
from kysira.types import Request

MOST_BYTES = 1 << 20
_BOM = b"\xef\xbb\xbf"
_QUOTED = rb'"((?:[^"\\]|\\.)*)"'
_LINE = re.compile(
    rb"(?:(?P<host>[^\s\[\"]+:\d+) )?(?P<address>(?!- )(?:[^\s\[\"]+|\[[0-9A-Fa-f:.]+\])) "
    rb"(?P<ident>\S+) (?P<user>[^\[\"]*?) ?"
    rb"\[(?P<time>[^\]]+)\] " + _QUOTED.replace(b"(", b"(?P<line>", 1) +
    rb" (?:\d{3}|-)(?: (?:\d+|-))?(?: " + _QUOTED.replace(b"(", b"(?P<referer>", 1) +
    rb" " + _QUOTED.replace(b"(", b"(?P<agent>", 1) + rb")?(?: .*)?",
    re.DOTALL,
)  # fmt: skip
_REQUEST = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S.*?)(?: HTTP/\d(?:\.\d)?)?", re.DOTALL)
_ESCAPE = re.compile(rb"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL)
_SIGNS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


def log_items(file: BinaryIO, name: str) -> Iterator[Read]:
    """Yield the requests of a log's lines, in flat memory."""
    number = 0
    try:
        while line := file.readline(MOST_BYTES):
            number += 1
            line = line.removeprefix(_BOM) if number == 1 else line
            where = f"{name}:{number}"
            if len(line) == MOST_BYTES and not line.endswith(b"\n"):
                skip_line(file, MOST_BYTES)
                yield Unread(where, "is too long for a line")
            elif text := line.rstrip(b"\r\n"):
                yield _item(text, where)
    except BROKEN as error:
        yield Broken(f"{name}:{number + 1}", f"not read to its end: {why(error)}")


def _item(text: bytes, where: str) -> Item | Unread:
    if text.startswith(b"{"):
        return _of_json(text, where)
    found = _LINE.fullmatch(text)
    if not found:
        return Unread(where, "is no line of a common or combined log")
    headers = {"referer": found["referer"], "user-agent": found["agent"]}
    host = found["host"] or b""
    headers["host"] = host.rpartition(b":")[0]
    return _made(
        unescaped(found["line"]), {k: unescaped(v or b"") for k, v in headers.items()},
        found["address"].decode("utf-8", "replace").strip("[],"), where,
    )  # fmt: skip


def _made(line: bytes, headers: Mapping[str, bytes], address: str, where: str) -> Item | Unread:
    request = _REQUEST.fullmatch(line)
    if not request:
        return Unread(where, "has no request line, as of a client that sent none")
    told = tuple((name, value) for name, value in headers.items() if value not in (b"", b"-"))
    method = request[1].decode("ascii")
    return Item(where, Request(method, request[2], told, source_ip=address))


def unescaped(text: bytes) -> bytes:
    r"""Return the bytes that a log wrote as ``\x22`` and the like."""
    return _ESCAPE.sub(_byte, text) if b"\\" in text else text


def _byte(found: re.Match[bytes]) -> bytes:
    sign = found[1]
    return bytes.fromhex(sign[1:].decode()) if len(sign) == 3 else _SIGNS.get(sign, sign)


_LINES = ("request", "request_line")
_TARGETS = ("request_uri", "uri", "path", "url")
_METHODS = ("request_method", "method")
_HEADERS = {
    "host": ("http_host", "host", "server_name"),
    "referer": ("http_referer", "referer", "http_referrer"),
    "user-agent": ("http_user_agent", "user_agent", "agent"),
}
_ADDRESSES = ("remote_addr", "client_ip", "remote_ip", "client")


def _of_json(text: bytes, where: str) -> Item | Unread:
    """Return the request of nginx's ``log_format … escape=json``, by the names of its variables."""
    try:
        row = json.loads(text.decode("utf-8", "surrogateescape"), strict=False)
    except (ValueError, RecursionError):
        return Unread(where, "is no JSON")
    if not isinstance(row, dict):
        return Unread(where, "is no JSON object")
    line = _first(row, _LINES)
    if not line:
        method, target = _first(row, _METHODS) or "GET", _first(row, _TARGETS)
        if not target:
            return Unread(where, "names no request, request_uri or uri")
        line = f"{method} {target} HTTP/1.1"
    headers = {name: _bytes(_first(row, keys)) for name, keys in _HEADERS.items()}
    return _made(_bytes(line), headers, _first(row, _ADDRESSES), where)


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")  # bytes that were no UTF-8, as they came
    except UnicodeEncodeError:  # an escape may stand for half a character
        return text.encode("utf-8", "surrogatepass")


def _first(row: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return next((row[key] for key in keys if isinstance(row.get(key), str) and row[key]), "")
