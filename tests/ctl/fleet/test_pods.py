"""Pods as kubectl tells them."""

from typing import Any

import pytest

from ctl.fleet.pods import Pod, read_pods


def item(name: str, *containers: dict[str, Any], phase: str = "Running", **meta: str) -> Any:
    """Return a pod as the API tells it."""
    return {
        "metadata": {"name": name, "namespace": "ns", **meta},
        "spec": {"containers": list(containers)},
        "status": {"phase": phase},
    }


def container(name: str, **ports: int) -> dict[str, Any]:
    """Return a container; "_" in a port's name stands for "-"."""
    rows = [{"name": n.replace("_", "-"), "containerPort": p} for n, p in ports.items()]
    return {"name": name, "ports": rows} if rows else {"name": name}


EXT_PROC = container("kysira-ext-proc", grpc=50051, http_management=9191)
SIDECAR = container("istio-proxy", metrics=15090)


@pytest.mark.parametrize(
    ("containers", "port"),
    [
        ([SIDECAR, EXT_PROC], 9191),
        ([SIDECAR, container("kysira-ext-proc")], 9090),
        ([container("kysira-proxy", http=8080)], 8080),
        ([container("kysira-proxy", http=8080, management=9000)], 9000),
        ([container("kysira-nginx-auth-adapter")], 8090),
        ([container("waf", metrics=9444)], 9444),
        ([container("waf", grpc=1, http=9090)], 9090),
    ],
)
def test_read_pods_finds_management_port(containers: list[Any], port: int) -> None:
    """By the port's name in our container, then by our container's, then anywhere, then 9090."""
    found = read_pods({"items": [item("a", *containers)]}, is_named=True)
    assert found == [Pod("a", "ns", port)]


def test_read_pods_says_why_not() -> None:
    """Pods that can't be reached are there, with the reason; those that have ended are not."""
    rows = [
        item("d", EXT_PROC, phase="Succeeded"),
        item("c", container("waf", grpc=1)),
        item("b", EXT_PROC, deletionTimestamp="2026-01-01T00:00:00Z"),
        item("a", EXT_PROC, phase="Pending"),
    ]
    found = read_pods({"items": rows}, is_named=True)
    assert [(pod.name, pod.problem) for pod in found] == [
        ("a", "the pod is not running: Pending"),
        ("b", "the pod is being deleted"),
        ("c", "no port of it is named management, and none is 9090"),
    ]


def test_read_pods_takes_only_ours_unasked() -> None:
    """Without labels or names, pods of others in the namespace are no services of ours."""
    rows = [item("redis", container("redis", metrics=9121)), item("waf", EXT_PROC)]
    rows.append(item("inference", container("kysira-inference", http=8081)))
    assert [pod.name for pod in read_pods({"items": rows}, is_named=False)] == ["waf"]


@pytest.mark.parametrize("listing", [[], {}, {"items": [{}]}, {"items": 3}, None, "x"])
def test_read_pods_refuses_others(listing: Any) -> None:
    """What is no list of pods is an error."""
    with pytest.raises(ValueError, match="no list of pods"):
        read_pods(listing, is_named=True)


@pytest.mark.parametrize("name", ["a\x1b[2J", "$(id)", "--help", "", 7])
def test_read_pods_takes_no_name_that_none_has(name: object) -> None:
    """A name goes into commands and onto terminals: Kubernetes' rules for it are enforced."""
    named = item("a", {"name": "kysira-ext-proc"})
    named["metadata"]["name"] = name
    with pytest.raises(ValueError, match=r"no(t a pod's name| list of pods)"):
        read_pods({"items": [named]}, is_named=False)
