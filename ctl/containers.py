"""What a container of Kysira is: its image, user, folders, ports and how its health is asked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from kysira import __version__

REGISTRY = "ghcr.io/kysira"
TAG = __version__
USER = 10001
"""Who the programs run as, by number: Kubernetes can't tell that a name is not root."""
DATA_DIR = "/var/lib/kysira"
"""State, events, spool and compiled rules; the image's is USER's, and so is a new volume there."""
POLICY_DIR = "/etc/kysira"
"""The folder with kysira.yaml. A folder: one file of a ConfigMap, or of a host whose editor
replaces files, would stay what it was at the start."""
_REGISTRY = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


class Component(StrEnum):
    """A service that runs in containers."""

    EXT_PROC = "ext-proc"
    PROXY = "proxy"
    NGINX_AUTH_ADAPTER = "nginx-auth-adapter"
    INFERENCE = "inference"


@dataclass(frozen=True, slots=True)
class Port:
    """A port that a program listens on."""

    name: str
    """At most 15 characters, as Kubernetes wants it."""
    number: int
    protocol: str = "http"
    """The application's, as Kubernetes's appProtocol and Istio name it."""


@dataclass(frozen=True, slots=True)
class Program:
    """A service, as far as what runs its container must know it."""

    component: Component
    ports: tuple[Port, ...]
    """The one for its work first; metrics and health are on the last."""
    requests: Mapping[str, str]
    memory_limit: str
    health: str = "/_kysira/health"
    """Answers 200 as long as the program runs."""
    ready: str = "/_kysira/ready"
    """Answers 200 while requests are wanted: neither while it loads nor once it drains."""
    excluded_from_mesh: int = 0
    """A port that a sidecar must leave alone; 0 is none."""

    @property
    def name(self) -> str:
        """Return what program, image and Kubernetes objects are called."""
        return f"kysira-{self.component}"

    @property
    def metrics_port(self) -> int:
        """Return the port of /metrics and of the health path."""
        return self.ports[-1].number

    @property
    def is_front_end(self) -> bool:
        """Return True for what has a mode, a policy and events."""
        return self.component is not Component.INFERENCE

    @property
    def health_check(self) -> tuple[str, ...]:
        """Return a command that fails while the program loads, drains, hangs or is down."""
        script = (
            "import http.client,sys;"
            f"c=http.client.HTTPConnection('127.0.0.1',{self.metrics_port},timeout=3);"
            f"c.request('GET','{self.ready}');"
            "sys.exit(c.getresponse().status!=200)"
        )
        return ("python", "-c", script)


_FRONT_END = MappingProxyType({"cpu": "500m", "memory": "256Mi"})
PROGRAMS: Mapping[Component, Program] = MappingProxyType({
    each.component: each
    for each in (
        Program(
            Component.EXT_PROC, (Port("grpc", 50051, "grpc"), Port("http", 9090)), _FRONT_END,
            "1Gi", excluded_from_mesh=50051,
        ),
        Program(Component.PROXY, (Port("http", 8080),), _FRONT_END, "1Gi"),
        Program(Component.NGINX_AUTH_ADAPTER, (Port("http", 8090),), _FRONT_END, "1Gi"),
        Program(
            Component.INFERENCE, (Port("http", 8081),),
            MappingProxyType({"cpu": "1", "memory": "1Gi"}), "2Gi", health="/health",
            ready="/ready",
        ),
    )
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Images:
    """Where images come from."""

    registry: str = REGISTRY
    tag: str = TAG

    def of(self, program: Program) -> str:
        """Return the image of a program."""
        return f"{self.registry}/{program.name}:{self.tag}"


def read_registry(text: str) -> str:
    """Return a registry, with the path before an image's name; raises ValueError."""
    if not _REGISTRY.fullmatch(text):
        raise ValueError(f"{text!r} is not a registry and path, such as {REGISTRY}")
    return text


def read_tag(text: str) -> str:
    """Return an image's tag; raises ValueError."""
    if not _TAG.fullmatch(text):
        raise ValueError(f"{text!r} is not an image's tag, such as {TAG}")
    return text
