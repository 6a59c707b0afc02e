"""The settings of kysira-proxy."""

import dataclasses
from pathlib import Path

from kysira.front_end import FrontEndSettings
from kysira.settings import number, port, setting, url


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProxySettings(FrontEndSettings):
    """Stands in front of an app: scores every request, then forwards it, or refuses it."""

    target_url: str = setting(
        "http://localhost:3000",
        "The app: http(s)://host[:port], and a path that goes before every request's.",
        read=url,
        also="TARGET_URL",
    )
    target_ca: Path | None = setting(
        None,
        "File of certificate authorities for an https target; unset: the system's.",
        read=Path,
    )
    target_insecure: bool = setting(
        False, "true: take any certificate of an https target. Anybody could be the app then."
    )
    proxy_port: int = setting(8080, "Port for traffic; 0 is any free one.", read=port)
    admin_port: int | None = setting(
        None,
        "Port for health, metrics, mode and events; unset: on the traffic port, under paths of "
        "their own.",
        read=port,
    )
    tls_cert: Path | None = setting(
        None, "Certificate chain (PEM) to accept TLS with; unset: plain HTTP.", read=Path
    )
    tls_key: Path | None = setting(
        None, "Key of the certificate; unset: in the same file.", read=Path
    )
    connect_timeout_ms: int = setting(
        5000, "Milliseconds to reach the app in.", read=number(1, 600_000)
    )
    upstream_timeout_ms: int = setting(
        60_000, "Milliseconds the app may take until its answer begins.", read=number(1, 3_600_000)
    )
