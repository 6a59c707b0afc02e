"""What the options of an Envoy configuration take."""

from collections.abc import Callable

import pytest
from envoy_data_plane.envoy.type.v3 import StatusCode

from ctl.envoy.options import (
    Address,
    EnvoyOptions,
    Target,
    read_address,
    read_duration,
    read_error_status,
    read_listen_address,
    read_target,
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("http://127.0.0.1:3000", Target(Address("127.0.0.1", 3000))),
        ("http://app", Target(Address("app", 80))),
        ("https://App.example.org/", Target(Address("app.example.org", 443), is_tls=True)),
        ("http://[::1]:8080", Target(Address("::1", 8080))),
        ("http://my_app-1.ns.svc:1", Target(Address("my_app-1.ns.svc", 1))),
    ],
)
def test_target_is_read(text: str, target: Target) -> None:
    """Scheme, host and port of the app, with the scheme's own port by default."""
    assert read_target(text) == target
    assert read_target(str(target)) == target


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("127.0.0.1:3000", "must begin with http"),
        ("ftp://a", "must begin with http"),
        ("http://", "no host name"),
        ("http://a:0", "no port"),
        ("http://a:", "no port"),
        ("http://a:99999", "no port"),
        ("http://a:8o", "no port"),
        ("http://a/path", "must end after the port"),
        ("http://a?x", "must end after the port"),
        ("http://me:secret@a", "user name or password"),
        ("http://[::1", "not a URL"),
        ("http://-a", "no host name"),
        ("http://a..b", "no host name"),
        ("http://300.1.1.1", "no host name"),
        ("http://a b", "no host name"),
        ('http://a"b', "no host name"),
        ("http://[fe80::1%25eth0]:80", "no host name"),
    ],
)
def test_bad_target_says_why(text: str, why: str) -> None:
    """What can't be a target is refused in words, without the password."""
    with pytest.raises(ValueError, match=why) as caught:
        read_target(text)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:50051", Address("127.0.0.1", 50051)),
        ("kysira-ext-proc.kysira.svc:1", Address("kysira-ext-proc.kysira.svc", 1)),
        ("[::1]:50051", Address("::1", 50051)),
    ],
)
def test_address_is_read(text: str, address: Address) -> None:
    """host:port, and back again."""
    assert read_address(text) == address
    assert str(address) == text


@pytest.mark.parametrize("text", ["", "a", "a:", ":1", "::1:50051", "a:b", "a:70000", "http://a:1"])
def test_bad_address_is_refused(text: str) -> None:
    """Anything else is an error with the text in it."""
    with pytest.raises(ValueError, match=repr(text).replace("[", r"\[")):
        read_address(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("0.25s", 0.25), ("1s", 1.0), ("1ms", 0.001), ("1.5ms", 0.0015)],
)
def test_duration_is_read(text: str, seconds: float) -> None:
    """Milliseconds and seconds."""
    assert read_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        *((read_duration, text) for text in ("", "5", "0s", "1m", "-1s", "3601s", "1e3s")),
        *((read_error_status, text) for text in ("200", "418", "451", "600", "x", "5030", "-50")),
        *((read_listen_address, text) for text in ("", "localhost", "1.2.3", "0.0.0.0:80")),
    ],
)
def test_bad_value_is_refused(read: Callable[[str], object], text: str) -> None:
    """A value out of its range is named in the error."""
    with pytest.raises(ValueError, match="such as"):
        read(text)


def test_error_statuses_are_envoys() -> None:
    """Every status that is taken is one that Envoy's own type has."""
    known = {int(code) for code in StatusCode}
    for status in range(400, 600):
        try:
            assert read_error_status(str(status)) in known
        except ValueError:
            assert status not in known


@pytest.mark.parametrize(
    ("hosts", "discovery"),
    [
        (["127.0.0.1"], "STATIC"),
        (["localhost", "::1"], "STATIC"),
        (["127.0.0.1", "ext-proc"], "STRICT_DNS"),
    ],
)
def test_names_are_resolved(hosts: list[str], discovery: str) -> None:
    """One name among the addresses needs DNS; localhost does not."""
    options = EnvoyOptions(ext_proc=tuple(Address(host, 1) for host in hosts))
    assert options.ext_proc_discovery == discovery


def test_http2_window_is_never_too_small() -> None:
    """HTTP/2 has a smallest window; a lower limit does not go below it."""
    assert EnvoyOptions(max_body_bytes=100).http2_window_bytes == 65535
    assert EnvoyOptions(max_body_bytes=1 << 20).http2_window_bytes == 1 << 20
