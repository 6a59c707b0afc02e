"""Where a service is managed, as a user names it and as it is then asked."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ctl.envoy.options import is_ip
from kysira.errors import StartError

DEFAULT_PORT = 9090
"""ext-proc's management port."""


@dataclass(frozen=True, slots=True)
class Target:
    """One running service."""

    name: str
    """What tables call it: an address, or a pod's name."""
    url: str
    """Where it is asked, with an IP address for a host, without a slash at the end."""
    server_name: str = ""
    """The name that a certificate must be for; "" where the URL says it, or there is no TLS."""
    problem: str = ""
    """Why it can't be asked at all, such as a pod that is not running; "" when it can."""
    carrier: Callable[[], str] | None = field(default=None, compare=False, repr=False)
    """Tells the last failure of what carries the connections to it; "" when there was none."""

    @property
    def spelt(self) -> str:
        """Return what names this one service after --target."""
        return f"https://{self.name}" if self.url.startswith("https:") else self.name


@dataclass(frozen=True, slots=True)
class Spoken:
    """A target as the user spells it: its name may stand for several services."""

    scheme: str
    host: str
    port: int
    path: str = ""


def read_target(text: str) -> Spoken:
    """Return the target of ``http(s)://host[:port][/path]``, ``host:port`` or ``host``."""
    url = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if not host or parts.scheme not in ("http", "https") or not text.isprintable() or " " in text:
        raise ValueError(f"{text!r} is not a target, such as 127.0.0.1:9090 or https://waf.example")
    if "@" in parts.netloc:
        raise ValueError("a target takes no user name or password; the token is set apart")
    if parts.query or parts.fragment:
        raise ValueError(f"{text!r} must end with its path: no ? and no #")
    default = DEFAULT_PORT if parts.scheme == "http" else 443
    return Spoken(parts.scheme, host, default if port is None else port, parts.path.rstrip("/"))


async def resolve(spoken: Sequence[Spoken]) -> list[Target]:
    """Return every service behind the names, each address once: a headless Service has many.

    Raises StartError for a name that nobody knows.
    """
    found = await asyncio.gather(*map(_addresses, spoken))
    targets: dict[str, Target] = {}
    for each, addresses in zip(spoken, found, strict=True):
        for ip in addresses:
            target = _target(each, ip, is_one_of_many=len(addresses) > 1)
            targets.setdefault(target.url, target)
    return list(targets.values())


async def _addresses(each: Spoken) -> list[str]:
    if is_ip(each.host):
        return [each.host]
    try:
        rows = await asyncio.get_running_loop().getaddrinfo(
            each.host, each.port, type=socket.SOCK_STREAM
        )
    except OSError as error:
        raise StartError(f"{each.host}: {error.strerror or 'no such name'}") from None
    addresses = list(dict.fromkeys(str(row[4][0]) for row in rows))
    if each.host == "localhost":  # both address families of one machine: one service
        return addresses[-1:] if "127.0.0.1" not in addresses else ["127.0.0.1"]
    return addresses


def _target(each: Spoken, ip: str, *, is_one_of_many: bool) -> Target:
    where = f"[{ip}]:{each.port}" if ":" in ip else f"{ip}:{each.port}"
    shown = where if is_one_of_many or is_ip(each.host) else f"{each.host}:{each.port}"
    is_named_tls = each.scheme == "https" and not is_ip(each.host)
    return Target(
        shown + each.path, f"{each.scheme}://{where}{each.path}", each.host if is_named_tls else ""
    )
