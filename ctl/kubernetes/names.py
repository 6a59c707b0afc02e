"""Names of Kubernetes things; readers raise ValueError saying what to do."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ctl.envoy.options import Address, read_address

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
"""https://kubernetes.io/docs/concepts/overview/working-with-objects/names: RFC 1035 labels, which
every object here can be called."""
_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_SUBDOMAIN_PART = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_EXISTING = re.compile(rf"(?=.{{1,253}}\Z){_SUBDOMAIN_PART}(\.{_SUBDOMAIN_PART})*")
_LABEL_PART = r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_LABEL_KEY = re.compile(rf"(?:[a-z0-9]([a-z0-9.-]{{0,251}}[a-z0-9])?/)?{_LABEL_PART}")
_LABEL_VALUE = re.compile(rf"(?:{_LABEL_PART})?")

_SETS = re.compile(r"!| (not)?in ?\(")
"""What kubectl takes for a selector beside labels."""


@dataclass(frozen=True, slots=True)
class Service:
    """A port of a Kubernetes Service."""

    name: str
    namespace: str
    port: int

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}:{self.port}"


def read_name(text: str) -> str:
    """Return the name of an object of ours, or of a Service."""
    if not _NAME.fullmatch(text):
        raise ValueError(
            f"{text!r} is not a name that Kubernetes takes: a letter, then a-z, 0-9 and -"
        )
    return text


def read_namespace(text: str) -> str:
    """Return the name of a namespace (an RFC 1123 label)."""
    if not _NAMESPACE.fullmatch(text):
        raise ValueError(f"{text!r} is not a namespace: at most 63 of a-z, 0-9 and -")
    return text


def read_existing(text: str) -> str:
    """Return the name of an object that is there already, such as a Secret's: with dots, too."""
    if not _EXISTING.fullmatch(text):
        raise ValueError(f"{text!r} is not a name that Kubernetes takes: a-z, 0-9, - and .")
    return text


def read_labels(texts: Iterable[str]) -> dict[str, str]:
    """Return the labels of ``app=shop,tier=web`` and the like, in order of their keys."""
    labels: dict[str, str] = {}
    whole = ",".join(texts)
    if _SETS.search(whole):
        raise ValueError(f"{whole!r}: proxies are selected by equality alone, such as app=shop")
    for text in whole.split(","):
        if not text:
            continue
        key, equals, value = text.replace("==", "=", 1).partition("=")
        if not equals or not _LABEL_KEY.fullmatch(key) or not _LABEL_VALUE.fullmatch(value):
            raise ValueError(f"{text!r} is not a label, such as app=shop")
        if labels.setdefault(key, value) != value:
            raise ValueError(f"{key!r} is given two values; a label has one")
    return dict(sorted(labels.items()))


def read_service(text: str) -> Service:
    """Return the Service of ``name.namespace[.svc[.cluster.local]]:port``."""
    return service_of(read_address(text))


def service_of(address: Address) -> Service:
    """Return the Service that an address names; raises ValueError when it is none's."""
    parts = address.host.split(".")
    if address.is_ip or len(parts) < 2 or (len(parts) > 2 and parts[2] != "svc"):
        raise ValueError(
            f"{str(address)!r} is no Service with its namespace, such as "
            "kysira-ext-proc.kysira.svc:50051"
        )
    return Service(read_name(parts[0]), read_namespace(parts[1]), address.port)


def is_one_address(address: Address) -> bool:
    """Return True for a Service that a resolver knows by its own address, not by its pods'."""
    parts = address.host.split(".")
    return parts[2:3] == ["svc"] and not parts[0].endswith("-headless")
