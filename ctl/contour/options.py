"""What Contour's objects are rendered from."""

from dataclasses import dataclass
from enum import StrEnum

from ctl.envoy.options import Guard
from ctl.kubernetes.names import Service, read_name


class Via(StrEnum):
    """Where Contour is told to ask."""

    GLOBAL = "global"
    HTTP_PROXY = "http-proxy"


@dataclass(frozen=True, slots=True)
class Backend:
    """The app of an HTTPProxy: a Service beside it, and a port."""

    name: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContourOptions(Guard):
    """Everything the templates read."""

    via: Via = Via.GLOBAL
    services: tuple[Service, ...]
    """All in one namespace, where the ExtensionService must be."""
    name: str = "kysira-ext-proc"
    namespace: str = "projectcontour"
    """Of the ContourConfiguration or the HTTPProxy."""
    configuration: str = "contour"
    fqdn: str = ""
    tls_secret: str = ""
    app: Backend = Backend("app", 80)
    tls: bool = False
    tls_ca: str = ""
    tls_server_name: str = ""

    @property
    def service_namespace(self) -> str:
        """Return where ext-proc and its ExtensionService are."""
        return self.services[0].namespace

    @property
    def server_name(self) -> str:
        """Return the name that a certificate before ext-proc must hold."""
        first = self.services[0]
        return self.tls_server_name or f"{first.name}.{first.namespace}.svc.cluster.local"


def read_backend(text: str) -> Backend:
    """Return the Service of ``name:port``; raises ValueError saying what to do."""
    name, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise ValueError(f"{text!r} is not a Service and its port, such as shop:80")
    return Backend(read_name(name), int(port))
