"""Whose request it is: nobody can choose the address that events show."""

import ipaddress

import pytest

from kysira.client_address import (
    BELIEVE_NOBODY,
    ClientAddress,
    read_headers,
    read_networks,
)

PROXY = "10.0.0.1"
BEHIND_PROXIES = ClientAddress(read_networks("10.0.0.0/8, fd00::/8"))


def of(peer: str, **headers: str) -> str:
    """Return the address; in names "_" stands for "-"."""
    return BEHIND_PROXIES.of(
        peer, [(name.replace("_", "-"), value.encode()) for name, value in headers.items()]
    )


def test_nobody_is_believed_by_default() -> None:
    """Without trusted proxies the peer is the client, whatever it says."""
    headers = [("cf-connecting-ip", b"1.1.1.1"), ("x-forwarded-for", b"2.2.2.2")]
    assert BELIEVE_NOBODY.of("127.0.0.1", headers) == "127.0.0.1"


def test_only_what_the_proxy_writes_counts() -> None:
    """A proxy that writes X-Forwarded-For alone passes on what a client claims elsewhere."""
    alone = ClientAddress(read_networks("10.0.0.0/8"), ("x-forwarded-for",))
    rows = [("cf-connecting-ip", b"9.9.9.9"), ("x-real-ip", b"9.9.9.9")]
    assert alone.of(PROXY, [*rows, ("x-forwarded-for", b"3.3.3.3")]) == "3.3.3.3"
    assert alone.of(PROXY, rows) == PROXY


def test_headers_are_read() -> None:
    """Names of headers that proxies write, in any case; others are named."""
    assert read_headers("X-Forwarded-For, x-real-ip") == ("x-forwarded-for", "x-real-ip")
    with pytest.raises(ValueError, match="'forwarded' names no client"):
        read_headers("Forwarded")


def test_stranger_is_not_believed() -> None:
    """A client that is no trusted proxy can't give itself another address."""
    assert of("192.0.2.1", x_forwarded_for="1.1.1.1", x_real_ip="2.2.2.2") == "192.0.2.1"


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ({}, PROXY),
        ({"cf_connecting_ip": "1.1.1.1", "x_real_ip": "2.2.2.2"}, "1.1.1.1"),
        ({"x_real_ip": "2.2.2.2", "x_forwarded_for": "3.3.3.3"}, "2.2.2.2"),
        ({"x_forwarded_for": "3.3.3.3"}, "3.3.3.3"),
        ({"x_forwarded_for": "9.9.9.9, 3.3.3.3, 10.2.2.2"}, "3.3.3.3"),
        ({"x_forwarded_for": "10.3.3.3, 10.2.2.2"}, "10.3.3.3"),
        ({"x_forwarded_for": "3.3.3.3:4711"}, "3.3.3.3"),
        ({"x_forwarded_for": "[2001:db8::1]:4711"}, "2001:db8::1"),
        ({"x_forwarded_for": "2001:DB8::1"}, "2001:db8::1"),
        ({"x_forwarded_for": "3.3.3.3, unknown"}, PROXY),
        ({"x_forwarded_for": "9.9.9.9, nonsense, 10.2.2.2"}, "10.2.2.2"),
        ({"x_forwarded_for": ""}, PROXY),
        ({"x_real_ip": "nonsense", "x_forwarded_for": "3.3.3.3"}, "3.3.3.3"),
        ({"x_real_ip": "fe80::1%x action=passed", "x_forwarded_for": "3.3.3.3"}, "3.3.3.3"),
        ({"x_forwarded_for": "9.9.9.9, [fe80::1%x action=passed]:1"}, PROXY),
    ],
)
def test_trusted_proxy_is_believed(headers: dict[str, str], address: str) -> None:
    """The order is CF-Connecting-IP, X-Real-IP, then the last hop that no trusted proxy is."""
    assert of(PROXY, **headers) == address


def test_added_header_does_not_count() -> None:
    """Of two X-Real-IP one is the client's own; several X-Forwarded-For are one list."""
    real = [("x-real-ip", b"1.1.1.1"), ("x-real-ip", b"2.2.2.2")]
    assert BEHIND_PROXIES.of(PROXY, real) == PROXY
    hops = [("x-forwarded-for", b"9.9.9.9"), ("x-forwarded-for", b"3.3.3.3, 10.1.1.1")]
    assert BEHIND_PROXIES.of(PROXY, hops) == "3.3.3.3"


def test_long_chain_is_not_read_whole() -> None:
    """A client may fill a header with addresses like a proxy's: they cost next to nothing."""
    assert of(PROXY, x_forwarded_for="9.9.9.9," + "10.1.1.1," * 7000 + "10.2.2.2") == "10.1.1.1"
    assert of(PROXY, x_forwarded_for="9.9.9.9," + "10.1.1.1," * 8 + "10.2.2.2") == "9.9.9.9"


@pytest.mark.parametrize("peer", ["::ffff:10.0.0.1", "fd00::1", "fd00::1%eth0"])
def test_proxies_of_version_6_are_known(peer: str) -> None:
    """A mapped or zoned address is the one it stands for."""
    assert of(peer, x_real_ip="2.2.2.2") == "2.2.2.2"


def test_only_proxies_are_trusted() -> None:
    """Whoever is believed whose request it is, and nobody else, nor anybody by default."""
    assert BEHIND_PROXIES.trusts(PROXY)
    assert not BEHIND_PROXIES.trusts("192.0.2.1")
    assert not BELIEVE_NOBODY.trusts("127.0.0.1")


def test_odd_peer_stays() -> None:
    """A peer that is no IP address, as of a Unix socket, is nobody to trust."""
    assert of("", x_real_ip="2.2.2.2") == ""
    assert of("unix:", x_real_ip="2.2.2.2") == "unix:"


def test_networks_are_read() -> None:
    """Addresses and networks, with host bits or without."""
    assert read_networks("") == ()
    assert read_networks(" 10.1.2.3/8 ,::1,") == (
        ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1"),
    )  # fmt: skip


@pytest.mark.parametrize("text", ["10.0.0.0/33", "example.com", "10.0.0.0/8;1.1.1.1"])
def test_wrong_network_is_named(text: str) -> None:
    """The error says which is wrong, and how one looks."""
    with pytest.raises(ValueError, match=r"no address or network, such as 10\.0\.0\.0/8"):
        read_networks(text)


def test_whom_to_believe_can_change() -> None:
    """A new policy's proxies and headers count from then on, and no others."""
    clients = ClientAddress(read_networks("10.0.0.0/8"))
    headers = (("x-real-ip", b"2.2.2.2"), ("x-forwarded-for", b"3.3.3.3"))
    assert clients.of("10.0.0.1", headers) == "2.2.2.2"
    clients.believe(read_networks("192.0.2.0/24"), ("x-forwarded-for",))
    assert clients.of("10.0.0.1", headers) == "10.0.0.1"
    assert clients.of("192.0.2.1", headers) == "3.3.3.3"
