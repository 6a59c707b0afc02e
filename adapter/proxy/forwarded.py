"""What the app is told about the client's side of the proxy.

https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Forwarded-For
"""

from adapter.proxy.heads import RequestHead

_NAMES = ("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto")


def forwarded_headers(
    head: RequestHead, peer: str, *, is_secure: bool, is_trusted: bool
) -> tuple[bytes, ...]:
    """Return the lines of X-Forwarded-For, -Proto and -Host.

    The peer is appended to whatever addresses it sent. What it says of protocol and host counts
    when it is a trusted proxy alone.
    """
    said: dict[str, list[bytes]] = {}
    for header in head.headers:
        if header.key in _NAMES:
            said.setdefault(header.key, []).append(header.value)
    hops = b", ".join([*said.get("x-forwarded-for", ()), peer.encode("latin-1", "replace")])
    proto, host = b"https" if is_secure else b"http", head.controls.get("host", [b""])[0]
    if is_trusted:
        proto = said.get("x-forwarded-proto", [proto])[-1]
        host = said.get("x-forwarded-host", [host])[-1]
    lines = (b"X-Forwarded-For: " + hops, b"X-Forwarded-Proto: " + proto)
    return (*lines, b"X-Forwarded-Host: " + host) if host else lines
