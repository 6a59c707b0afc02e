"""Requests of an HTTP archive, HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/)."""

import base64
import binascii
import io
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO
from urllib.parse import urlencode, urlsplit

from ctl.inputs import BROKEN, why
from ctl.replay.item import Broken, Item, Read, Unread, sent
from ctl.replay.json_pieces import BrokenJson, JsonPieces
from kysira.types import Request

_BOUNDARY = "kysira-replay"
_MADE_ANEW = f"multipart/form-data; boundary={_BOUNDARY}"
_FORM = "application/x-www-form-urlencoded"


def har_items(file: BinaryIO, name: str) -> Iterator[Read]:
    """Yield the requests of an archive, which is never held whole."""
    text = io.TextIOWrapper(file, "utf-8-sig")
    document = JsonPieces(text)
    try:
        for key in document.members():
            if key != "log":
                document.value()
                continue
            for part in document.members():
                if part != "entries":
                    document.value()
                    continue
                for number, entry in enumerate(document.items()):
                    yield _item(entry, f"{name}[{number}]")
    except (BrokenJson, *BROKEN) as error:
        yield Broken(name, f"not read to its end: {why(error)}")
    finally:
        text.detach()


def _item(entry: Any, where: str) -> Item | Unread:
    asked = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(asked, dict):
        return Unread(where, "has no request")
    method, url = asked.get("method"), asked.get("url")
    if not isinstance(method, str) or not isinstance(url, str) or not method:
        return Unread(where, "has no method or no URL")
    try:
        parts = urlsplit(url)
    except ValueError:
        return Unread(where, "its URL can't be read")
    if parts.scheme not in ("http", "https", "ws", "wss", ""):
        return Unread(where, f"its URL is no http one: {parts.scheme}:")
    try:
        kind, body = _body(asked.get("postData"))
    except (ValueError, binascii.Error):
        return Unread(where, "its body can't be read")
    headers = _headers(asked, parts.netloc.rpartition("@")[2], kind)
    address = url.partition("#")[0]
    rest = address.partition("://")[2] if "://" in address else address
    ends = [at for at in map(rest.find, "/?") if at >= 0]
    target = (rest[min(ends) :] if ends else "") if "://" in address else rest
    if not target.startswith("/"):
        target = f"/{target}"
    return Item(where, Request(method, sent(target), headers, body))


def _headers(asked: Mapping[str, Any], host: str, kind: str) -> tuple[tuple[str, bytes], ...]:
    rows = _pairs(asked.get("headers"))
    headers = [(name.lower(), value.encode("utf-8", "surrogatepass")) for name, value in rows]
    if kind == _MADE_ANEW:  # the recorded one names a boundary that the body does not have
        headers = [row for row in headers if row[0] != "content-type"]
    known = {name for name, _ in headers}
    if host and not known & {"host", ":authority"}:
        headers.insert(0, ("host", host.encode("utf-8", "surrogatepass")))
    if kind and "content-type" not in known:
        headers.append(("content-type", kind.encode("utf-8", "surrogatepass")))
    cookies = _pairs(asked.get("cookies"))
    if cookies and "cookie" not in known:
        text = "; ".join(f"{name}={value}" for name, value in cookies)
        headers.append(("cookie", text.encode("utf-8", "surrogatepass")))
    return tuple(headers)


def _pairs(rows: Any) -> list[tuple[str, str]]:
    found = rows if isinstance(rows, list) else []
    return [
        (row["name"], value if isinstance(value := row.get("value"), str) else "")
        for row in found
        if isinstance(row, dict) and isinstance(row.get("name"), str)
    ]


def _body(posted: Any) -> tuple[str, bytes]:
    """Return type and bytes of what was posted; raises ValueError for a wrong base64."""
    if not isinstance(posted, dict):
        return "", b""
    said = posted.get("mimeType")
    kind = said if isinstance(said, str) else ""
    text = posted.get("text")
    if isinstance(text, str) and text:
        if posted.get("encoding") == "base64":
            return kind, base64.b64decode(text, validate=True)
        return kind, text.encode("utf-8", "surrogatepass")
    params = posted.get("params")
    rows = [row for row in params if isinstance(row, dict)] if isinstance(params, list) else []
    if not rows:
        return kind, b""
    if kind.partition(";")[0].strip().lower() == "multipart/form-data":
        return _MADE_ANEW, _multipart(rows)
    pairs = [(str(row.get("name", "")), str(row.get("value", ""))) for row in rows]
    return kind or _FORM, urlencode(pairs, errors="surrogatepass").encode()


def _multipart(rows: list[dict[str, Any]]) -> bytes:
    parts = []
    for row in rows:
        file = f'; filename="{row["fileName"]}"' if row.get("fileName") else ""
        kind = f"Content-Type: {row['contentType']}\r\n" if row.get("contentType") else ""
        parts.append(
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{row.get("name", "")}"{file}'
            f"\r\n{kind}\r\n{row.get('value') or ''}\r\n"
        )
    return ("".join(parts) + f"--{_BOUNDARY}--\r\n").encode("utf-8", "surrogatepass")
