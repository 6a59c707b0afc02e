"""Pods as ``kubectl get pods -o json`` tells them, and where each is managed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PORT_NAMES = ("management", "http-management", "metrics")
PORTS = {
    "kysira-ext-proc": 9090,
    "kysira-proxy": 8080,
    "kysira-nginx-auth-adapter": 8090,
    "kysira-adapter": 8090,
}
"""Where a container of ours is managed when no port of it says so by its name."""
_USUAL_PORT = 9090


_NAME = re.compile(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?")


def read_pod(name: str) -> str:
    """Return a pod's name; raises ValueError for what can't be one (RFC 1123)."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a pod's name")
    return name


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod that is meant."""

    name: str
    namespace: str
    port: int = 0
    """Where it is managed; 0 where that can't be."""
    problem: str = ""
    """Why it can't be managed; "" when it can."""


def read_pods(listing: Any, *, is_named: bool) -> list[Pod]:
    """Return the pods of a listing that may decide over requests, by name.

    Unless the user said which (``is_named``), only those with a container of ours are meant.
    Pods that have ended are not: they will never run again. Raises ValueError for no listing.
    """
    try:
        pods = [_pod(item) for item in listing["items"] if _is_meant(item, is_named=is_named)]
    except (KeyError, TypeError, AttributeError):
        raise ValueError("kubectl's answer is no list of pods") from None
    return sorted(pods, key=lambda pod: pod.name)


def _is_meant(item: Mapping[str, Any], *, is_named: bool) -> bool:
    if item["status"].get("phase") in ("Succeeded", "Failed"):
        return False
    return is_named or any(each["name"] in PORTS for each in item["spec"]["containers"])


def _pod(item: Mapping[str, Any]) -> Pod:
    meta, phase = item["metadata"], item["status"].get("phase", "Unknown")
    name, namespace = read_pod(meta["name"]), str(meta["namespace"])
    if meta.get("deletionTimestamp"):
        return Pod(name, namespace, problem="the pod is being deleted")
    if phase != "Running":
        return Pod(name, namespace, problem=f"the pod is not running: {phase}")
    port = next(_ports(item["spec"]["containers"]), 0)
    problem = "" if port else f"no port of it is named management, and none is {_USUAL_PORT}"
    return Pod(name, namespace, port, problem)


def _ports(containers: Sequence[Mapping[str, Any]]) -> Iterator[int]:
    """Yield where the pod may be managed, the most likely first."""
    ours = [each for each in containers if each["name"] in PORTS]
    for container in ours:
        yield from _named(container)
        yield PORTS[container["name"]]
    for container in containers:
        yield from _named(container)
    for container in containers:
        if any(port["containerPort"] == _USUAL_PORT for port in container.get("ports") or ()):
            yield _USUAL_PORT


def _named(container: Mapping[str, Any]) -> Iterator[int]:
    numbers = {each.get("name"): each["containerPort"] for each in container.get("ports") or ()}
    yield from (int(numbers[name]) for name in PORT_NAMES if name in numbers)
