"""Hosts that are a server itself, its neighbours or its cloud, in every spelling.

WHATWG URL §3.5 and inet_aton(3) (numeric hosts), RFC 6890 (special addresses).
"""

import ipaddress
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum


class Host(IntEnum):
    """How much it says that a URL has this host; the highest counts."""

    PUBLIC = 0
    PLAIN = 1
    """A loopback or private address as people write it, e.g. localhost or 10.0.0.7."""
    DISGUISED = 2
    """Such an address in a spelling that only evasion needs, e.g. 0x7f.1."""
    METADATA = 3
    """The service that gives cloud machines their credentials, however it is spelt."""


_METADATA_NAMES = frozenset(
    {
        b"metadata.google.internal", b"metadata.goog", b"metadata", b"instance-data",
        b"instance-data.ec2.internal", b"rancher-metadata", b"metadata.tencentyun.com",
        b"metadata.packet.net", b"metadata.platformequinix.com", b"metadata.azure.internal",
        b"metadata.nicocloud.com", b"kubernetes.default", b"kubernetes.default.svc",
        b"kubernetes.default.svc.cluster.local",
    }
)  # fmt: skip
_METADATA_NETWORKS = tuple(
    int(ipaddress.ip_address(address))
    for address in ("169.254.169.254", "169.254.170.2", "169.254.170.23", "169.254.169.123",
                    "169.254.169.249", "100.100.100.200", "192.0.0.192", "168.63.129.16",
                    "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254")
)  # fmt: skip
_LOCAL_NAMES = frozenset(
    {
        b"localhost", b"localhost4", b"localhost6", b"ip6-localhost", b"ip6-loopback",
        b"ipv6-localhost", b"ipv6-loopback", b"localhost4.localdomain4",
        b"localhost.localdomain", b"localhost6.localdomain6", b"host.docker.internal",
        b"gateway.docker.internal", b"kubernetes.docker.internal", b"host.containers.internal",
        b"localtest.me", b"lvh.me", b"vcap.me", b"lacolhost.com", b"localho.st", b"yoogle.com",
        b"fuf.me", b"local.gd", b"bugbounty.dod.network", b"spoofed.burpcollaborator.net",
    }
)  # fmt: skip
_LOCAL_SUFFIXES = (b".localhost", b".localtest.me", b".lvh.me", b".vcap.me", b".localdomain",
                   b".cluster.local", b".internal", b".lacolhost.com")  # fmt: skip
_WILDCARD_DNS = (b".nip.io", b".sslip.io", b".xip.io", b".rbndr.us", b".1u.ms", b".traefik.me")
_INTERNAL = tuple(
    ipaddress.ip_network(text)
    for text in ("0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
                 "192.168.0.0/16", "192.0.0.0/24", "100.64.0.0/10", "::/127", "fc00::/7",
                 "fe80::/10")
)  # fmt: skip
MAX_HOST = 8192
"""Bytes of an authority that are read: user information of any length may precede the host."""
_MAX_NAME = 512
"""Bytes of one host that are read: 253 are the most in ASCII."""
_ENDS = re.compile(rb"[/\\?#\s\"'<>,;)(|{}]")
_NUMBER = re.compile(rb"(?:0[xX][0-9A-Fa-f]{0,16}|0?[oO][0-7]{1,16}|[0-9]{1,20})\Z")
_ZERO = re.compile(rb"0[0-9]")
_UNSEEN = (
    0xAD, 0x34F, *range(0x180B, 0x1810), *range(0x200B, 0x200E), 0x2060, 0x2064, 0xFEFF,
    *range(0xFE00, 0xFE10), *range(0x1BCA0, 0x1BCA4), *range(0xE0100, 0xE01F0),
)  # fmt: skip
"""Characters that are no part of a name (UTS #46, "ignored")."""
_AS_READ = {0x3002: ".", 0xFF0E: ".", 0xFF61: ".", **dict.fromkeys(_UNSEEN)}
_DROPPED = b"\t\r\n"
"""What is dropped from anywhere in a URL (WHATWG URL §4.4)."""


