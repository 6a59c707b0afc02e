"""What is made of kubectl's answers, by a script in its place; the real one has its own tests."""

import asyncio
import json
from pathlib import Path

import pytest

from ctl.fleet.kubectl import forwarded_pods
from ctl.fleet.options import Which
from ctl.fleet.target import Target
from kysira.errors import StartError

PODS = {
    "items": [
        {
            "metadata": {"name": name, "namespace": "ns"},
            "spec": {"containers": [{"name": "kysira-ext-proc"}]},
            "status": {"phase": phase},
        }
        for name, phase in (("a", "Running"), ("b", "Running"), ("c", "Pending"))
    ]
}
SCRIPT = """#!/bin/sh
echo "$@" >> {folder}/calls
case "$*" in
  *port-forward*pod/a*) echo "Forwarding from 127.0.0.1:4711 -> 9090"; exec sleep 600;;
  *port-forward*) echo "error: no way to pod b" >&2; exit 1;;
  *) {get};;
esac
"""


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a script in kubectl's place; returns the file that says with what it was called."""
    (tmp_path / "pods.json").write_text(json.dumps(PODS))
    write(tmp_path, f"cat {tmp_path}/pods.json")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path / "calls"


def write(folder: Path, get: str) -> None:
    """Write the script; ``get`` answers the listing."""
    path = folder / "kubectl"
    path.write_text(SCRIPT.format(folder=folder, get=get))
    path.chmod(0o755)


def pods(*names: str, selector: str = "") -> Which:
    """Return the pods that are meant."""
    return Which((), "ns", selector, "ctx", "", 3.0, names)


async def test_kubectl_is_called_with_the_users_options(kubectl: Path) -> None:
    """Context, namespace and labels reach kubectl; what can't be reached says why."""
    async with forwarded_pods(pods(selector="app=x")) as targets:
        assert targets == [
            Target("pod/a", "http://127.0.0.1:4711"),
            Target("pod/b", "", problem="kubectl port-forward: error: no way to pod b"),
            Target("pod/c", "", problem="the pod is not running: Pending"),
        ]
    first, *others = kubectl.read_text().splitlines()
    assert first == "--context=ctx --namespace=ns get pods --selector=app=x --output=json"
    assert "--context=ctx --namespace=ns port-forward pod/a :9090 --address=127.0.0.1" in others


async def test_kubectl_named_pods_are_all_told(kubectl: Path) -> None:
    """Of named pods each has a row, also one that is not there."""
    async with forwarded_pods(pods("a", "zz")) as targets:
        assert [target.name for target in targets] == ["pod/a", "pod/zz"]
        assert targets[1].problem == "there is no such pod"
    assert "pod/b" not in kubectl.read_text()


@pytest.mark.parametrize(
    ("get", "said"),
    [
        (
            "echo 'E0101 noise' >&2; echo 'error: no rights' >&2; exit 1",
            "get pods: error: no rights",
        ),
        ("exit 1", "says not why"),
        ("echo nothing", "no JSON"),
        ("echo 3", "no list of pods"),
        ("echo '{\"items\": []}'", "no pod of Kysira in namespace ns"),
    ],
)
async def test_kubectl_failure_is_one_line(kubectl: Path, get: str, said: str) -> None:
    """Whatever goes wrong is an error of one line."""
    write(kubectl.parent, get)
    with pytest.raises(StartError, match=said):
        async with forwarded_pods(pods()):
            pass


async def test_kubectl_missing_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a kubectl the way round is named."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(StartError, match="not on the PATH"):
        async with forwarded_pods(pods()):
            pass


async def test_kubectl_is_ended_with_the_block(kubectl: Path) -> None:
    """No port-forward outlives the command, also when it is cancelled."""
    is_open = asyncio.Event()

    async def hold() -> None:
        async with forwarded_pods(pods("a")):
            is_open.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hold())
    async with asyncio.timeout(30):
        await is_open.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert kubectl.exists()
