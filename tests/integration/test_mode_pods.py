"""kysiractl mode on pods, through the real kubectl.

What kubectl talks to is tests/kube_api.py, a small server that speaks the calls it makes: it is no
cluster. The pods' ports lead to real ext-proc processes.
"""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from tests.integration.mode_fleet import COMMAND, fleet, mode_of, operator
from tests.kube_api import FakePod, KubeApi, kube_api
from tests.needs import need
from tests.processes import ExtProc

need(shutil.which("kubectl"), "kubectl must be on the PATH")
LABELS = {"app": "kysira-ext-proc"}
OTHER = FakePod("redis-0", {"app": "redis"}, {6379: "127.0.0.1:1"}, "redis", "redis")


class Operator:
    """Somebody with a kubeconfig."""

    def __init__(self, folder: Path, api: KubeApi) -> None:
        self.api = api
        config = api.kubeconfig(folder / "kubeconfig")
        self._env = operator(folder, KUBECONFIG=str(config))

    async def run(self, *arguments: str, code: int) -> "subprocess.CompletedProcess[str]":
        """Run kysiractl mode; it must end with the code, and leave no kubectl behind."""
        done = await asyncio.to_thread(
            subprocess.run, [*COMMAND, *arguments], env=self._env, capture_output=True, text=True,
            timeout=120, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        config = self._env["KUBECONFIG"]
        assert not [p for p in psutil.process_iter() if _env_of(p).get("KUBECONFIG") == config]
        return done


def _env_of(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except psutil.Error:
        return {}


@asynccontextmanager
async def cluster(folder: Path, services: Sequence[ExtProc]) -> AsyncIterator[Operator]:
    """Make up a namespace: a pod for each service, one that does not run, and one of others."""
    pods = [FakePod(f"waf-{n}", LABELS, {9090: s.http}) for n, s in enumerate(services)]
    pending = FakePod("waf-new", LABELS, {9090: "127.0.0.1:1"}, phase="Pending")
    ended = FakePod("waf-old", LABELS, {9090: "127.0.0.1:1"}, phase="Failed")
    async with kube_api("kysira", [*pods, pending, ended, OTHER]) as api:
        yield Operator(folder, api)


async def test_pods_are_set_through_kubectl(tmp_path: Path) -> None:
    """Every running pod of ours is set; one that does not run is named, and is exit 3."""
    with fleet(tmp_path) as services:
        async with cluster(tmp_path, services) as user:
            done = await user.run("active", "-y", "-n", "kysira", "-o", "json", code=3)
            rows = json.loads(done.stdout)
            assert {row["target"]: row["result"] for row in rows["services"]} == {
                "pod/waf-0": "changed", "pod/waf-1": "changed", "pod/waf-2": "changed",
                "pod/waf-new": "no answer",
            }  # fmt: skip
            assert rows["rest_command"] == (
                "kysiractl mode active --target pod/waf-new --namespace kysira"
            )
            assert [mode_of(each)["mode"] for each in services] == ["active"] * 3
            one = ["shadow", "-n", "kysira", "--target", "pod/waf-1", "--context", "test"]
            await user.run(*one, code=0)
            modes = [mode_of(each)["mode"] for each in services]
            assert modes == ["active", "shadow", "active"]


async def test_selector_is_kubectls(tmp_path: Path) -> None:
    """Labels choose the pods; a service that has died in its pod says what kubectl said."""
    with fleet(tmp_path) as services:
        async with cluster(tmp_path, services) as user:
            services[0].kill()
            labels = ["-n", "kysira", "-l", "app=kysira-ext-proc"]
            done = await user.run(*labels, code=3)
            assert "failed to connect to 9090 inside the pod" in done.stdout
            assert "waf-1" in done.stdout and "redis" not in done.stdout
            assert sorted(user.api.forwards) == ["waf-0", "waf-1", "waf-2"]


async def test_kubectl_errors_are_passed_on(tmp_path: Path) -> None:
    """What kubectl is refused is one line on stderr; no pod is an error too."""
    async with cluster(tmp_path, []) as user:
        denied = await user.run("-n", "kysira", "--context", "denied", code=3)
        assert "You must be logged in to the server" in denied.stderr
        assert len(denied.stderr.splitlines()) == 1
        forbidden = await user.run("-n", "elsewhere", code=3)
        assert "pods is forbidden" in forbidden.stderr
        nobody = await user.run("-n", "kysira", "-l", "app=nobody", code=3)
        assert "no pod in namespace kysira has the labels app=nobody" in nobody.stderr