def _ipv4(host: bytes) -> tuple[set[int], bool]:
    """Return the addresses that inet_aton and lenient readers see, and whether it is disguised."""
    parts = host.split(b".")
    if len(parts) > 4 or not all(_NUMBER.match(part) for part in parts):
        return set(), False
    is_plain = len(parts) == 4 and all(
        part.isdigit() and not _ZERO.match(part) and int(part) <= 255 for part in parts
    )
    readings = ([_number(part, is_octal) for part in parts] for is_octal in (True, False))
    found = {_address(numbers) for numbers in readings}
    return {value for value in found if value is not None}, not is_plain


def _number(text: bytes, is_octal: bool) -> int:
    """Return the number; readers differ on whether one with a leading zero is octal."""
    if text[:2].lower() == b"0x":
        return int(text[2:] or b"0", 16)
    if text.lower().lstrip(b"0").startswith(b"o"):
        return int(text.lower().lstrip(b"0")[1:], 8)
    is_octal = is_octal and text[0:1] == b"0" and not text.strip(b"01234567")
    return int(text, 8 if is_octal else 10)


def _address(numbers: Sequence[int]) -> int | None:
    if len(numbers) == 1 and numbers[0] < 1 << 24 and numbers[0] != 0:
        return None  # a port or an identifier
    value = 0
    for number in numbers[:-1]:
        value = value << 8 | number & 0xFF
    width = 8 * (5 - len(numbers))
    return value << width | numbers[-1] & (1 << width) - 1


def _rate_address(value: int, version: int, is_disguised: bool) -> Host:
    address = ipaddress.IPv4Address(value) if version == 4 else ipaddress.IPv6Address(value)
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        is_embedding = value >> 32 in (0x64FF9B << 64, 0) or value >> 80 == 0x64FF9B0001
        if inner is None and is_embedding and value > 1:
            inner = ipaddress.IPv4Address(value & 0xFFFFFFFF)  # NAT64 and "compatible"
        if inner is not None:
            return _rate_address(int(inner), 4, True)
    if value in _METADATA_NETWORKS:
        return Host.METADATA
    if not any(address.version == network.version and address in network for network in _INTERNAL):
        return Host.PUBLIC
    return Host.DISGUISED if is_disguised else Host.PLAIN


def _rate_host(host: bytes) -> Host:
    """Return what a host says; never raises."""
    host = host[:_MAX_NAME].strip(b" .\t").lower()
    if not host.isascii():
        text = host.decode("utf-8", "replace").translate(_AS_READ)
        plain = unicodedata.normalize("NFKC", text).encode("utf-8", "replace").strip(b".").lower()
        if plain.isascii() and _rate_host(plain):
            return max(Host.DISGUISED, _rate_host(plain))
        return Host.PUBLIC
    if host.startswith(b"["):
        literal = host[1:].partition(b"]")[0].partition(b"%")[0].decode("ascii", "replace")
        try:
            value = int(ipaddress.IPv6Address(literal))
        except ValueError:
            return (
                Host.DISGUISED if literal.startswith(("fe80:", "::ffff:", "::1")) else Host.PUBLIC
            )
        return _rate_address(value, 6, len(literal) > 3 and value <= 1)
    host = host.partition(b":")[0].rstrip(b".")
    found, is_disguised = _ipv4(host)
    if found:
        return max(_rate_address(value, 4, is_disguised) for value in found)
    if host in _METADATA_NAMES:
        return Host.METADATA
    if host in _LOCAL_NAMES or host.endswith(_LOCAL_SUFFIXES):
        return Host.PLAIN
    if host.endswith(_WILDCARD_DNS):
        return _rate_embedded(host)
    return Host.PUBLIC


def _rate_embedded(host: bytes) -> Host:
    """Rate a name such as 127-0-0-1.nip.io, which resolves to the address inside it."""
    labels = host.replace(b"-", b".").split(b".")[:-2]
    best = Host.PUBLIC
    for start in range(max(0, len(labels) - 12), len(labels)):
        for length in (1, 4):
            part = labels[start : start + length]
            text = b"0x" + part[0] if length == 1 and len(part[0]) == 8 else b".".join(part)
            if len(part) == length and (length == 4 or len(part[0]) == 8):
                found, _ = _ipv4(text)
                best = max([best, *(_rate_address(value, 4, True) for value in found)])
    return best


