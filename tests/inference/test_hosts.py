"""Hosts in every spelling: what each says, and that the patterns let through all that say much."""

import ipaddress
import socket
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.hosts import MAX_HOST, SUSPECT_AUTHORITY, SUSPECT_HOST, Host, rate
from inference.matcher import Pattern, compile_matcher

AUTHORITY = compile_matcher((Pattern(rf"^[/\\]*{SUSPECT_AUTHORITY}"),))
BARE = compile_matcher((Pattern(rf"^(?:{SUSPECT_HOST})\z"),))
NETWORKS = tuple(
    ipaddress.IPv4Network(text)
    for text in ("0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
                 "192.168.0.0/16", "192.0.0.0/24", "100.64.0.0/10")
)  # fmt: skip
"""RFC 6890: the addresses that are not public."""
LAST_BEFORE = [str(network.network_address - 1) for network in NETWORKS[1:]]
FIRST_AFTER = [str(network.broadcast_address + 1) for network in NETWORKS]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        # As people write them
        ("example.com", Host.PUBLIC), ("8.8.8.8", Host.PUBLIC), ("", Host.PUBLIC),
        ("localhost", Host.PLAIN), ("LocalHost.", Host.PLAIN), ("a.localhost", Host.PLAIN),
        ("127.0.0.1", Host.PLAIN), ("127.0.0.1.", Host.PLAIN), ("10.0.0.7", Host.PLAIN),
        ("db.svc.cluster.local", Host.PLAIN), ("host.docker.internal", Host.PLAIN),
        ("[::1]", Host.PLAIN), ("[::]", Host.PLAIN), ("[fe80::1%25eth0]", Host.PLAIN),
        ("[fd12::1]", Host.PLAIN), ("[2606:4700::1111]", Host.PUBLIC),
        # The cloud's metadata, however it is spelt
        ("169.254.169.254", Host.METADATA), ("metadata.google.internal", Host.METADATA),
        ("Metadata.Google.Internal.", Host.METADATA), ("[fd00:ec2::254]", Host.METADATA),
        ("0xa9fea9fe", Host.METADATA), ("2852039166", Host.METADATA),
        ("0251.0376.0251.0376", Host.METADATA), ("0169.0254.0169.0254", Host.METADATA),
        ("425.510.425.510", Host.METADATA), ("[::ffff:169.254.169.254]", Host.METADATA),
        ("[::169.254.169.254]", Host.METADATA), ("[64:ff9b::a9fe:a9fe]", Host.METADATA),
        ("[64:ff9b:1::a9fe:a9fe]", Host.METADATA), ("[2002:a9fe:a9fe::]", Host.METADATA),
        ("169.254.169.254.nip.io", Host.METADATA), ("a9fea9fe.1.rbndr.us", Host.METADATA),
        ("①⑥⑨。②⑤④｡①⑥⑨．②⑤④", Host.METADATA), ("100.100.100.200", Host.METADATA),
        # Spellings that only evasion needs
        ("127.1", Host.DISGUISED), ("127.0.1", Host.DISGUISED), ("0x7f.1", Host.DISGUISED),
        ("0X7F000001", Host.DISGUISED), ("2130706433", Host.DISGUISED), ("0", Host.DISGUISED),
        ("017700000001", Host.DISGUISED), ("o177.0.0.1", Host.DISGUISED),
        ("0o177.0.0.1", Host.DISGUISED), ("127.0.0.257", Host.DISGUISED),
        ("383.0.0.1", Host.DISGUISED), ("[0:0:0:0:0:0:0:1]", Host.DISGUISED),
        ("[::ffff:10.0.0.1]", Host.DISGUISED), ("[::ffff:10.0.0.1", Host.DISGUISED),
        ("app-10-0-0-7.sslip.io", Host.DISGUISED), ("10.0.0.7.nip.io", Host.DISGUISED),
        ("7f000001.c0a80001.rbndr.us", Host.DISGUISED), ("8.8.8.8.nip.io", Host.PUBLIC),
        ("nip.io", Host.PUBLIC), ("www.nip.io", Host.PUBLIC),
        ("ｌｏｃａｌｈｏｓｔ", Host.DISGUISED), ("ⓛocalhost", Host.DISGUISED),
        ("lo\u00adcal\u200bhost", Host.DISGUISED), ("127.0.0.1\ufe0f", Host.DISGUISED),
        ("local\u2060host", Host.DISGUISED), ("local\U000e0100host", Host.DISGUISED),
        ("müller.example", Host.PUBLIC), ("例え.テスト", Host.PUBLIC),
        # Some readers take a leading zero for octal, and some do not
        ("010.0.0.1", Host.DISGUISED), ("0127.0.0.1", Host.DISGUISED),
        ("012.0.0.1", Host.DISGUISED), ("0172.016.0.1", Host.DISGUISED),
        ("008.8.8.8", Host.PUBLIC), ("011.011.011.011", Host.PUBLIC),
        # No addresses
        ("8080", Host.PUBLIC), ("16777215", Host.PUBLIC), ("1.2.3.4.5", Host.PUBLIC),
        ("10.0.0.", Host.DISGUISED), ("10..0.1", Host.PUBLIC), ("10.0.0.1a", Host.PUBLIC),
        ("0xg", Host.PUBLIC), ("[nonsense]", Host.PUBLIC), ("[", Host.PUBLIC),
        ("localhost.example.com", Host.PUBLIC), ("notlocalhost", Host.PUBLIC),
    ],
)  # fmt: skip
def test_host_is_rated(host: str, expected: Host) -> None:
    """A host says what it says, alone and with port, path and query."""
    for tail in ("", ":8080/", "/a?b=c", "#d", "\\e", " f", '"g'):
        assert rate((host + tail).encode()) is expected, tail


