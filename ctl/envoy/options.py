"""What an Envoy configuration is rendered from; readers raise ValueError saying what to do."""

import ipaddress
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal
from urllib.parse import urlsplit

from ctl.envoy.version import NEWEST, EnvoyVersion
from kysira.settings import OnFailure

Discovery = Literal["STATIC", "STRICT_DNS"]
LOCALHOST = "localhost"
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}$)({_LABEL}\.)*(?![0-9]+$){_LABEL}", re.IGNORECASE)
"""A last label of digits alone is a mistyped IP address (RFC 1123 §2.1)."""
_DURATION = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)(ms|s)")
_ERROR_STATUSES = {int(status) for status in HTTPStatus if status >= 400} - {418, 425, 451}
"""Envoy's own type lacks those three."""
MIN_HTTP2_WINDOW = 65535
"""The smallest initial window Envoy takes (RFC 9113 §6.9.2)."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where something listens: a name or an IP address, and a port."""

    host: str
    port: int

    @property
    def is_ip(self) -> bool:
        """Return True for an IP address."""
        return is_ip(self.host)

    @property
    def is_localhost(self) -> bool:
        """Return True for the name that means this machine."""
        return self.host == LOCALHOST

    @property
    def connect_host(self) -> str:
        """Return what Envoy connects to; localhost needs no resolver."""
        return "127.0.0.1" if self.is_localhost else self.host

    @property
    def discovery(self) -> Discovery:
        """Return how Envoy learns the IP address."""
        return "STATIC" if self.is_ip or self.is_localhost else "STRICT_DNS"

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Target:
    """The app: where requests go."""

    address: Address
    is_tls: bool = False

    @property
    def discovery(self) -> Discovery:
        """Return how Envoy learns the app's IP address."""
        return self.address.discovery

    def __str__(self) -> str:
        return f"{'https' if self.is_tls else 'http'}://{self.address}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """How ext-proc is asked, whatever tells Envoy."""

    on_failure: OnFailure = OnFailure.OPEN
    message_timeout: float = 0.5
    """Seconds."""
    max_body_bytes: int = 131072

    @property
    def is_fail_open(self) -> bool:
        """Return True when requests pass unchecked while ext-proc can't be asked."""
        return self.on_failure is OnFailure.OPEN

    @property
    def message_timeout_ms(self) -> int:
        """Return the timeout in milliseconds."""
        return max(1, round(self.message_timeout * 1000))

    @property
    def http2_window_bytes(self) -> int:
        """Return the HTTP/2 window that holds what is inspected of a body."""
        return max(self.max_body_bytes, MIN_HTTP2_WINDOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvoyOptions(Guard):
    """Everything the templates read."""

    target: Target = Target(Address("127.0.0.1", 3000))
    target_ca: str = "/etc/ssl/certs/ca-certificates.crt"
    target_http2: bool = False
    listen_address: str = "0.0.0.0"  # noqa: S104 - a proxy is there to be reached
    port: int = 10000
    admin_port: int = 9901
    ext_proc: tuple[Address, ...] = (Address("127.0.0.1", 50051),)
    ext_proc_tls: bool = False
    ext_proc_ca: str = "/etc/ssl/certs/ca-certificates.crt"
    ext_proc_server_name: str = ""
    """The name in ext-proc's certificate; "" is the first address's."""
    status_on_error: int = 503
    connect_timeout: float = 5.0
    """Seconds."""
    access_log: bool = False
    version: EnvoyVersion = NEWEST

    @property
    def ext_proc_discovery(self) -> Discovery:
        """Return how Envoy learns the IP addresses of ext-proc."""
        is_static = all(address.discovery == "STATIC" for address in self.ext_proc)
        return "STATIC" if is_static else "STRICT_DNS"

    @property
    def ext_proc_name(self) -> str:
        """Return the name that ext-proc's certificate must hold."""
        return self.ext_proc_server_name or self.ext_proc[0].host

    @property
    def ext_proc_name_is_ip(self) -> bool:
        """Return True when that is an IP address, which TLS never asks for by name."""
        return is_ip(self.ext_proc_name)


def is_ip(text: str) -> bool:
    """Return True for an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text  # Envoy takes no zone


def read_target(text: str) -> Target:
    """Return the app of ``http://host[:port]`` or ``https://host[:port]``."""
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a URL, such as http://127.0.0.1:3000") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"{text!r} must begin with http:// or https://")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(
            f"{text!r} must end after the port: the proxy sends every path on as it is"
        )
    if parts.username is not None or parts.password is not None:
        raise ValueError("a user name or password in the URL can't be used; leave it out")
    host, port = _host(parts.hostname or "", text), _url_port(parts.netloc, text)
    default = 443 if parts.scheme == "https" else 80
    return Target(Address(host, default if port is None else port), parts.scheme == "https")


def _url_port(netloc: str, text: str) -> int | None:
    tail = netloc.rpartition("]")[2]
    return _port(tail.partition(":")[2], text) if ":" in tail else None


def read_address(text: str) -> Address:
    """Return the address of ``host:port``; an IPv6 host is in brackets."""
    host, colon, port = text.rpartition(":")
    if not colon or (":" in host and not (host.startswith("[") and host.endswith("]"))):
        raise ValueError(f"{text!r} is not host:port, such as 127.0.0.1:50051 or [::1]:50051")
    return Address(_host(host.strip("[]"), text), _port(port, text))


def _host(host: str, text: str) -> str:
    if not is_ip(host) and not _HOST_NAME.fullmatch(host):
        raise ValueError(f"{text!r} has no host name or IP address that can be used")
    return host.lower()


def _port(port: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 1 <= int(port) <= 65535:
        raise ValueError(f"{text!r} has no port from 1 to 65535")
    return int(port)


def read_host_name(text: str) -> str:
    """Return a host name; an IP address is none."""
    if is_ip(text):
        raise ValueError(f"{text!r} is an IP address, not a name such as shop.example")
    return _host(text, text)


def read_server_name(text: str) -> str:
    """Return a name or an IP address that a certificate can hold."""
    return _host(text, text)


def read_listen_address(text: str) -> str:
    """Return an IP address to listen on."""
    if not is_ip(text):
        raise ValueError(f"{text!r} is not an IP address, such as 0.0.0.0, 127.0.0.1 or ::")
    return text


def read_duration(text: str) -> float:
    """Return the seconds of ``500ms`` or ``0.5s``: over 0, at most an hour."""
    match = _DURATION.fullmatch(text)
    seconds = float(match[1]) / (1000 if match[2] == "ms" else 1) if match else 0.0
    if not 0.001 <= seconds <= 3600:
        raise ValueError(f"{text!r} is not a time from 1ms to 3600s, such as 500ms or 0.5s")
    return seconds


def read_error_status(text: str) -> int:
    """Return an HTTP error status that Envoy can answer with."""
    status = int(text) if re.fullmatch(r"[0-9]{3}", text) else 0
    if status not in _ERROR_STATUSES:
        raise ValueError(f"{text!r} is not an HTTP error status that Envoy knows, such as 503")
    return status