def _hosts(text: bytes) -> Iterator[bytes]:
    """Yield every host that some URL reader would see in an authority that starts ``text``."""
    text = text[:MAX_HOST].lstrip(b"/\\")
    authority = _until_end(text)
    yield authority.rpartition(b"@")[2]
    if b"@" in authority:
        yield authority.partition(b"@")[0]
    if b"\\" in text[:64]:
        yield _until_end(text[:128].replace(b"\\", b""))
    # Readers disagree on where user information ends: "a.example #@127.0.0.1/".
    for rest in text.split(b"@", 5)[1:5]:
        yield _until_end(rest)


def _until_end(text: bytes) -> bytes:
    end = _ENDS.search(text)
    return text[: end.start()] if end else text


def rate(text: bytes) -> Host:
    """Return the most that a host which starts ``text`` says, whichever URL reader is asked."""
    found = max(map(_rate_host, _hosts(text)))
    if found is Host.PUBLIC:
        joined = text[:MAX_HOST].translate(None, _DROPPED)
        if len(joined) < min(len(text), MAX_HOST):
            found = max(map(_rate_host, _hosts(joined)))
            return max(found, Host.DISGUISED) if found else found
    return found


# What matchers look for; ``rate`` decides.


def _any_of(names: Iterable[bytes]) -> str:
    return "|".join(re.escape(name.decode()) for name in sorted(names))


_END_CLASS = r"/\\?#\s\"'<>,;)(|{}"
_NUMERIC = r"[0-9a-fox.]*"
_KNOWN_NAMES = _any_of(_METADATA_NAMES | _LOCAL_NAMES)
_KNOWN_SUFFIXES = _any_of((*_LOCAL_SUFFIXES, *_WILDCARD_DNS))
_INTERNAL_OCTET = r"10|100|127|16[89]|172|192|25[6-9]|2[6-9]\d|[3-9]\d\d"
"""First parts of internal IPv4 addresses, and numbers that overflow into them."""
# Only characters that begin with these bytes become ASCII, or nothing.
_FOLDED = rf"[^{_END_CLASS}]*[\xc2\xc4\xc5\xc7\xca\xcb\xcd\xe1-\xe3\xea\xef\xf0\xf3]"
SUSPECT_AUTHORITY = (
    rf"\.*(?:\[|(?:(?:0|o[0-7]|(?:{_INTERNAL_OCTET}|\d{{4}}\d*)\.|\d{{8}}){_NUMERIC}"
    rf"|{_KNOWN_NAMES}|[^{_END_CLASS}@:]*(?:{_KNOWN_SUFFIXES}))\.*(?:[{_END_CLASS}@:]|\z)"
    rf"|{_FOLDED}|[^{_END_CLASS}]+(?:\\+|[\t\r\n]+)[^{_END_CLASS}])"
)
"""Begins all that may be internal where a URL's authority begins; no names of public hosts."""
_PART = r"(?:\.\d+)"
SUSPECT_HOST = (
    rf"\.*(?:0*(?:127{_PART}{{1,3}}|(?:0|{_INTERNAL_OCTET}|\d{{4}}\d*){_PART}{{3}}"
    rf"|(?:192\.168|172\.(?:1[6-9]|2\d|3[01])|169\.254){_PART}|10\.\d+\.(?:\d{{1,3}}|\d{{5}}\d*)"
    rf"|(?:0|{_INTERNAL_OCTET}|\d{{4}}\d*)\.[0-9.]*(?:0x|o[0-7]){_NUMERIC})"
    rf"|(?:0x[0-9a-f]*|0?o[0-7]+|0+(?:0|12|144|177|25[014]|300|[4-7]\d\d|\d{{4}}\d*))\.{_NUMERIC}"
    # One number: the ranges from 10/8 to 192.168/16, and what overflows into them.
    r"|0*(?:1(?:6[7-9]|7\d|8[0-4])\d{6}|168[1-6]\d{6}|21[34]\d{7}|28(?:5[12]|8[67])\d{6}"
    r"|282273\d{4}|3221225\d{3}|3232[23]\d{5}|(?:429|4[3-9]\d|[5-9]\d\d)\d{7})"
    r"|0+(?:12[0-7]{8}|[1-7][0-7]{10}[0-7]*)|0x[0-9a-f]{7,16}|0?o[0-7]{9}[0-7]*"
    rf"|{_KNOWN_NAMES}|[\w.-]*(?:{_KNOWN_SUFFIXES})|\[[0-9a-f:.%\w]+\])\.*"
)
"""Is any host that may be internal where a value is no URL; no decimals, dates or timestamps."""
