"""Whose request it is: the peer's, unless that is a proxy which is trusted to say.

https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Forwarded-For
"""

import ipaddress
from collections.abc import Iterable, Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
FORWARDED_FOR = "x-forwarded-for"
SAID_BY_PROXIES = ("cf-connecting-ip", "x-real-ip", FORWARDED_FOR)
"""The headers in which proxies name the client; the first that is there counts."""
_MOST_HOPS = 32
"""No chain of proxies is longer. A client may write thousands of addresses before it, unread."""


class ClientAddress:
    """Tells the client's address by the peer's and what trusted proxies have written."""

    def __init__(
        self, trusted: Sequence[Network] = (), headers: Sequence[str] = SAID_BY_PROXIES
    ) -> None:
        """``headers`` are those that the trusted proxies write.

        One that they pass on as a client has sent it must not be among them.
        """
        self._trusted: tuple[Network, ...] = ()
        self._headers: tuple[str, ...] = ()
        self.believe(trusted, headers)

    def believe(self, trusted: Sequence[Network], headers: Sequence[str]) -> None:
        """Believe these from now on, and nobody else."""
        self._trusted, self._headers = tuple(trusted), tuple(headers)

    def of(self, peer: str, headers: Iterable[tuple[str, bytes]]) -> str:
        """Return the client's address; ``peer`` where nobody trusted says another.

        ``headers`` have lower-case names. Anybody may send them: they count only when the peer is a
        trusted proxy, and of X-Forwarded-For only what the last untrusted one could not choose.
        """
        if not self.trusts(peer):
            return peer
        rows = [row for row in headers if row[0] in self._headers]
        for name in self._headers:
            said = [value for key, value in rows if key == name]
            if address := self._named(name, said):
                return address
        return peer

    def _named(self, name: str, said: Sequence[bytes]) -> str:
        if name == FORWARDED_FOR:
            hops = b",".join(said).rsplit(b",", _MOST_HOPS)[-_MOST_HOPS:]
            return self._last_untrusted(hops)
        # Twice is no word of one proxy: somebody before it has added another.
        return read_address(said[0]) if len(said) == 1 else ""

    def trusts(self, peer: str) -> bool:
        """Return True for a proxy that is believed what it says of its clients."""
        return bool(self._trusted) and self._is_trusted(peer)

    def _last_untrusted(self, hops: Sequence[bytes]) -> str:
        """Return the rightmost address that is no trusted proxy, the leftmost when all are."""
        known = ""
        for hop in reversed(hops):
            address = read_address(hop)
            if not address:  # whatever is left of it may be anybody's word
                break
            known = address
            if not self._is_trusted(address):
                break
        return known

    def _is_trusted(self, text: str) -> bool:
        try:
            address = ipaddress.ip_address(text.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None) or address
        return any(mapped in network for network in self._trusted)


BELIEVE_NOBODY = ClientAddress()
"""The client is whoever is connected."""


def read_address(value: bytes) -> str:
    """Return the address in a header's value, without a port; "" for anything else.

    One with a zone is nobody's who is elsewhere, and a zone may be any text.
    """
    text = value.decode("latin-1").strip()
    if "%" in text:
        return ""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""


def read_headers(text: str) -> tuple[str, ...]:
    """Return the names of a comma-separated list; raises ValueError naming an unknown one."""
    names = tuple(name.strip().lower() for name in text.split(",") if name.strip())
    for name in names:
        if name not in SAID_BY_PROXIES:
            listed = ", ".join(SAID_BY_PROXIES)
            raise ValueError(f"{name!r} names no client; list some of {listed}")
    return names


def read_networks(text: str) -> tuple[Network, ...]:
    """Return the networks of a comma-separated list; raises ValueError naming a wrong one."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    networks = []
    for name in names:
        try:
            networks.append(ipaddress.ip_network(name, strict=False))
        except ValueError:
            raise ValueError(f"{name!r} is no address or network, such as 10.0.0.0/8") from None
    return tuple(networks)
