"""URLs are read and resolved once; what is not this machine is known."""

import pytest

from ctl.bench.endpoint import Endpoint, is_loopback, read_endpoint, resolve
from kysira.errors import StartError


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("http://127.0.0.1:8080", Endpoint("127.0.0.1:8080", "127.0.0.1", 8080)),
        ("crs=http://127.0.0.1:8080/", Endpoint("crs", "127.0.0.1", 8080)),
        ("HTTP://Local", Endpoint("local:80", "local", 80)),
        ("https://[::1]", Endpoint("[::1]:443", "::1", 443, is_tls=True)),
        ("a=http://b:1", Endpoint("a", "b", 1)),
    ],
)
def test_url_is_read(text: str, endpoint: Endpoint) -> None:
    """With a name or without, which then is host and port."""
    assert read_endpoint(text) == endpoint


def test_url_is_shown_without_path() -> None:
    """As messages name it."""
    assert read_endpoint("x=https://[::1]:8443/").url == "https://[::1]:8443"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("127.0.0.1:80", "must begin with http"),
        ("crs=ftp://a", "must begin with http"),
        ("http://", "names no host"),
        ("http://a:x", "is no URL"),
        ("http://a:99999", "is no URL"),
        ("http://a/path", "host and port alone"),
        ("http://me:pw@a", "host and port alone"),
        ("http://a?b", "host and port alone"),
    ],
)
def test_bad_url_is_told(text: str, words: str) -> None:
    """What to write instead."""
    with pytest.raises(ValueError, match=words):
        read_endpoint(text)


def test_host_is_resolved() -> None:
    """A name stands for addresses; an address for itself."""
    assert resolve(Endpoint("a", "127.0.0.1", 80)) == ("127.0.0.1",)
    assert all(map(is_loopback, resolve(Endpoint("a", "localhost", 80))))


@pytest.mark.parametrize("host", ["none.invalid", "a" * 70])
def test_unknown_host_is_told(host: str) -> None:
    """One line with the URL."""
    with pytest.raises(StartError, match=f"http://{host}:80: host not found"):
        resolve(Endpoint("a", host, 80))


@pytest.mark.parametrize(
    ("address", "is_here"),
    [
        ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("0.0.0.0", False),
        ("10.0.0.1", False), ("169.254.169.254", False), ("fe80::1%eth0", False),
    ],
)  # fmt: skip
def test_loopback_is_known(address: str, is_here: bool) -> None:
    """Private networks are other machines."""
    assert is_loopback(address) is is_here
