"""The app behind the proxy: where it is, and what its URL adds to a request's target."""

import ssl
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from kysira.errors import SettingsError
from kysira.request_target import origin_form
from kysira.scorer import masked_url
from kysira.serving import address


class Target(NamedTuple):
    """Where requests go."""

    host: str
    port: int
    prefix: bytes
    """Goes before the path of every request; without a slash at its end."""
    tls: ssl.SSLContext | None
    shown: str
    """The URL."""

    @property
    def authority(self) -> bytes:
        """Return the Host for a request that has none."""
        is_usual = self.port == (443 if self.tls else 80)
        host = address(self.host, self.port)
        return (host.rpartition(":")[0] if is_usual else host).encode("ascii")

    def request_target(self, target: bytes) -> bytes:
        """Return the target to ask the app for: as sent, behind the prefix if there is one."""
        if not self.prefix or target == b"*":
            return target
        path = origin_form(target)  # an absolute one would lead around the prefix
        return self.prefix + (b"/" + path if path.startswith(b"?") else path)


def read_target(url: str, *, ca: Path | None = None, is_insecure: bool = False) -> Target:
    """Return the target of a URL; raises SettingsError.

    The app's certificate is verified against ``ca``, or the system's authorities where that is
    None, unless it ``is_insecure``.
    """
    parts = urlsplit(url)
    if not parts.hostname or parts.query or parts.fragment:
        raise SettingsError(
            f"--target-url must be http(s)://host[:port][/prefix], not {masked_url(url)!r}"
        )
    if "@" in parts.netloc:
        raise SettingsError("--target-url: leave out user and password, which are not sent")
    tls = _client_tls(ca, is_insecure=is_insecure) if parts.scheme == "https" else None
    try:
        prefix = parts.path.rstrip("/").encode("ascii")
        parts.hostname.encode("ascii")
    except UnicodeError:
        raise SettingsError("the target's URL must be ASCII: percent-encode, or use xn--") from None
    port = parts.port or (443 if tls else 80)
    return Target(parts.hostname, port, prefix, tls, url)


def _client_tls(ca: Path | None, *, is_insecure: bool) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"target CA {ca}: {_why(error)}") from None
    if is_insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context


def server_tls(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """Return the context of a TLS listener, None when no certificate is set.

    ``key`` may be in the certificate's file. Raises SettingsError.
    """
    if cert is None:
        if key is not None:
            raise SettingsError("--tls-key needs a certificate: set --tls-cert too")
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(cert, key, password=_no_password)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"TLS certificate {cert} or its key: {_why(error)}") from None
    context.set_alpn_protocols(["http/1.1"])
    return context


def _no_password() -> str:
    raise SettingsError("the TLS key is encrypted: give it without a password")


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLError) or not error.strerror:
        return "is no PEM file, or does not fit"
    return error.strerror.lower()
