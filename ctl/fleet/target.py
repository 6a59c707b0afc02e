"""Where a service is managed, as a user names it and as it is then asked."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

from ctl.envoy.options import is_ip

DEFAULT_PORT = 9090
"""ext-proc's management port."""
_LOOK_UP_S = 10.0
"""Seconds that a look-up may take: a name server that is down is given up after five."""


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

    end: Callable[[], str] | None = field(default=None, compare=False, repr=False)
    """Tells that what carries them has ended: who listens there by then gets no token of ours."""

    @property
    def unasked(self) -> str:
        """Return why it can't be asked now, "" when it can."""
        return self.problem or (self.end() if self.end else "")

    @property
    def spelt(self) -> str:
        """Return what names this service after --target.

        One of several with one certificate is meant by their name: no address would match that.
        """
        if not self.url.startswith("https:"):
            return self.name
        if not self.server_name:
            return f"https://{self.name}"
        parts = urlsplit(self.url)
        return f"https://{self.server_name}:{parts.port}{parts.path}"


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

    A name that nobody knows is a target with a problem: it keeps nobody from asking the others.
    """
    found = await asyncio.gather(*map(_addresses, spoken))
    targets: dict[str, Target] = {}
    for each, addresses in zip(spoken, found, strict=True):
        if isinstance(addresses, str):
            targets.setdefault(_written(each), Target(_named(each), _written(each), "", addresses))
            continue
        for ip in addresses:
            target = _target(each, ip, is_one_of_many=len(addresses) > 1)
            targets.setdefault(target.url, target)
    return list(targets.values())


async def _addresses(each: Spoken) -> list[str] | str:
    """Return the addresses of a host, or why there are none."""
    if is_ip(each.host):
        return [each.host]
    # It comes with aiohttp, which takes longer to import than help to print.
    from kysira.events.sinks.worker import Worker  # noqa: PLC0415

    look_up = partial(socket.getaddrinfo, each.host, each.port, type=socket.SOCK_STREAM)
    thread = Worker("kysira-name")  # one that hangs holds up neither the others nor the end
    try:
        async with asyncio.timeout(_LOOK_UP_S):
            rows = await thread.call(look_up)
    except TimeoutError:
        return f"its name could not be looked up in {_LOOK_UP_S:g} s"
    except OSError as error:
        return (error.strerror or "no such name").lower()
    except UnicodeError:
        return "no host has such a name"
    finally:
        thread.end()
    addresses = list(dict.fromkeys(str(row[4][0]) for row in rows))
    if each.host == "localhost":  # both address families of one machine: one service
        return addresses[-1:] if "127.0.0.1" not in addresses else ["127.0.0.1"]
    return addresses


def _named(each: Spoken) -> str:
    return f"{each.host}:{each.port}{each.path}"


def _written(each: Spoken) -> str:
    return f"{each.scheme}://{_named(each)}"


def _target(each: Spoken, ip: str, *, is_one_of_many: bool) -> Target:
    where = f"[{ip}]:{each.port}" if ":" in ip else f"{ip}:{each.port}"
    shown = where if is_one_of_many or is_ip(each.host) else f"{each.host}:{each.port}"
    is_named_tls = each.scheme == "https" and not is_ip(each.host)
    return Target(
        shown + each.path, f"{each.scheme}://{where}{each.path}", each.host if is_named_tls else ""
    )
