"""Server-side request forgery: URLs that lead a server to itself, its neighbours or its cloud.

CWE-918; CRS 934110-934190; WHATWG URL §3.5 and inet_aton(3) (numeric hosts), RFC 6890 (special
addresses). Patterns find URLs, checks read their hosts.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Iterator
from enum import IntEnum

from inference.detector import DECISIVE, Check, Detector, Rule
from inference.fields import Field
from kysira.types import Place


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
_BROWSER_WORDS = (
    "redirect", "return", "callback", "next", "continue", "origin", "refer", "success", "cancel",
    "back", "logout", "homepage", "issuer", "audience", "allowed", "cors", "error_ur", "failure",
    "relaystate", "wreply", "base_url", "site_url", "websiteurl", "location", "page_url",
    "document", "landing",
)  # fmt: skip
"""In the names of fields whose URL the browser follows or comes from, not the server."""
_BROWSER_NAMES = frozenset(
    {"ru", "ref", "dl", "dr", "state", "iss", "aud", "u", "to", "goto", "page"}
)
_PROXY_HEADERS = re.compile(
    r"x-forwarded|x-real|x-client|x-original|x-rewrite|x-envoy|x-cluster|x-remote|x-http-|x-proxy"
    r"|x-originating|true-client|client-ip|cf-|via$|referer$|referrer|origin$|forwarded|location"
    r"|destination$|host|sec-|access-control|:|from$|user-agent$|trace|baggage|link$|dpop"
)
"""Headers that name addresses of the network they came through."""

_CODE_SCHEMES = frozenset(b"ssh git svn postgres postgresql mysql mongodb redis amqp".split())
"""Addresses of repositories and databases, which a form that asks for a URL does not fetch."""
_MAX_URLS = 32
_MAX_HOST = 256
_AUTHORITY = re.compile(rb":[/\\]{1,4}|:[\t\r\n ]{1,2}//")
_ENDS = re.compile(rb"[/\\?#\s\"'<>,;)(|{}]")
_NUMBER = re.compile(rb"(?:0[xX][0-9A-Fa-f]{0,16}|0?[oO][0-7]{1,16}|[0-9]{1,20})\Z")
_ZERO = re.compile(rb"0[0-9]")
_DOTS = {0x3002: ".", 0xFF0E: ".", 0xFF61: ".", 0x200B: None, 0xAD: None}
_LEAD = re.compile(
    rb"[\s\"'<(\[]{0,8}(?:url:|jar:|feed:"
    rb"|view-source:)?(?:([A-Za-z][A-Za-z0-9+.]{1,11}):)?[/\\]{2}",
    re.IGNORECASE,
)
_NO_SLASHES = re.compile(rb"\s{0,4}(?:https?|ftp|gopher|dict):[/\\]{0,1}", re.IGNORECASE)


def _ipv4(host: bytes) -> tuple[int, bool] | None:
    """Return the address that inet_aton and lenient readers see, and whether it is disguised."""
    parts = host.split(b".")
    if len(parts) > 4 or not all(_NUMBER.match(part) for part in parts):
        return None
    numbers = [_number(part) for part in parts]
    is_plain = len(parts) == 4 and not any(
        _ZERO.match(part) or part[:2].lower() == b"0x" or b"o" in part.lower() or number > 255
        for part, number in zip(parts, numbers, strict=True)
    )
    if len(parts) == 1 and numbers[0] < 1 << 24 and numbers[0] != 0:
        return None  # a port or an identifier
    value = 0
    for number in numbers[:-1]:
        value = value << 8 | number & 0xFF
    width = 8 * (5 - len(parts))
    return value << width | numbers[-1] & (1 << width) - 1, not is_plain


def _number(text: bytes) -> int:
    if text[:2].lower() == b"0x":
        return int(text[2:] or b"0", 16)
    if text.lower().lstrip(b"0").startswith(b"o"):
        return int(text.lower().lstrip(b"0")[1:], 8)
    is_octal = text[0:1] == b"0" and not text.strip(b"01234567")
    return int(text, 8 if is_octal else 10)


def _rate_address(value: int, version: int, is_disguised: bool) -> Host:
    address = ipaddress.IPv4Address(value) if version == 4 else ipaddress.IPv6Address(value)
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and value >> 32 in (0x64FF9B << 64, 0) and value > 1:
            inner = ipaddress.IPv4Address(value & 0xFFFFFFFF)  # NAT64 and "compatible"
        if inner is not None:
            return _rate_address(int(inner), 4, True)
    if value in _METADATA_NETWORKS:
        return Host.METADATA
    if not any(address.version == network.version and address in network for network in _INTERNAL):
        return Host.PUBLIC
    return Host.DISGUISED if is_disguised else Host.PLAIN


def rate_host(host: bytes) -> Host:
    """Return what a host of at most a few hundred bytes says; never raises."""
    host = host.strip(b" .\t").lower()
    if not host.isascii():
        text = host.decode("utf-8", "replace").translate(_DOTS)
        plain = unicodedata.normalize("NFKC", text).encode("utf-8", "replace").strip(b".").lower()
        if plain.isascii() and rate_host(plain):
            return max(Host.DISGUISED, rate_host(plain))
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
    found = _ipv4(host)
    if found:
        return _rate_address(found[0], 4, found[1])
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
            found = (
                _ipv4(text) if len(part) == length and (length == 4 or len(part[0]) == 8) else None
            )
            if found:
                best = max(best, _rate_address(found[0], 4, True))
    return best


def _hosts(text: bytes) -> Iterator[bytes]:
    """Yield every host that some URL reader would see in an authority that starts ``text``."""
    text = text[:_MAX_HOST].lstrip(b"/\\")
    end = _ENDS.search(text)
    authority = text[: end.start()] if end else text
    yield authority.rpartition(b"@")[2]
    if b"@" in authority:
        yield authority.partition(b"@")[0]
    if b"\\" in text[:64]:
        joined = text[:128].replace(b"\\", b"")
        stop = _ENDS.search(joined)
        yield joined[: stop.start()] if stop else joined
    # Readers disagree on where user information ends: "a.example #@127.0.0.1/".
    for number, rest in enumerate(text.split(b"@")[1:]):
        if number < 4:
            stop = _ENDS.search(rest)
            yield rest[: stop.start()] if stop else rest


def _rate(text: bytes) -> Host:
    return max((rate_host(host) for host in _hosts(text)), default=Host.PUBLIC)


def _whole_url(text: bytes) -> tuple[bytes, bytes] | None:
    """Return scheme and rest of a text that is one URL and nothing else."""
    match = _LEAD.match(text) or _NO_SLASHES.match(text)
    if not match or len(text) > 8192:
        return None
    scheme = (match[1] or b"") if match.re is _LEAD else b"http"
    return scheme.lower(), text[match.end() :]


def _is_browser_field(field: Field) -> bool:
    name = field.name.rpartition(".")[2].lower()
    plain = name.replace("-", "_")
    return name in _BROWSER_NAMES or any(word in plain for word in _BROWSER_WORDS)


def _is_proxy_header(field: Field) -> bool:
    return field.place is Place.HEADER and bool(_PROXY_HEADERS.match(field.name.lower()))


def _leads_to(least: Host) -> Check:
    """Return a check for values that are one URL with at least such a host."""

    def check(field: Field, text: bytes) -> bool:
        if _is_proxy_header(field):
            return False
        url = _whole_url(text)
        if url is None or (not url[0] and not url[1].strip(b"0")):
            return False  # "\\\\00" is an escape, no address
        if url[0] in _CODE_SCHEMES and least < Host.DISGUISED:
            return False
        # Some readers take "http://a.example &@127.0.0.1/" for one URL.
        if len(text.split(None, 3)) > (1 if least < Host.DISGUISED and b"@" not in text else 3):
            return False
        if least is Host.PLAIN and (_is_browser_field(field) or field.place is Place.COOKIE):
            return False
        return _rate(url[1]) >= least

    return check


def _mentions(least: Host) -> Check:
    """Return a check for texts that have such a URL somewhere inside."""

    def check(field: Field, text: bytes) -> bool:
        if _is_proxy_header(field):
            return False
        for number, match in enumerate(_AUTHORITY.finditer(text)):
            if number == _MAX_URLS:
                return False
            if _rate(text[match.end() : match.end() + _MAX_HOST]) >= least:
                return True
        return False

    return check


def _mentions_unspaced(field: Field, text: bytes) -> bool:
    """Return True for a URL or path that carries an inner URL with a disguised host."""
    is_single = len(text) < 4096 and len(text.split(None, 1)) == 1
    return is_single and _mentions(Host.DISGUISED)(field, text)


def _is_bare_host(least: Host) -> Check:
    """Return a check for values that are a host, with port and path or without."""

    def check(field: Field, text: bytes) -> bool:
        if _is_proxy_header(field) or len(text) > 512:
            return False
        return _rate(text.strip()) >= least

    return check


def _is_fetched(field: Field, text: bytes) -> bool:
    """Return True for an internal URL inside another URL or in an embedding HTML element."""
    return not _is_browser_field(field) and _mentions(Host.PLAIN)(field, text)


def _is_brief_metadata(field: Field, text: bytes) -> bool:
    """Return True for a metadata URL among at most three other words, as in a curl command."""
    return len(text.split(None, 4)) <= 4 and _mentions(Host.METADATA)(field, text)


def _is_bare_in_url_field(field: Field, text: bytes) -> bool:
    name = field.name.rpartition(".")[2].lower()
    is_for_url = any(
        word in name for word in ("url", "uri", "link", "dest", "fetch", "proxy", "ssrf")
    )
    return is_for_url and not _is_browser_field(field) and _is_bare_host(Host.PLAIN)(field, text)


def _is_not_proxy_header(field: Field, text: bytes) -> bool:
    return not _is_proxy_header(field)


def _is_server_file(field: Field, text: bytes) -> bool:
    """Return False for the pages of hybrid mobile applications, which are files themselves."""
    lower = text.lower()
    return not _is_proxy_header(field) and not any(
        part in lower for part in (b"android_asset", b"/containers/", b".app/", b"index.html")
    )


_URL = r"(?:^|[\s\"'<(\[=/,])(?:[a-z][a-z0-9+.-]{1,11}):[/\\ ]"
_WHOLE = (
    r"^[\s\"'<(\[]{0,8}(?:(?:url|jar|feed|view-source):)?(?:[a-z][a-z0-9+.]{1,11}:)?"
    r"[/\\]{2}|^\s{0,4}(?:https?|ftp|gopher|dict):[^\s/]"
)
_BARE = r"^\s?(?:[\w.-]+|[\d.]+|\[[0-9a-f:.%\w]+\])(?::\d{1,5})?(?:/[^\s]*)?\s?\z"

DETECTOR = Detector(
    slug="ssrf",
    rules=(
        Rule("cloud_metadata", _WHOLE, 0.99, check=_leads_to(Host.METADATA)),
        Rule("cloud_metadata", _URL, 0.85, check=_mentions(Host.METADATA)),
        Rule("cloud_metadata", _URL, 0.96, check=_is_brief_metadata),
        Rule(
            "cloud_metadata",
            r"^\s?(?:169\.254\.|100\.100\.100\.|192\.0\.0\.192|metadata\.|instance-data"
            r"|rancher-metadata|kubernetes\.default|\[?fd00:ec2)",
            0.97,
            check=_is_bare_host(Host.METADATA),
        ),
        Rule(
            "cloud_metadata",
            r"(?:169\.254\.169\.254|metadata\.google\.internal"
            r"|100\.100\.100\.200)[^\s]{0,8}/(?:latest|computemetadata|metadata|opc"
            r"|openstack|hetzner|v1)[^\s]*(?:security-credentials|user-data|service-accounts"
            r"|/token|identity|api-version=)",
            0.8,
            check=_is_not_proxy_header,
        ),
        Rule("disguised_address", _WHOLE, DECISIVE, check=_leads_to(Host.DISGUISED)),
        Rule("disguised_address", _URL, 0.97, check=_mentions_unspaced),
        Rule("internal_address", _WHOLE, 0.97, check=_leads_to(Host.PLAIN)),
        Rule("internal_address", _URL, 0.4, check=_mentions(Host.PLAIN)),
        Rule(
            "internal_address",
            r"^[^\s]*[?&](?:url|uri|src|dest|target|file|path|host|link|proxy|feed|image|img"
            r"|u|site)=[a-z]{2,8}:/{1,3}[^\s]*\z",
            0.96,
            check=_is_fetched,
        ),
        Rule(
            "internal_address",
            r"<(?:iframe|object|embed|frame)\b[^>]*\b(?:src|data)\s*=\s*[\"']?\s*(?:https?:)?//",
            0.96,
            check=_is_fetched,
        ),
        Rule("internal_address", _BARE, 0.96, check=_is_bare_in_url_field),
        Rule(
            "dangerous_scheme",
            r"^[\s\"'<(]{0,4}(?:url:)?(?:gopher|dict|netdoc|tftp|local_file|jar:(?:https?"
            r"|file|ftp)|ldapi|unix|expect|cifs):/{0,2}[^\s]",
            0.98,
            check=_is_not_proxy_header,
        ),
        Rule(
            "dangerous_scheme",
            r"[=/ \"'](?:gopher|dict|netdoc):///?[\w\[]",
            0.96,
            check=_is_not_proxy_header,
        ),
        Rule(
            "dangerous_scheme", r"^\s?(?:ldaps?|sftp|smb|ssh|telnet|redis|imap|rtmp)://[\w\[]", 0.6
        ),
        Rule(
            "file_url",
            r"^[\s\"'<(]{0,4}(?:url:)?file:(?:/{1,4}|\\{2})[^\s]",
            0.96,
            check=_is_server_file,
        ),
        Rule(
            # Apache mod_proxy's "unix:…|http://" (CVE-2021-40438).
            "unix_socket",
            r"unix:[^\s|]{0,64}(?:[a-z/]{16}|/)[^\s|]*\|https?://",
            0.97,
        ),
        Rule(
            # Services that only tell a tester that a server came to them.
            "callback_service",
            r"^(?:[a-z]{2,8}:)?(?://)?[\w.@-]*\b(?:oast|oastify|interact|burpcollaborator"
            r"|dnslog|ceye|bxss|r87|dnsbin|requestrepo|canarytokens)\.(?:\w{2,8})(?:[:/?#]"
            r"|\z)",
            0.96,
            check=_is_not_proxy_header,
        ),
    ),
)
