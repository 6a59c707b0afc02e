"""Where requests are replayed to: a URL with a name, on this machine unless allowed otherwise."""

import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from kysira.errors import StartError

_NAMED = re.compile(r"(?:(?P<name>[\w.:/-]*)=)?(?P<url>https?://.*)", re.IGNORECASE | re.DOTALL)
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An origin, and what its column is called."""

    name: str
    host: str
    port: int
    is_tls: bool = False

    @property
    def authority(self) -> str:
        """Return host and port as a Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """Return the URL without a path."""
        return f"{'https' if self.is_tls else 'http'}://{self.authority}"


def read_endpoint(text: str) -> Endpoint:
    """Return the endpoint of ``http://127.0.0.1:8080`` or ``name=http://127.0.0.1:8080``.

    Raises ValueError.
    """
    match = _NAMED.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} must begin with http:// or https://, or with a name and =")
    parts = urlsplit(match["url"])
    try:
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"{text!r} is no URL: {error}") from None
    if not host:
        raise ValueError(f"{text!r} names no host")
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
        raise ValueError(f"{text!r}: give host and port alone, the rows have the paths")
    found = Endpoint("", host, port or _PORTS[parts.scheme], parts.scheme == "https")
    return Endpoint(match["name"] or found.authority, found.host, found.port, found.is_tls)


def resolve(endpoint: Endpoint) -> tuple[str, ...]:
    """Return the addresses that the host stands for, once, so that all requests go there.

    Raises StartError.
    """
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise StartError(f"{endpoint.url}: host not found: {why}") from error
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


def is_loopback(address: str) -> bool:
    """Return True for an address of this machine alone."""
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback
