"""The app learns of the client's side, and of nobody's word but a trusted proxy's."""

import pytest

from adapter.proxy.forwarded import forwarded_headers
from adapter.proxy.heads import parse_request_head

SAID = (
    b"GET / HTTP/1.1\r\nHost: shop\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\n"
    b"X-Forwarded-Proto: https\r\nX-Forwarded-Host: bank\r\n"
)


@pytest.mark.parametrize(
    ("is_trusted", "proto", "host"), [(False, b"http", b"shop"), (True, b"https", b"bank")]
)
def test_peer_is_appended(is_trusted: bool, proto: bytes, host: bytes) -> None:
    """Several lines become one; protocol and host are the listener's, or the proxy's word."""
    head = parse_request_head(SAID)
    lines = forwarded_headers(head, "192.0.2.1", is_secure=False, is_trusted=is_trusted)
    assert lines == (
        b"X-Forwarded-For: 1.1.1.1, 2.2.2.2, 192.0.2.1", b"X-Forwarded-Proto: " + proto,
        b"X-Forwarded-Host: " + host,
    )  # fmt: skip


def test_request_without_host_has_none() -> None:
    """As HTTP/1.0 allows."""
    head = parse_request_head(b"GET / HTTP/1.0\r\n")
    lines = forwarded_headers(head, "::1", is_secure=True, is_trusted=False)
    assert lines == (b"X-Forwarded-For: ::1", b"X-Forwarded-Proto: https")
