"""Which headers end here: those about one connection, not about the message (RFC 9110 §7.6.1)."""

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
_KEPT = frozenset({"host", "content-length"})
"""What a Connection header can't take away."""


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
    """Return the headers that go on to the client; a body's length, if it has one, is true."""
    dropped = _HOP_BY_HOP
    lengths = head.controls.get("content-length", ())
    is_chunked = "transfer-encoding" in head.controls
    if lengths and (is_chunked or len(lengths) > 1 or head.status == 204 or head.status < 200):
        dropped = dropped | {"content-length"}
    if "connection" in head.controls:
        dropped = dropped | _named(head.controls["connection"])
    headers = [header for header in head.headers if header.key not in dropped]
    if len(lengths) > 1 and not is_chunked:  # the same one, several times
        headers.append(Header(b"Content-Length", "content-length", lengths[0]))
    return headers


def _named(values: Iterable[bytes]) -> set[str]:
    """Return the headers that a Connection header says are about the connection."""
    options = b",".join(values).decode("latin-1").lower().split(",")
    return {option.strip() for option in options} - _KEPT


@lru_cache(2048)
def _ends_here(key: str) -> bool:
    # CGI reads "_" as "-": what only we may say must not come in by the back door, nor what tells
    # where a body ends.
    name = key.replace("_", "-")
    if name != key and name in _KEPT:
        return True
    return name in _SET_BY_US or name in _HOP_BY_HOP or is_own(key)


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
    return name.lower().partition(b"/")[0] in (b"h2c", b"h2", b"http", b"tls")
