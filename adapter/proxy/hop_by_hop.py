"""Which headers end here: those about one connection, not about the message (RFC 9110 §7.6.1)."""

import re
from collections.abc import Iterable
from functools import lru_cache

from adapter.proxy.heads import Header, RequestHead, ResponseHead
from kysira.replies import is_own

_HOP_BY_HOP = frozenset(
    {
        "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding",
        "upgrade",
    }
)  # fmt: skip
_SET_BY_US = frozenset({"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"})
_FRAMING = frozenset({"host", "content-length"})
_KEPT = frozenset(
    {
        *_FRAMING, "content-encoding", "content-type", "x-real-ip", "cf-connecting-ip", "forwarded",
    }
)  # fmt: skip
"""What a Connection header can't take away: what the body was read by, which the app has to read it
by too, and what proxies before us say of their client."""
_ODD = re.compile(r"[^0-9a-z]")


def request_headers(head: RequestHead) -> list[Header]:
    """Return the headers that go on to the app; those that we set ourselves are left out."""
    headers = [header for header in head.headers if not _ends_here(header.key)]
    if "connection" in head.controls:
        named = _named(head.controls["connection"])
        headers = [header for header in headers if header.key not in named]
    if expects_continue(head):
        headers = [header for header in headers if header.key != "expect"]
    return headers


def expects_continue(head: RequestHead) -> bool:
    """Return True for a client that waits to be asked for the body (RFC 9110 §10.1.1)."""
    expected = head.controls.get("expect")
    return expected is not None and expected[0].lower() == b"100-continue" and head.minor == 1


def response_headers(head: ResponseHead) -> list[Header]:
    """Return the headers that go on to the client; a length, if it has one, is one that can be."""
    dropped = _HOP_BY_HOP
    lengths = head.controls.get("content-length", [])
    is_told = len(set(lengths)) == 1 and lengths[0].isdigit() and _may_tell_length(head)
    is_repeated = len(lengths) > 1
    if lengths and (is_repeated or not is_told):
        dropped = dropped | {"content-length"}
    if "connection" in head.controls:
        dropped = dropped | _named(head.controls["connection"])
    headers = [header for header in head.headers if header.key not in dropped]
    if is_repeated and is_told:  # the same one, several times
        headers.append(Header(b"Content-Length", "content-length", lengths[0]))
    return headers


def _may_tell_length(head: ResponseHead) -> bool:
    """Return False for an answer that can have no length (RFC 9110 §8.6), or has chunks."""
    return "transfer-encoding" not in head.controls and head.status >= 200 and head.status != 204


def _named(values: Iterable[bytes]) -> set[str]:
    """Return the headers that a Connection header says are about the connection."""
    options = b",".join(values).decode("latin-1").lower().split(",")
    return {option.strip() for option in options} - _KEPT


@lru_cache(2048)
def _ends_here(key: str) -> bool:
    # CGI reads "_" as "-", and some servers any other sign: what only we may say must not come in
    # by the back door, nor what tells where a body ends.
    name = _ODD.sub("-", key)
    if name != key and name in _FRAMING:
        return True
    return name in _SET_BY_US or name in _HOP_BY_HOP or is_own(name)


def switched_to(head: RequestHead) -> bytes:
    """Return the protocols that a client asks to switch to, ``b""`` for none (RFC 9110 §7.8).

    HTTP itself is none: whatever came in an h2c connection would go past the firewall.
    """
    options = b",".join(head.controls.get("connection", ())).lower().split(b",")
    if head.minor == 0 or b"upgrade" not in [option.strip() for option in options]:
        return b""
    offered = b",".join(head.controls.get("upgrade", ())).split(b",")
    names = [name.strip(b" \t") for name in offered]
    return b", ".join(name for name in names if name and not _is_http(name))


def _is_http(name: bytes) -> bool:
    # Drafts of HTTP/2 were called h2-14 and h2c-14.
    return name.lower().startswith((b"h2", b"http", b"tls", b"spdy"))