@pytest.mark.parametrize("address", [*LAST_BEFORE, *FIRST_AFTER])
def test_neighbours_of_internal_networks_are_public(address: str) -> None:
    """The address before and after each internal network."""
    assert rate(address.encode()) is Host.PUBLIC


@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_ends_of_internal_networks_are_not(network: ipaddress.IPv4Network) -> None:
    """The first and the last address of each."""
    for address in (network.network_address, network.broadcast_address):
        assert rate(str(address).encode()) is Host.PLAIN


def number(value: int) -> st.SearchStrategy[str]:
    """Return spellings of a number that some reader of addresses takes."""
    return st.sampled_from(
        [
            str(value), f"0{value:o}", f"000{value:o}", f"0x{value:x}", f"0X{value:X}",
            f"0x000{value:x}", f"0o{value:o}", f"o{value:o}",
        ]
    )  # fmt: skip


@st.composite
def internal_spellings(draw: st.DrawFn) -> tuple[str, bytes]:
    """Return an internal address in one to four parts, each in any spelling, and its bytes."""
    network = draw(st.sampled_from(NETWORKS))
    first, last = int(network.network_address), int(network.broadcast_address)
    parts = draw(st.integers(1, 4))
    is_number = parts == 1 and first == 0  # a port or an identifier, all but 0
    address = 0 if is_number else draw(st.integers(first, last))
    numbers = [address >> 24, address >> 16 & 255, address >> 8 & 255][: parts - 1]
    numbers.append(address & (1 << 8 * (5 - parts)) - 1)
    return ".".join(draw(number(value)) for value in numbers), address.to_bytes(4, "big")


def is_internal(packed: bytes) -> bool:
    """Return True for an address in one of the networks."""
    address = ipaddress.IPv4Address(packed)
    return any(address in network for network in NETWORKS)


@settings(max_examples=500)
@given(internal_spellings())
def test_every_spelling_is_rated_and_let_through(spelling: tuple[str, bytes]) -> None:
    """What the C library reads as an internal address is one, and the pattern is no obstacle."""
    host, packed = spelling
    if "o" not in host:  # which only other readers take
        assert socket.inet_aton(host) == packed
    assert is_internal(packed)
    assert rate(host.encode()) >= Host.PLAIN
    for tail in ("", "/", ":80", "?x", "@a"):
        assert AUTHORITY.match((host + tail).encode())


@settings(max_examples=500)
@given(st.integers(1 << 24, (1 << 32) - 1), st.data())
def test_public_address_stays_public(address: int, data: st.DataObject) -> None:
    """A public address is none of ours where no reader could see another one in it."""
    packed = address.to_bytes(4, "big")
    spelt = ".".join(data.draw(st.sampled_from([str(b), f"0x{b:x}", f"{b:#X}"])) for b in packed)
    assert (rate(spelt.encode()) >= Host.PLAIN) == (
        is_internal(packed) or str(ipaddress.IPv4Address(address)) == "168.63.129.16"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("example.com@127.0.0.1/", Host.PLAIN), ("127.0.0.1@example.com/", Host.PLAIN),
        ("127.0.0.1:80@example.com/", Host.PLAIN), ("u:p@10.0.0.1:80/", Host.PLAIN),
        ("a@b@127.0.0.1/", Host.PLAIN), ("example.com#@127.0.0.1/", Host.PLAIN),
        ("example.com &@127.0.0.1/", Host.PLAIN), ("example.com?@127.0.0.1/", Host.PLAIN),
        ("127.0.0.1\\@example.com/", Host.PLAIN), ("example.com\\@127.0.0.1/", Host.PLAIN),
        ("127.0.\\0.1/", Host.DISGUISED), ("////127.0.0.1", Host.PLAIN),
        ("\\/127.0.0.1", Host.PLAIN), ("u:p@example.com/127.0.0.1", Host.PUBLIC),
        ("local\thost/", Host.DISGUISED), ("169.254\r\n.169.254/", Host.METADATA),
        ("example.com/\nlocalhost", Host.PUBLIC), ("localhost\n/", Host.PLAIN),
        ("example.com\nlocalhost", Host.PUBLIC),
    ],
)  # fmt: skip
def test_any_readers_host_counts(text: str, expected: Host) -> None:
    """Where URL readers differ the host that says most counts, and the pattern lets it through."""
    assert rate(text.encode()) is expected
    if "@" not in text and expected:
        assert AUTHORITY.match(text.encode())


