"""What an nginx configuration is rendered from; readers raise ValueError saying what to do."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ctl.envoy.options import Address, Target
from kysira.settings import OnFailure

_SIZE = re.compile(r"\d{1,9}[kKmMgG]?")
_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\"'$;{}\\]")
"""What ends or changes a quoted string in nginx's configuration."""
_HTTP2_DIRECTIVE = (1, 25, 1)
"""https://nginx.org/en/docs/http/ngx_http_v2_module.html#http2"""
_APP = Target(Address("127.0.0.1", 3000))
_ADAPTER = Address("127.0.0.1", 8090)
Version = tuple[int, int, int]


class Via(StrEnum):
    """How nginx asks the adapter."""

    AUTH_REQUEST = "auth-request"
    NJS = "njs"
    MIRROR = "mirror"


@dataclass(frozen=True, slots=True, kw_only=True)
class NginxOptions:
    """Everything the templates read."""

    via: Via = Via.NJS
    target: Target = _APP
    target_ca: str = "/etc/ssl/certs/ca-certificates.crt"
    listen_address: str = "0.0.0.0"  # noqa: S104 - a proxy is there to be reached
    port: int = 80
    tls_cert: str = ""
    tls_key: str = ""
    adapters: tuple[Address, ...] = (_ADAPTER,)
    on_failure: OnFailure = OnFailure.OPEN
    check_timeout: float = 0.5
    """Seconds."""
    connect_timeout: float = 0.2
    """Seconds a connection to the adapter may take."""
    client_max_body_size: str = "10m"
    access_log: bool = False
    run_dir: str = ""
    """Folder for the pid and temporary files; "" leaves them where nginx was built to have them."""
    script: str = "kysira.js"
    """Where nginx finds the script, relative to the folder of its nginx.conf."""
    version: Version = (1, 22, 1)

    @property
    def is_fail_open(self) -> bool:
        """Return True when requests pass unchecked while the adapter can't be asked."""
        return self.on_failure is OnFailure.OPEN

    @property
    def reads_bodies(self) -> bool:
        """Return True when the adapter is sent the body."""
        return self.via is not Via.AUTH_REQUEST

    @property
    def listens_http2_by_directive(self) -> bool:
        """Return True for an nginx that deprecates ``listen … http2``."""
        return self.version >= _HTTP2_DIRECTIVE

    @property
    def listen(self) -> Address:
        """Return where nginx listens."""
        return Address(self.listen_address, self.port)


def read_size(text: str) -> str:
    """Return a size as nginx writes it, e.g. ``10m``; ``0`` is no limit."""
    if not _SIZE.fullmatch(text):
        raise ValueError(f"{text!r} is not a size, such as 512k, 10m or 1g; 0 is no limit")
    return text


def read_version(text: str) -> Version:
    """Return the numbers of a version of nginx, e.g. ``1.22.1``."""
    match = _VERSION.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a version of nginx, such as 1.22.1")
    return int(match[1]), int(match[2]), int(match[3] or 0)


def read_path(text: str) -> str:
    """Return a path that nginx's configuration can hold."""
    if not text or _UNSAFE.search(text):
        raise ValueError(f"{text!r} holds what nginx's configuration can't: quotes, $, ;, {{ or }}")
    return str(Path(text).absolute())
