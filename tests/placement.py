"""Puts a value into a place of a request, encoded as an ordinary client would."""

import json
from urllib.parse import quote, quote_plus

from kysira.types import Place, Request

BROWSER_HEADERS: tuple[tuple[str, bytes], ...] = (
    ("user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"),
    ("accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"),
    ("accept-language", b"en-US,en;q=0.5"),
    ("accept-encoding", b"gzip, deflate, br"),
    ("referer", b"https://shop.example/account/orders?page=2"),
)
MATRIX_PLACES = (Place.QUERY, Place.PATH, Place.FORM, Place.JSON, Place.HEADER, Place.COOKIE)


def request_with(place: Place, name: str, value: str) -> Request:
    """Return a browser-like request that carries ``value`` under ``name`` in the place.

    For ``Place.BODY`` the name is the content type; for ``Place.PATH`` an empty name makes the
    value the whole path, and any other makes it a segment.
    """
    raw = value.encode("utf-8", "surrogateescape")
    if place is Place.QUERY:
        return Request(
            "GET", f"/search?{quote_plus(name)}={quote_plus(raw)}&page=2".encode(), BROWSER_HEADERS
        )
    if place is Place.PATH:
        # Clients that attack do not escape what a request line may carry.
        path = quote(raw, safe="/%.;:@&=+$,!~*'()\\{}[]|^<>\"?#".replace("?", "").replace("#", ""))
        return Request(
            "GET", (path if not name else f"/files/{path}/view").encode(), BROWSER_HEADERS
        )
    if place is Place.HEADER:
        return Request(
            "GET", b"/", (*BROWSER_HEADERS, (name.lower(), quote(raw, safe=_HEADER_SAFE).encode()))
        )
    if place is Place.COOKIE:
        cookie = f"theme=light; {name}={quote(raw, safe='')}".encode()
        return Request("GET", b"/", (*BROWSER_HEADERS, ("cookie", cookie)))
    content_type, body = _body(place, name, raw, value)
    return Request("POST", b"/submit", (*BROWSER_HEADERS, ("content-type", content_type)), body)


_HEADER_SAFE = "".join(chr(code) for code in range(0x20, 0x7F))


def _body(place: Place, name: str, raw: bytes, value: str) -> tuple[bytes, bytes]:
    if place is Place.FORM:
        return (
            b"application/x-www-form-urlencoded",
            f"{quote_plus(name)}={quote_plus(raw)}&go=1".encode(),
        )
    if place is Place.JSON:
        return b"application/json", json.dumps({name: value, "page": 2}).encode()
    if place is Place.MULTIPART:
        head = f'--XyZ\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        return b"multipart/form-data; boundary=XyZ", head + raw + b"\r\n--XyZ--\r\n"
    return name.encode() or b"text/plain", raw