def test_long_user_information_hides_no_host() -> None:
    """Padding before the host is read over, up to a bound; a name has its own."""
    for length in (300, 1000, MAX_HOST - len("@127.0.0.1")):
        assert rate(b"a" * length + b"@127.0.0.1") is Host.PLAIN
    assert rate(b"a" * MAX_HOST + b"@127.0.0.1") is Host.PUBLIC
    assert rate(b"a." * MAX_HOST + b"localhost") is Host.PUBLIC


@settings(max_examples=500)
@given(st.one_of(st.binary(), st.text(alphabet="0123456789abcdefox.:[]@\\/%-ｌ①\u2060\t ").map(
    str.encode)))  # fmt: skip
def test_rating_never_raises(text: bytes) -> None:
    """Whatever is sent has a rating, and what is rated is let through."""
    rating = rate(text)
    assert isinstance(rating, Host)
    is_odd = b"@" in text or text[:1] in (b" ", b"\t")
    if rating and not is_odd:
        assert AUTHORITY.match(text)


def test_every_look_alike_is_let_through() -> None:
    """Each character of Unicode that becomes a letter, digit or dot, or nothing, in a host."""
    known = {"localhost": Host.DISGUISED, "127.0.0.1": Host.DISGUISED}
    count = 0
    for code in range(0x80, 0x110000):
        folded = unicodedata.normalize("NFKC", chr(code)).lower()
        if len(folded) != 1 or not folded.isascii() or folded not in "localhst127.":
            continue
        for name, expected in known.items():
            if folded in name:
                host = name.replace(folded, chr(code)).encode()
                assert rate(host) is expected, hex(code)
                assert AUTHORITY.match(host + b"/"), hex(code)
                count += 1
    assert count > 250


PUBLIC = (
    "example.com", "www.example.co.uk:8443", "sub.domain.example.org", "8.8.8.8", "93.184.216.34",
    "localhosting.example", "metadata.example.com", "internal.example.com", "1password.com",
    "0x.tools", "0cool.example", "127-things.example", "10times.com", "192.com",
    "instance-data.example", "2captcha.com", "100percent.example",
)  # fmt: skip


@pytest.mark.parametrize("host", PUBLIC)
def test_public_names_are_not_let_through(host: str) -> None:
    """The pattern spares the check most URLs: no name of a public host begins it."""
    for tail in ("", "/", ":80/", "/10.0.0.1", "?u=localhost"):
        text = (host + tail).encode()
        assert rate(text) is Host.PUBLIC
        assert not AUTHORITY.match(text)


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "a.b.localhost", "metadata", "db.internal", "10-0-0-7.nip.io", "[::1]",
        "[fe80::1%eth0]", "127.0.0.1", "127.1", "127.0.1", "10.0.0.7", "192.168.1.1", "192.168.1",
        "172.16.0.1", "172.31.1", "169.254.169.254", "169.254.1", "100.64.0.1", "0.0.0.0",
        "0x7f.1", "0x7f000001", "0177.0.0.1", "012.0.0.1", "2130706433", "3232235777",
        "2852039166", "167772161", "017700000001", "0o17700000001", "o177.0.0.1", "383.0.0.1",
        "10.0x0.0.1", "1151.0x0.0.1", "010.0.0.1", "127.0.0.1...",
    ],
)  # fmt: skip
def test_bare_host_is_let_through(host: str) -> None:
    """Where a value is no URL, the usual spellings of hosts that may be internal are."""
    assert rate(host.encode()) >= Host.PLAIN
    assert BARE.match(host.encode())


@pytest.mark.parametrize(
    "value",
    [
        "0", "1", "0.5", "0.0", "10.5", "10.0", "127", "192.168", "100.00", "3.14159", "1.2.3",
        "0.0.1", "2026.11.22", "22.11.2026", "2026-11-22", "1700000000", "1763769600",
        "1700000000000", "8080", "010", "00123456", "192", "0.001", "12.30", "999.99",
    ],
)  # fmt: skip
def test_numbers_dates_and_timestamps_are_not(value: str) -> None:
    """Ordinary numbers are no hosts, though a URL that had one might lead somewhere."""
    assert not BARE.match(value.encode())
