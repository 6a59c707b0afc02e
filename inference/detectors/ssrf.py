"""Server-side request forgery: URLs that lead a server to itself, its neighbours or its cloud.

CWE-918; CRS 934110-934190. Patterns find URLs, checks read their hosts (``inference.hosts``).
"""

import re

from inference.detector import DECISIVE, Check, Detector, Rule, confirmed_by
from inference.fields import Field
from inference.hosts import MAX_HOST, SUSPECT_AUTHORITY, SUSPECT_HOST, Host, rate
from kysira.types import Place

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
_AUTHORITY = re.compile(rb":[/\\]{1,4}|:[\t\r\n ]{1,2}//")
_LEAD = re.compile(
    rb"[\s\"'<(\[]{0,8}(?:url:|jar:|feed:"
    rb"|view-source:)?(?:([A-Za-z][A-Za-z0-9+.]{1,11}):)?[/\\]{2}",
    re.IGNORECASE,
)
_NO_SLASHES = re.compile(rb"\s{0,4}(?:https?|ftp|gopher|dict):[/\\]{0,1}", re.IGNORECASE)


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
        return rate(url[1]) >= least

    return check


def _mentions(least: Host) -> Check:
    """Return a check for texts that have such a URL somewhere inside."""

    def check(field: Field, text: bytes) -> bool:
        if _is_proxy_header(field):
            return False
        for number, match in enumerate(_AUTHORITY.finditer(text)):
            if number == _MAX_URLS:
                return False
            if rate(text[match.end() : match.end() + MAX_HOST]) >= least:
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
        return rate(text.strip()) >= least

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
_INNER = rf"(?::[/\\]+|:[\t\r\n ]{{1,2}}//[/\\]*)(?:.*@)?{SUSPECT_AUTHORITY}"
_WHOLE = (
    r"(?:^[\s\"'<(\[]{0,8}(?:(?:url|jar|feed|view-source):)?(?:[a-z][a-z0-9+.]{1,11}:)?"
    r"[/\\]{2}(?:[/\\]*|.*@)|^\s{0,4}(?:https?|ftp|gopher|dict):(?:/|\\[/\\]*|(?:[^\s/].*)?@)?)"
    rf"{SUSPECT_AUTHORITY}"
)
_BARE = r"^\s?(?:[\w.-]+|\[[0-9a-f:.%\w]+\])(?::\d{1,5})?(?:/[^\s]*)?\s?\z"
_SUSPECT_BARE = (
    rf"^\s?(?:{SUSPECT_HOST}(?::\d{{1,5}})?(?:/[^\s]*)?\s?\z"
    rf"|[\w.-]+(?::\d{{1,5}})?/[^\s]*@{SUSPECT_AUTHORITY})"
)


def _in_url(check: Check) -> Check:
    return confirmed_by(_URL, after=check)


DETECTOR = Detector(
    slug="ssrf",
    rules=(
        Rule("cloud_metadata", _WHOLE, 0.99, check=_leads_to(Host.METADATA)),
        Rule("cloud_metadata", _INNER, 0.85, check=_in_url(_mentions(Host.METADATA))),
        Rule("cloud_metadata", _INNER, 0.96, check=_in_url(_is_brief_metadata)),
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
        Rule("disguised_address", _INNER, 0.97, check=_in_url(_mentions_unspaced)),
        Rule("internal_address", _WHOLE, 0.97, check=_leads_to(Host.PLAIN)),
        Rule("internal_address", _INNER, 0.4, check=_in_url(_mentions(Host.PLAIN))),
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
        Rule(
            "internal_address",
            _SUSPECT_BARE,
            0.96,
            check=confirmed_by(_BARE, after=_is_bare_in_url_field),
        ),
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
            r"unix:[^\s|]*\|https?://",
            0.97,
            check=confirmed_by(r"unix:[^\s|]{0,64}(?:[a-z/]{16}|/)[^\s|]*\|https?://"),
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
